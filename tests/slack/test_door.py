"""The door: who may speak for people, what is delivered twice, and how long Slack waits."""

import asyncio
import json
import logging
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from governor.asgi import slack_receiver
from governor.core.keys import Role
from governor.edges.slack.signature import NotSlackError, check_signature
from governor.wiring import open_governor
from tests.api.world import Server, compile_here, settings_for
from tests.slack.fake.server import SlackServer
from tests.slack.fake.workspace import BOT_TOKEN, SIGNING_SECRET, START_S
from tests.slack.hands import said, signed
from tests.slack.slow import SlowDatabase, slowed
from tests.slack.world import MIA, SlackWorld, populate, slack_world


async def post(world: SlackWorld, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Post to the route as it is."""
    media = {"content-type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{world.url}/slack/events", content=body, headers={**media, **headers})


def stop_body(world: SlackWorld) -> bytes:
    """Return the body of a command that changes something."""
    return urlencode(world.hands.command_payload("U0EVE", "stop team:growth for 2h")).encode()


@pytest.mark.parametrize(
    ("headers", "age_s"),
    [
        ({}, 0),
        ({"x-slack-signature": "v0=00"}, 0),
        ({"x-slack-signature": ""}, 0),
        ({"x-slack-request-timestamp": "x"}, 0),
        ({"x-slack-request-timestamp": "9" * 400}, 0),
        ({"x-slack-request-timestamp": "-1"}, 0),
        ({}, 301),
        ({}, -301),
    ],
)
async def test_what_slack_did_not_sign_lately_does_nothing(
    http_world: SlackWorld, headers: dict[str, str], age_s: int
) -> None:
    """No signature, another one, a broken time, or a good one that is too old: 401, and nothing is stopped."""
    body = stop_body(http_world)
    good = signed(body, START_S - age_s) if age_s or headers else {}
    response = await post(http_world, body, {**good, **headers})
    await http_world.settled()

    assert (401, "unauthenticated") == (response.status_code, response.json()["error"]["code"])
    assert "allow" == (await http_world.decide(subject={"user": MIA}, model="gpt-4o-mini"))["verdict"]


@pytest.mark.parametrize("age_s", [0, 300, -300])
async def test_a_signature_is_good_for_five_minutes(http_world: SlackWorld, age_s: int) -> None:
    """Up to the last second, whichever clock is ahead."""
    body = stop_body(http_world)
    response = await post(http_world, body, signed(body, START_S - age_s))
    await http_world.settled()

    assert 200 == response.status_code
    assert "deny" == (await http_world.decide(subject={"user": MIA}, model="gpt-4o-mini"))["verdict"]


def test_a_changed_body_or_another_secret_is_refused() -> None:
    """The signature is about the very bytes and the very secret."""
    headers = signed(b"text=help", START_S)
    check_signature(SIGNING_SECRET, headers, b"text=help", START_S)
    for secret, body in ((SIGNING_SECRET, b"text=stop"), ("other", b"text=help")):
        with pytest.raises(NotSlackError):
            check_signature(secret, headers, body, START_S)


async def test_slack_proves_the_address_with_a_challenge(http_world: SlackWorld) -> None:
    """What Slack sends when the address is entered is answered with what it asked for."""
    body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"}).encode()
    response = await post(http_world, body, {**signed(body, START_S), "content-type": "application/json"})

    assert (200, "abc") == (response.status_code, response.json()["challenge"])


async def test_without_a_bot_token_the_route_says_what_to_set(server_without_slack: Server) -> None:
    """A server that is not connected to Slack answers 404 with the settings to make."""
    async with server_without_slack.client(None) as client:
        response = await client.post("/slack/events", content=b"x")

    assert (404, "not_found") == (response.status_code, response.json()["error"]["code"])
    assert "GOVERNOR_SLACK_BOT_TOKEN" in response.json()["error"]["message"]


async def test_only_the_library_is_quiet(http_world: SlackWorld) -> None:
    """What the server itself logs is not kept back because there is a Slack app."""
    assert http_world.url
    assert logging.NOTSET == logging.getLogger("governor").level
    assert logging.ERROR == logging.getLogger("governor.slack.bolt").level


async def test_an_act_that_is_delivered_twice_is_done_once(http_world: SlackWorld) -> None:
    """The same command twice, the second one marked as a retry: one block."""
    body = stop_body(http_world)
    for retry in ({}, {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}):
        assert 200 == (await post(http_world, body, {**signed(body, START_S), **retry})).status_code
        await http_world.settled()
    async with http_world.server.client(Role.VIEWER) as viewer:
        blocks = (await viewer.get("/blocks")).json()["blocks"]

    assert 1 == len(blocks)
    assert 1 == len(http_world.workspace.answers)


async def test_an_act_that_comes_twice_over_the_socket_is_done_once(
    sqlite_url: str, policies: Path, slack: SlackServer
) -> None:
    """Slack sends an envelope again that it believes was lost, with how often it has: both are acknowledged."""
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack, over_socket=True) as world:
        payload = world.hands.command_payload("U0EVE", "stop team:growth for 2h")
        for retry in ({}, {"retry_attempt": 1, "retry_reason": "timeout"}):
            assert {} == await slack.deliver("slash_commands", payload, **retry)
            await world.settled()
        async with world.server.client(Role.VIEWER) as viewer:
            blocks = (await viewer.get("/blocks")).json()["blocks"]

    assert (1, 1) == (len(blocks), len(world.workspace.answers))


async def test_an_act_that_two_workers_get_is_done_once(database_url: str, policies: Path, slack: SlackServer) -> None:
    """A retry may reach another worker; the database knows what was begun."""
    populate(slack.workspace)
    async with (
        slack_world(database_url, policies, slack) as first,
        slack_world(database_url, policies, slack, with_keys=False) as second,
    ):
        body = stop_body(first)
        await asyncio.gather(*(post(world, body, signed(body, START_S)) for world in (first, second)))
        await first.settled()
        await second.settled()
        async with first.server.client(Role.VIEWER) as viewer:
            blocks = (await viewer.get("/blocks")).json()["blocks"]

    assert 1 == len(blocks)


@pytest.mark.parametrize("over_socket", [False, True])
async def test_slack_is_answered_before_a_slow_database(
    sqlite_url: str, policies: Path, slack: SlackServer, over_socket: bool
) -> None:
    """The acknowledgement waits for nothing; what was asked for comes when the database is back."""
    populate(slack.workspace)
    made: list[SlowDatabase] = []
    async with slack_world(sqlite_url, policies, slack, over_socket=over_socket, change=slowed(made)) as world:
        made[0].going.clear()
        await world.hands.command("U0EVE", "stop team:growth for 2h")
        before = list(world.workspace.answers)
        made[0].going.set()
        await world.settled()

    assert [] == before
    assert "Stopped team *growth*" in said(world.workspace.answers[0])


async def test_a_database_that_fails_is_told_in_a_sentence(sqlite_url: str, policies: Path, slack: SlackServer) -> None:
    """Whoever asked is not left waiting."""
    populate(slack.workspace)
    made: list[SlowDatabase] = []
    async with slack_world(sqlite_url, policies, slack, change=slowed(made)) as world:
        made[0].broken = True
        await world.hands.command("U0EVE", "stop team:growth for 2h")
        await world.settled()

    assert ":warning: the database does not answer; try again in a moment" == said(world.workspace.answers[0]["blocks"])


@pytest.mark.parametrize("politely", [False, True])
async def test_a_lost_socket_is_replaced(sqlite_url: str, policies: Path, slack: SlackServer, politely: bool) -> None:
    """Slack closes connections as it likes; the next command arrives over a new one."""
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack, over_socket=True) as world:
        await slack.drop_sockets(politely=politely)
        assert world.door.socket is not None
        await world.door.socket.look()
        await slack.connected.wait()
        await world.hands.command("U0MIA", "help")
        await world.settled()

    assert 1 == len(world.workspace.answers)


async def test_the_watchdog_looks_by_itself(sqlite_url: str, policies: Path, slack: SlackServer) -> None:
    """Nobody has to ask it to: at its next look a connection that was lost is there again."""
    populate(slack.workspace)
    looks = asyncio.Semaphore(0)

    async def pause(_seconds: float) -> None:
        await looks.acquire()

    async with slack_world(sqlite_url, policies, slack, over_socket=True, pause=pause) as world:
        assert world.door.socket is not None
        lost = world.door.socket._client
        await slack.drop_sockets()
        while not slack.connected.is_set():
            looks.release()
            await asyncio.sleep(0)
        replaced = world.door.socket._client is not lost
        await world.hands.command("U0MIA", "help")
        await world.settled()

    assert (True, 1) == (replaced, len(world.workspace.answers))


async def test_a_reader_that_died_is_noticed(sqlite_url: str, policies: Path, slack: SlackServer) -> None:
    """The connection is open and nobody reads it (python-slack-sdk#1701): the watchdog replaces it."""
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack, over_socket=True) as world:
        socket = world.door.socket
        assert socket is not None
        assert socket._client is not None
        reader = socket._client.message_receiver
        assert reader is not None
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        ill = not await socket.healthy()
        await socket.look()

        assert (True, True) == (ill, await socket.healthy())


async def test_a_slack_that_is_away_stops_no_server(sqlite_url: str, policies: Path, slack: SlackServer) -> None:
    """The server starts and decides; when Slack is back, so is the connection."""
    populate(slack.workspace)
    slack.workspace.down = True
    async with slack_world(sqlite_url, policies, slack, over_socket=True, connected=False) as world:
        verdict = (await world.decide(subject={"user": MIA}, model="gpt-4o-mini"))["verdict"]
        slack.workspace.down = False
        assert world.door.socket is not None
        await world.door.socket.look()
        await world.hands.command("U0MIA", "help")
        await world.settled()

    assert "allow" == verdict
    assert 1 == len(world.workspace.answers)


async def test_the_server_opens_the_door_when_there_is_a_token(
    sqlite_url: str, policies: Path, slack: SlackServer
) -> None:
    """As ``governor serve`` does it: with a bot token Slack is listened to, without one nothing of it is loaded."""
    populate(slack.workspace)
    common = {"slack_signing_secret": SIGNING_SECRET, "slack_api_url": slack.api_url}
    with_token = settings_for(sqlite_url, policies, slack_bot_token=BOT_TOKEN, **common)
    async with (
        open_governor(with_token, None, compile_here) as governor,
        slack_receiver(governor) as receive,
        slack_receiver(replace(governor, settings=settings_for(sqlite_url, policies, **common))) as closed,
    ):
        assert receive is not None
        body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
        headers = {**signed(body, time.time()), "content-type": "application/json"}
        status, _, said_back = await receive(body, headers)

    assert (200, "abc", None) == (status, json.loads(said_back)["challenge"], closed)
