"""Approval cards: what they say, where they stand, and that they follow the database."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from governor.core.approvals.request import Actor, Door
from governor.core.grants import GrantKind
from governor.core.money import NANO_PER_USD
from governor.services.approvals.break_glass import break_glass
from governor.services.approvals.close import cancel, revoke
from governor.services.approvals.extend import extend
from governor.services.approvals.tick import tick
from governor.services.approvals.vote import approve, withdraw
from governor.services.approvals.wishes import Wish
from governor.services.slack.forget import forget_old_messages
from tests.slack.fake.server import SlackServer
from tests.slack.fake.workspace import Posting
from tests.slack.hands import said
from tests.slack.requesting import WHY, ask_for, buttons, cards, told
from tests.slack.world import EVE, LEA, MIA, TOM, SlackWorld, populate, slack_world


@pytest.fixture(autouse=True)
def channel(workspace: object) -> None:
    """Let the channel of the rule be there."""
    workspace.add_channel("ai-exceptions")  # type: ignore[attr-defined]  # a workspace


async def test_a_request_is_shown_to_the_channel_and_to_each_approver(http_world: SlackWorld) -> None:
    """With who, what, why, worth, cost, spend, history and who is blocked; the requester hears that it waits."""
    await http_world.decide(subject={"user": MIA}, model="gpt-4o-mini", input_tokens=100_000, max_output_tokens=1)
    await ask_for(http_world)
    [in_channel], [to_lea] = cards(http_world, "#ai-exceptions"), cards(http_world, "U0LEA")
    text = said(in_channel.blocks)

    assert text == said(to_lea.blocks)
    for expected in (
        "More budget for mia@acme.example",
        "<@U0MIA> asks for *100 USD* for themselves.",
        f">{WHY}",
        "`Quota/department-spend`",
        "2,000 USD, 20 times its cost",
        "forty landing pages",
        "at most 100 USD",
        "*Quota/department-spend*: used 0 USD of 10 USD",
        "*Asked for before*\nnothing",
        "*Waits for* 1 of team-leads",
        "numbers as of <!date^",
    ):
        assert expected in text
    assert ["approve", "deny", "ask"] == buttons(in_channel)
    assert ["More budget for mia@acme.example: sent for approval"] == told(http_world, "U0MIA")
    assert [] == cards(http_world, "U0MIA")


async def test_a_card_says_who_is_blocked_if_the_answer_is_no(
    sqlite_url: str, policies: Path, slack: SlackServer
) -> None:
    """How many people, and how many of their requests the very policy has refused."""
    quotas = policies / "quotas.yaml"
    quotas.write_text(quotas.read_text().replace("limit: 10 USD", "limit: 0 USD"))
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        for _ in range(2):
            await world.decide(subject={"user": MIA}, model="gpt-4o-mini")
        await ask_for(world, scope=(("team", "growth"),))
        text = said(cards(world, "U0LEA")[0].blocks)

    assert (
        "*If the answer is no*\n3 people of growth stay limited by `Quota/department-spend`; "
        "2 requests refused in the last seven days"
    ) in text


def standing_of(card: Posting) -> str:
    """Return the word in bold that says what became of a request."""
    found = re.search(r":[a-z_]+: \*(\w[\w ]*)\*", said(card.blocks))
    assert found is not None
    return found[1]


async def test_what_is_decided_elsewhere_reaches_every_card(http_world: SlackWorld) -> None:
    """By the API, by its requester, or by time: no button is left, and a late click shows the final state."""
    world = http_world
    approved, cancelled = [await ask_for(world, by=by) for by in (MIA, TOM)]
    expired = await ask_for(world, by=LEA)
    desk = world.door.desk.approvals
    now = world.clock.now()
    await approve(desk, approved.id, Actor(LEA, Door.API, "key"), now)
    await cancel(desk, cancelled.id, Actor(TOM, Door.CLI, "key"), now)
    world.clock.advance(timedelta(days=6).total_seconds())
    await tick(desk, world.governor.ledger, world.clock.now())
    await world.settled()
    words = {
        request.id: {standing_of(card) for card in cards(world) if card.text.split(":")[0].endswith(request.asked_by)}
        for request in (approved, cancelled, expired)
    }

    assert any("expired" in one for one in told(world, "U0LEA"))
    assert any("approved" in one for one in told(world, "U0MIA"))
    assert all(not buttons(card) for card in cards(world))
    assert {approved.id: {"Approved"}, cancelled.id: {"Cancelled"}, expired.id: {"Expired"}} == words


async def test_small_requests_are_approved_without_a_card(http_world: SlackWorld) -> None:
    """The requester is told, and nobody else is bothered."""
    await ask_for(http_world, usd=3)

    assert [] == cards(http_world)
    assert "Approved automatically" in said(http_world.workspace.posted("U0MIA")[-1].blocks)


async def test_a_revoked_grant_is_told(http_world: SlackWorld) -> None:
    """To the requester, with the reason, and on the cards."""
    request = await ask_for(http_world)
    desk = http_world.door.desk.approvals
    await approve(desk, request.id, Actor(LEA, Door.API, "key"), http_world.clock.now())
    await revoke(desk, request.id, Actor(LEA, Door.API, "key"), http_world.clock.now(), reason="a mistake")
    await http_world.settled()

    assert "Revoked by <@U0LEA>: a mistake" in said(http_world.workspace.posted("U0MIA")[-1].blocks)
    assert "*Revoked* by <@U0LEA>" in said(cards(http_world, "#ai-exceptions")[0].blocks)


async def test_what_would_prolong_a_revoked_grant_is_closed(http_world: SlackWorld) -> None:
    """Its cards lose their buttons, and the requester reads why."""
    request = await ask_for(http_world)
    desk, now = http_world.door.desk.approvals, http_world.clock.now()
    await approve(desk, request.id, Actor(LEA, Door.API, "key"), now)
    await extend(desk, request.id, Actor(MIA, Door.API, "key"), now, until_at=now + timedelta(days=14))
    await http_world.settled()
    open_before = [card for card in cards(http_world) if buttons(card)]
    await revoke(desk, request.id, Actor(LEA, Door.API, "key"), now, reason="a mistake")
    await http_world.settled()
    said_to_mia = [said(one.blocks) for one in http_world.workspace.posted("U0MIA")]

    assert 2 == len(open_before)
    assert [] == [card for card in cards(http_world) if buttons(card)]
    assert any("Cancelled by <@U0LEA>: what it prolongs was revoked: a mistake" in one for one in said_to_mia)


async def test_reminders_and_escalation_are_told(http_world: SlackWorld) -> None:
    """Who has not voted is reminded; whoever may decide after the escalation gets a card."""
    request = await ask_for(http_world)
    before = cards(http_world, "U0EVE")
    http_world.clock.advance(timedelta(days=3, hours=1).total_seconds())
    await tick(http_world.door.desk.approvals, http_world.governor.ledger, http_world.clock.now())
    await http_world.settled()

    assert [] == before
    assert ["A request waits for you: More budget for mia@acme.example"] == told(http_world, "U0LEA")
    assert "Escalated to board" in said(cards(http_world, "U0EVE")[0].blocks)
    assert any("escalated" in one for one in told(http_world, "U0MIA"))
    assert request.escalated_at is None


async def test_slack_was_down(http_world: SlackWorld) -> None:
    """What happened meanwhile is posted when it is back, once, and in its final state."""
    world = http_world
    world.workspace.down = True
    request = await ask_for(world)
    assert [] == world.workspace.messages
    await approve(world.door.desk.approvals, request.id, Actor(LEA, Door.API, "key"), world.clock.now())
    await world.settled()
    world.workspace.down = False
    world.clock.advance(600)
    await world.settled()
    await world.settled()

    assert ["#ai-exceptions", "U0LEA"] == [name for name in ("#ai-exceptions", "U0LEA") if len(cards(world, name)) == 1]
    assert 2 == len(cards(world))
    assert all("*Approved*" in said(card.blocks) for card in cards(world))


@pytest.mark.parametrize("how", [{"drop": True}, {"status": 502}])
async def test_what_may_have_been_posted_is_not_posted_again(http_world: SlackWorld, how: dict[str, object]) -> None:
    """Slack took the card and the answer was lost: it is found by its key, and edited from then on."""
    http_world.workspace.fail("chat.postMessage", times=4, after=True, **how)
    request = await ask_for(http_world)
    http_world.clock.advance(600)
    await http_world.settled()
    await approve(http_world.door.desk.approvals, request.id, Actor(LEA, Door.API, "key"), http_world.clock.now())
    await http_world.settled()

    assert 2 == len(cards(http_world))
    assert all("*Approved*" in said(card.blocks) for card in cards(http_world))


async def test_slack_asks_for_a_long_wait(http_world: SlackWorld) -> None:
    """429 with ten minutes: nobody asks again before, and then the card stands there once."""
    http_world.workspace.fail("chat.postMessage", times=3, retry_after_s=600)
    await ask_for(http_world)
    asked = [len(http_world.workspace.calls)]
    http_world.clock.advance(599)
    await http_world.settled()
    asked.append(len(http_world.workspace.calls))
    early = len(cards(http_world))
    http_world.clock.advance(1)
    await http_world.settled()

    assert (asked[0], 0, 2) == (asked[1], early, len(cards(http_world)))


async def test_the_requester_hears_of_each_step(http_world: SlackWorld) -> None:
    """Also of a vote that is taken back, and of the day on which what prolongs a grant begins."""
    request = await ask_for(http_world, usd=60)
    desk, clock = http_world.door.desk.approvals, http_world.clock
    lea, mia = Actor(LEA, Door.API, "key"), Actor(MIA, Door.API, "key")
    await approve(desk, request.id, lea, clock.now())
    until_at = clock.now() + timedelta(days=14)
    longer = await extend(desk, request.id, mia, clock.now(), until_at=until_at, amount_nano_usd=600 * NANO_PER_USD)
    second = longer.acted.request.id
    tom = Actor(TOM, Door.API, "key")
    await approve(desk, second, tom, clock.now())
    await withdraw(desk, second, tom, clock.now())
    for voter in (tom, lea):
        await approve(desk, second, voter, clock.now())
    clock.advance(timedelta(days=7).total_seconds())
    await tick(desk, http_world.governor.ledger, clock.now())
    await http_world.settled()
    heard = "\n".join(said(one.blocks) for one in http_world.workspace.posted("U0MIA"))

    assert "<@U0TOM> takes the vote back." in heard
    assert 1 == heard.count("It acts from now on: *600 USD*")
    assert "It acts from <!date^" in heard


async def test_two_workers_post_nothing_twice(database_url: str, policies: Path, slack: SlackServer) -> None:
    """Both read the same records and look at the same messages at the same moment."""
    populate(slack.workspace)
    async with (
        slack_world(database_url, policies, slack) as first,
        slack_world(database_url, policies, slack, with_keys=False) as second,
    ):
        requests = [await ask_for(first, usd=60 + number) for number in range(1)]
        await asyncio.gather(*(world.door.desk.showing.once() for world in (first, second) * 3))
        await approve(first.door.desk.approvals, requests[0].id, Actor(LEA, Door.API, "key"), first.clock.now())
        await asyncio.gather(*(world.door.desk.showing.once() for world in (first, second) * 3))

    assert 2 == len(cards(first))
    assert len(told(first, "U0MIA")) == len(set(told(first, "U0MIA")))


async def test_a_channel_without_the_bot_does_not_stop_the_others(http_world: SlackWorld) -> None:
    """The approver gets the card; the channel gets it once the bot was invited."""
    [channel] = http_world.workspace.channels.values()
    channel["is_member"] = False
    await ask_for(http_world)
    alone = len(cards(http_world))
    channel["is_member"] = True
    http_world.clock.advance(600)
    await http_world.settled()

    assert (1, 2) == (alone, len(cards(http_world)))


async def test_what_acts_for_the_same_already_is_told_before_it_is_approved(http_world: SlackWorld) -> None:
    """Two grants stand beside each other and add up; whoever decides knows (glide#619)."""
    first = await ask_for(http_world)
    desk = http_world.door.desk.approvals
    await approve(desk, first.id, Actor(LEA, Door.API, "key"), http_world.clock.now())
    await http_world.governor.grants.refresh()
    await ask_for(http_world, usd=60)
    [card] = [card for card in cards(http_world, "U0LEA") if buttons(card)]

    assert "*Acts for the same already*\n100 USD until <!date^" in said(card.blocks)
    assert "*Granted this period already*\n100 USD" in said(card.blocks)


async def test_what_is_not_shown_yet_is_a_metric(http_world: SlackWorld) -> None:
    """Operators see that Slack is behind, and that it has caught up."""
    http_world.workspace.down = True
    await ask_for(http_world)
    behind = await waiting(http_world)
    http_world.workspace.down = False
    http_world.clock.advance(600)
    await http_world.settled()

    assert (3.0, 0.0) == (behind, await waiting(http_world))


async def waiting(world: SlackWorld) -> float:
    """Return what the metrics say about messages that wait."""
    async with world.server.client(None) as client:
        text = (await client.get("/metrics")).text
    [line] = [line for line in text.splitlines() if line.startswith("governor_slack_messages_waiting ")]
    return float(line.split()[1])


async def test_what_was_said_long_ago_is_forgotten(http_world: SlackWorld) -> None:
    """Rows go, messages stay; what still waits is not forgotten."""
    await ask_for(http_world)
    database = http_world.governor.database
    early = await forget_old_messages(database, http_world.clock.now() + timedelta(days=399))
    late = await forget_old_messages(database, http_world.clock.now() + timedelta(days=401))

    assert (0, 3) == (early, late)
    assert 2 == len(cards(http_world))


async def test_who_reviews_a_broken_glass_is_reminded(http_world: SlackWorld) -> None:
    """At half of the time and when it is overdue, with the button; who broke it is only told that it is overdue."""
    until_at = http_world.clock.now() + timedelta(hours=1)
    asked_for = Wish(
        GrantKind.BUDGET,
        ("Quota/department-spend",),
        until_at,
        (("team", "growth"),),
        20 * NANO_PER_USD,
        justification="the nightly run stands still",
    )
    desk = http_world.door.desk.approvals
    await break_glass(desk, asked_for, Actor(EVE, Door.CLI, "eve"), http_world.clock.now())
    for hours in (24, 24):
        http_world.clock.advance(hours * 3600)
        await tick(desk, http_world.governor.ledger, http_world.clock.now())
        await http_world.settled()

    assert 2 == told(http_world, "U0LEA").count("A review waits for you: More budget for growth")
    assert 0 == told(http_world, "U0EVE").count("A review waits for you: More budget for growth")
