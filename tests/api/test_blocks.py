"""Stopping at once: who may, what it does on every worker, and what is remembered of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from governor.core.keys import Role
from tests.api.world import POLICIES, QUOTAS, Server, StandingClock, question, write_policies

CAN_STOP = """\
groups:
  - {name: sre-oncall, members: [eve@acme.example, mia@acme.example]}
can_stop: {group: sre-oncall, for: 4 hours}
"""
INSTANT_S = 0.001


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give the small organisation, with people on call."""
    folder = write_policies(tmp_path / "policies")
    organization, rest = POLICIES.split("---\n", 1)
    (folder / "organization.yaml").write_text(f"{organization}{CAN_STOP}---\n{rest}")
    (folder / "quotas.yaml").write_text(QUOTAS)
    return folder


@pytest.fixture
async def eve(any_server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Give the client of a person on call, whose key may otherwise only look."""
    secret = await any_server.make_key("eve-oncall", Role.VIEWER, person="Eve@acme.example")
    async with any_server.client(secret=secret) as client:
        yield client


def wish(**changes: Any) -> dict[str, Any]:
    """Return a block on Eve, with changes; a change to None leaves the field out."""
    body = {"target": {"user": "eve"}, "reason": "her agent runs away", "for": "2 hours", **changes}
    return {name: value for name, value in body.items() if value is not None}


async def verdict(server: Server, **changes: Any) -> tuple[str, list[str]]:
    """Ask as the gateway; return verdict and codes."""
    async with server.client() as gateway:
        answer = (await gateway.post("/decide", json=question(**changes))).json()
    return answer["verdict"], [reason["code"] for reason in answer["reasons"]]


async def test_a_block_acts_at_once_and_ends_when_it_is_lifted(any_server: Server) -> None:
    """Placed by an admin under one of the user's names, it stops the user under every name."""
    before = await verdict(any_server)
    async with any_server.client(Role.ADMIN) as admin:
        placed = (await admin.post("/blocks", json=wish())).json()
        during = await verdict(any_server)
        path = f"/blocks/{placed['id']}"
        lifted = (await admin.delete(path, params={"reason": "she stopped it"})).json()
        again = (await admin.delete(path, params={"reason": "another"})).json()
    after = await verdict(any_server)

    assert [("allow", []), ("deny", ["blocked"]), ("allow", [])] == [before, during, after]
    assert {"user": "eve@acme.example"} == placed["target"]
    assert ("in_force", "admin", "2026-11-20T14:00:00Z") == (placed["state"], placed["authority"], placed["until"])
    assert ("lifted", "admin-key", "she stopped it") == (lifted["state"], lifted["lifted_by"], lifted["lift_reason"])
    assert again == lifted


@pytest.mark.parametrize(
    ("target", "asked", "other"),
    [
        ({"user": "eve"}, {}, {"subject": {"user": "mia@acme.example"}, "model": "gpt-4o-mini"}),
        ({"team": "platform"}, {}, {"subject": {"user": "mia@acme.example"}, "model": "gpt-4o-mini"}),
        ({"service_account": "triage-bot"}, {"subject": {"service_account": "triage-bot"}, "model": "gpt-4o-mini"}, {}),
        ({"model": "claude-sonnet-4"}, {}, {"model": "gpt-4o-mini"}),
        ({"use_case": "support-triage"}, {"use_case": "support-triage"}, {}),
    ],
    ids=lambda value: next(iter(value), "eve") if isinstance(value, dict) else str(value),
)
async def test_each_kind_of_target_is_stopped_alone(
    server: Server, target: dict[str, str], asked: dict[str, Any], other: dict[str, Any]
) -> None:
    """Who or what is named is denied, and everybody else goes on."""
    before = await verdict(server, **asked)
    async with server.client(Role.ADMIN) as admin:
        placed = await admin.post("/blocks", json=wish(target=target))

    assert (200, ("allow", [])) == (placed.status_code, before), placed.text
    assert ("deny", ["blocked"]) == await verdict(server, **asked)
    assert ("allow", []) == await verdict(server, **other)


async def test_a_key_is_stopped_alone(server: Server) -> None:
    """Whatever a gateway asks with it is denied; another gateway's key goes on."""
    secret = await server.make_key("gw-lost")
    async with server.client(Role.ADMIN) as admin:
        placed = await admin.post("/blocks", json=wish(target={"key": "gw-lost"}))
    async with server.client(secret=secret) as gateway:
        answer = (await gateway.post("/decide", json=question())).json()

    assert 200 == placed.status_code, placed.text
    assert ("deny", ["blocked"]) == (answer["verdict"], [reason["code"] for reason in answer["reasons"]])
    assert ("allow", []) == await verdict(server)


async def test_a_block_ends_by_the_clock(any_server: Server, standing: StandingClock) -> None:
    """Nobody has to lift it, and what ended is listed only where all are asked for."""
    async with any_server.client(Role.ADMIN) as admin:
        await admin.post("/blocks", json=wish())
        standing.advance(2 * 3600 - INSTANT_S)
        last = await verdict(any_server)
        standing.advance(INSTANT_S)
        over = await verdict(any_server)
        in_force = (await admin.get("/blocks")).json()["blocks"]
        every = (await admin.get("/blocks", params={"state": "all"})).json()["blocks"]

    assert [("deny", ["blocked"]), ("allow", [])] == [last, over]
    assert ([], ["ended"]) == (in_force, [block["state"] for block in every])


async def test_a_person_on_call_may_stop_for_as_long_as_the_organization_says(
    any_server: Server, eve: httpx.AsyncClient
) -> None:
    """The audit names the person and the key; four hours are the most."""
    placed = (await eve.post("/blocks", json=wish(target={"team": "growth"}, **{"for": "4 hours"}))).json()
    longer = await eve.post("/blocks", json=wish(**{"for": "241 minutes"}))
    async with any_server.client(Role.ADMIN) as admin:
        listed = (await admin.get("/blocks")).json()["blocks"]

    assert ("Eve@acme.example", "eve-oncall", "can_stop") == (
        placed["placed_by"],
        placed["placed_with_key"],
        placed["authority"],
    )
    assert (403, "forbidden", 14_400) == (
        longer.status_code,
        longer.json()["error"]["code"],
        longer.json()["error"]["details"]["longest_s"],
    )
    assert [placed["id"]] == [block["id"] for block in listed]


async def test_others_may_neither_stop_nor_let_go_on(any_server: Server, eve: httpx.AsyncClient) -> None:
    """A machine's key, a person outside the group, whoever was stopped, and whoever undoes an admin's block."""
    outsider = await any_server.make_key("dan", Role.APPROVER, person="dan@acme.example")
    mia = await any_server.make_key("mia", Role.GATEWAY, person="mia@acme.example")
    async with (
        any_server.client(Role.ADMIN) as admin,
        any_server.client(Role.GATEWAY) as machine,
        any_server.client(secret=outsider) as dan,
        any_server.client(secret=mia) as stopped,
    ):
        by_admin = (await admin.post("/blocks", json=wish(target={"team": "growth"}))).json()["id"]
        by_eve = (await eve.post("/blocks", json=wish(target={"user": "mia@acme.example"}))).json()["id"]
        refused = [
            await machine.post("/blocks", json=wish()),
            await machine.get("/blocks"),
            await dan.post("/blocks", json=wish()),
            await dan.delete(f"/blocks/{by_eve}"),
            await eve.delete(f"/blocks/{by_admin}"),
            await stopped.delete(f"/blocks/{by_eve}"),
        ]
        seen = await stopped.get("/blocks")
        allowed = await eve.delete(f"/blocks/{by_eve}")

    assert [403] * 6 == [response.status_code for response in refused]
    assert {"forbidden"} == {response.json()["error"]["code"] for response in refused}
    assert ({by_eve, by_admin}, "lifted") == ({one["id"] for one in seen.json()["blocks"]}, allowed.json()["state"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"target": {}}, "target"),
        ({"target": {"user": "eve", "team": "growth"}}, "target"),
        ({"target": {"team": "grwth"}}, "target.team"),
        ({"target": {"service_account": "triage-bt"}}, "target.service_account"),
        ({"target": {"key": "gatewy-key"}}, "target.key"),
        ({"target": {"user": "triage-bot"}}, "target.user"),
        ({"for": None}, "until"),
        ({"until": "2026-11-20T13:00:00Z"}, "until"),
        ({"for": None, "until": "2026-11-20T12:00:00Z"}, "until"),
        ({"for": None, "until": "2028-11-20T12:00:00Z"}, "until"),
        ({"for": "2 months"}, "for"),
        ({"reason": ""}, "reason"),
    ],
)
async def test_a_block_that_would_stop_nobody_or_never_end_is_refused(
    server: Server, changes: dict[str, Any], field: str
) -> None:
    """A misspelt name would stop nobody while everybody believes that it does."""
    async with server.client(Role.ADMIN) as admin:
        response = await admin.post("/blocks", json=wish(**changes))

    assert (422, "invalid_request", field) == (
        response.status_code,
        response.json()["error"]["code"],
        response.json()["error"]["details"]["field"],
    )


async def test_a_name_that_nobody_lists_is_stopped_and_pointed_out(server: Server) -> None:
    """Users and models may be strangers; the answer says so, with the nearest known name."""
    async with server.client(Role.ADMIN) as admin:
        stranger = (await admin.post("/blocks", json=wish(target={"user": "Eva"}))).json()
        alias = (await admin.post("/blocks", json=wish(target={"model": "claude-sonnet-4"}))).json()

    assert ({"user": "eva"}, True) == (stranger["target"], "did you mean `eve`" in stranger["note"])
    assert ({"model": "anthropic/claude-sonnet-4"}, None) == (alias["target"], alias["note"])


async def test_a_use_case_that_nobody_registered_is_stopped_and_pointed_out(server: Server, policies: Path) -> None:
    """Where there is an inventory, a name that it lacks may be a slip; requests may claim it all the same."""
    async with server.client(Role.ADMIN) as admin:
        before = (await admin.post("/blocks", json=wish(target={"use_case": "triage"}))).json()
        (policies / "use_cases.yaml").write_text(
            "{apiVersion: governor/v1, kind: UseCase, name: support-triage, owner: eve@acme.example, "
            "stage: production, audience: customer}"
        )
        await server.governor.publisher.reload()
        slip = (await admin.post("/blocks", json=wish(target={"use_case": "suport-triage"}))).json()
        right = (await admin.post("/blocks", json=wish(target={"use_case": "support-triage"}))).json()

    assert (None, None) == (before["note"], right["note"])
    assert (
        "acme registers no use case `suport-triage`; did you mean `support-triage`; "
        "requests that claim this name are stopped" == slip["note"]
    )
    assert ("deny", ["blocked"]) == await verdict(server, use_case="suport-triage")


async def test_an_old_decision_still_tells_the_block(any_server: Server, standing: StandingClock) -> None:
    """Years later: who stopped it, why, until when, and who let it go on."""
    async with any_server.client(Role.ADMIN) as admin:
        placed = (await admin.post("/blocks", json=wish())).json()
        async with any_server.client() as gateway:
            denied = (await gateway.post("/decide", json=question())).json()
        standing.advance(60)
        await admin.delete(f"/blocks/{placed['id']}", params={"reason": "mended"})
        standing.advance(3 * 366 * 86_400)
        told = (await admin.get(f"/decisions/{denied['decision_id']}")).json()

    [block] = told["blocks"]
    assert f"Block/{placed['id']}" == told["answer"]["reasons"][0]["policy"]
    assert ("admin-key", "her agent runs away", "2026-11-20T12:01:00Z", "admin-key", "mended") == (
        block["placed_by"],
        block["reason"],
        block["lifted_at"],
        block["lifted_by"],
        block["lift_reason"],
    )
    assert {"Quota"} == {policy["policy"].split("/")[0] for policy in told["policies"]}


async def test_what_a_person_may_use_says_that_they_are_stopped(server: Server) -> None:
    """Entitlements and dry runs ask the same question as a decision."""
    async with server.client(Role.ADMIN) as admin:
        await admin.post("/blocks", json=wish())
        entitled = (await admin.get("/entitlements", params={"user": "eve"})).json()
    asked = await verdict(server, dry_run=True)

    assert (True, []) == (
        "is blocked until 20 November 15:00 CET" in entitled["problems"][0],
        entitled["environments"][0]["models"],
    )
    assert ("deny", ["blocked"]) == asked


async def test_usage_of_what_was_stopped_is_recorded_all_the_same(server: Server) -> None:
    """The money is spent: a block stops new requests only."""
    async with server.client(Role.ADMIN) as admin, server.client() as gateway:
        held = (await gateway.post("/decide", json=question())).json()["decision_id"]
        await admin.post("/blocks", json=wish())
        used = {"input_tokens": 10, "output_tokens": 1}
        event = {"event_id": "e1", "decision_id": held, "model": "claude-sonnet-4", "usage": used}
        settled = (await gateway.post("/usage", json=event)).json()["events"][0]

    assert ("recorded", None) == (settled["status"], settled["reason"])


async def test_a_hold_of_what_was_stopped_is_not_prolonged(any_server: Server) -> None:
    """A realtime call that extends its hold ends with it; giving it back is possible all the same."""
    async with any_server.client(Role.ADMIN) as admin, any_server.client() as gateway:
        held = (await gateway.post("/decide", json=question())).json()["decision_id"]
        await admin.post("/blocks", json=wish())
        refused = await gateway.post(f"/reservations/{held}/extend", json={"hold_for": "1 hour"})
        released = await gateway.post(f"/reservations/{held}/release")

    assert (409, "blocked", 200) == (refused.status_code, refused.json()["error"]["code"], released.status_code)
