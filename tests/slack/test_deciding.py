"""Deciding in Slack: the modals behind the buttons, what is wrong at its field, and whoever comes late."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from governor.core.approvals.request import Act, Actor, Door, State
from governor.services.approvals.close import cancel
from governor.services.approvals.read import read_case, read_one
from governor.services.approvals.tick import tick
from governor.services.approvals.vote import approve
from governor.store.grants import GrantFilter, read_grants
from tests.slack.fake.server import SlackServer
from tests.slack.hands import said
from tests.slack.requesting import ask_for, buttons, cards, told
from tests.slack.slow import SlowDatabase, slowed
from tests.slack.world import LEA, MIA, SlackWorld, populate, slack_world


@pytest.fixture(autouse=True)
def channel(workspace: object) -> None:
    """Let the channel of the rule be there."""
    workspace.add_channel("ai-exceptions")  # type: ignore[attr-defined]  # a workspace


async def opened(world: SlackWorld, user: str, action: str, card: object) -> object:
    """Click a button of a card and return the modal that it opens."""
    await world.hands.click(user, action, on=card)  # type: ignore[arg-type]  # a posting
    await world.settled()
    return list(world.workspace.views.values())[-1]


async def test_approving_asks_for_confirmation_with_fresh_numbers(world: SlackWorld) -> None:
    """The click shows the case as of now; sending it approves, edits every card, and tells the requester."""
    request = await ask_for(world)
    [card] = cards(world, "U0LEA")
    world.clock.advance(60)
    await world.decide(subject={"user": MIA}, model="gpt-4o-mini", input_tokens=100_000, max_output_tokens=1)
    modal = await opened(world, "U0LEA", "approve", card)
    assert "You approve *100 USD*" in said(modal.view)
    assert "0.01 USD held" in said(modal.view)
    assert "0.01 USD held" in said(cards(world, "#ai-exceptions")[0].blocks), "the cards are put together anew as well"
    before = (await read_one(world.door.desk.approvals, request.id)).state
    acknowledged = await world.hands.submit("U0LEA", modal)
    await world.settled()
    after = await read_one(world.door.desk.approvals, request.id)

    assert (State.PENDING, {"response_action": "clear"}, State.ACTIVE) == (before, acknowledged, after.state)
    assert (LEA, Door.SLACK) == (after.votes[0].by, after.votes[0].door)
    for recipient in ("#ai-exceptions", "U0LEA"):
        [card] = cards(world, recipient)
        assert "*Approved* by <@U0LEA>" in said(card.blocks)
        assert [] == buttons(card)
    assert any("approved" in one for one in told(world, "U0MIA"))


async def test_card_and_audit_say_who_decided_when_and_why(world: SlackWorld) -> None:
    """The person, their Slack id, the time and the reason (teleport-plugins#153)."""
    request = await ask_for(world)
    modal = await opened(world, "U0LEA", "approve", cards(world, "U0LEA")[0])
    await world.hands.submit("U0LEA", modal, reason="worth it")
    await world.settled()
    case = await read_case(world.door.desk.approvals, request.id, world.clock.now())
    [vote] = [record.transition for record in case.records if record.transition.act is Act.VOTED]
    at = int(world.clock.now().timestamp())

    assert f":white_check_mark: <@U0LEA> <!date^{at}^" in said(cards(world, "#ai-exceptions")[0].blocks)
    assert "(slack): worth it" in said(cards(world, "#ai-exceptions")[0].blocks)
    assert (LEA, Door.SLACK, "U0LEA", "worth it", world.clock.now()) == (
        vote.actor.user,
        vote.actor.door,
        vote.actor.key,
        vote.details["reason"],
        vote.at,
    )


async def test_less_and_shorter_can_be_approved(world: SlackWorld) -> None:
    """The grant is what was approved, not what was asked."""
    request = await ask_for(world)
    modal = await opened(world, "U0LEA", "approve", cards(world, "U0LEA")[0])
    await world.hands.submit("U0LEA", modal, amount="40.50", until="2026-11-22", reason="try it first")
    await world.settled()
    after = await read_one(world.door.desk.approvals, request.id)

    assert (40_500_000_000, "2026-11-22T23:00:00+00:00") == (
        after.terms.amount_nano_usd,
        after.terms.ends_at.astimezone(request.created_at.tzinfo).isoformat(),
    )
    assert "*40.50 USD*" in said(cards(world, "#ai-exceptions")[0].blocks)


@pytest.mark.parametrize(
    ("filled", "field", "problem"),
    [
        ({"amount": "200"}, "amount", "never more than was asked"),
        ({"amount": "lots"}, "amount", "write it like 500"),
        ({"until": "2027-01-30"}, "amount", "never more than was asked"),
        ({"reason": "x"}, "reason", "a reason is one line of 3 to 500 characters"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    world: SlackWorld, filled: dict[str, str], field: str, problem: str
) -> None:
    """And the request stays as it is."""
    request = await ask_for(world)
    modal = await opened(world, "U0LEA", "approve", cards(world, "U0LEA")[0])
    acknowledged = await world.hands.submit("U0LEA", modal, **filled)

    assert "errors" == acknowledged["response_action"]
    assert problem in acknowledged["errors"][field]
    assert State.PENDING is (await read_one(world.door.desk.approvals, request.id)).state


async def test_denying_needs_a_reason_that_the_requester_reads(world: SlackWorld) -> None:
    """Without one it is said at the field; with one every card has it."""
    await ask_for(world)
    modal = await opened(world, "U0LEA", "deny", cards(world, "U0LEA")[0])
    empty = await world.hands.submit("U0LEA", modal, reason="  ")
    await world.hands.submit("U0LEA", modal, reason="use the\nsmall model")
    await world.settled()

    assert "say why" in empty["errors"]["reason"]
    assert "*Denied* by <@U0LEA>" in said(cards(world, "#ai-exceptions")[0].blocks)
    assert ": use the small model" in said(cards(world, "U0LEA")[0].blocks)
    assert "Denied by <@U0LEA>: use the small model" in said(world.workspace.posted("U0MIA")[-1].blocks)


async def test_a_question_is_asked_in_the_thread_and_answered(world: SlackWorld) -> None:
    """The requester is told directly and answers; everybody who decides reads both below the card."""
    await ask_for(world)
    [card] = cards(world, "#ai-exceptions")
    modal = await opened(world, "U0LEA", "ask", card)
    await world.hands.submit("U0LEA", modal, text="why not\nthe small model?")
    await world.settled()
    asked = world.workspace.posted("U0MIA")[-1]
    answer = await opened(world, "U0MIA", "answer", asked)
    await world.hands.submit("U0MIA", answer, text="it cannot translate")
    await world.settled()
    threads = {
        recipient: [said(one.blocks) for one in world.workspace.posted(recipient) if one.thread_ts]
        for recipient in ("#ai-exceptions", "U0LEA")
    }

    assert "<@U0LEA> asks: why not the small model?" in said(asked.blocks)
    assert "&gt;" not in said(answer.view)
    for lines in threads.values():
        assert ["<@U0LEA> asks:\n>why not the small model?", "<@U0MIA> answers:\n>it cannot translate"] == lines
    assert {card.ts} == {one.thread_ts for one in world.workspace.posted("#ai-exceptions") if one.thread_ts}


@pytest.mark.parametrize("user", ["U0MIA", "U0EVE"])
async def test_who_may_not_decide_is_told_and_nothing_changes(world: SlackWorld, user: str) -> None:
    """Neither the requester nor anybody else in the channel; the rule is the service's."""
    request = await ask_for(world)
    [card] = cards(world, "#ai-exceptions")
    modal = await opened(world, user, "approve", card)
    acknowledged = await world.hands.submit(user, modal)
    await world.settled()

    assert "errors" == acknowledged["response_action"]
    assert State.PENDING is (await read_one(world.door.desk.approvals, request.id)).state
    assert ["approve", "deny", "ask"] == buttons(cards(world, "#ai-exceptions")[0])


async def test_a_click_of_somebody_unknown_changes_nothing(world: SlackWorld) -> None:
    """They are told what to do, and the card stays as it is (teleport#121)."""
    await ask_for(world)
    [card] = cards(world, "#ai-exceptions")
    before = card.versions[-1]
    with capture_logs() as log:
        await world.hands.click("U0STRANGER", "approve", on=card)
        await world.settled()

    assert "I do not know who you are at acme yet" in said(world.workspace.answers[-1]["blocks"])
    assert before == card.versions[-1]
    assert {} == world.workspace.views
    assert [("unknown_slack_user", "U0STRANGER")] == [(one["event"], one["slack_id"]) for one in log]


async def test_a_modal_of_somebody_unknown_decides_nothing(http_world: SlackWorld) -> None:
    """Whoever lost their entry while a modal stood open is told what to do, and it is logged with their Slack id."""
    request = await ask_for(http_world)
    [card] = cards(http_world, "U0LEA")
    modal = await opened(http_world, "U0LEA", "approve", card)
    with capture_logs() as log:
        acknowledged = await http_world.hands.submit("U0STRANGER", modal)
    after = await read_one(http_world.door.desk.approvals, request.id)

    assert "I do not know who you are at acme yet" in said(acknowledged["view"])
    assert (State.PENDING, ()) == (after.state, after.votes)
    assert ("unknown_slack_user", "U0STRANGER") in [(one["event"], one.get("slack_id")) for one in log]


async def test_a_late_click_shows_what_was_decided(world: SlackWorld) -> None:
    """Somebody looks at a card from before: the modal has the final state and no way to decide."""
    request = await ask_for(world)
    [card] = cards(world, "U0LEA")
    await cancel(world.door.desk.approvals, request.id, Actor(MIA, Door.API, "key"), world.clock.now())
    modal = await opened(world, "U0LEA", "approve", card)

    assert "*Cancelled* by <@U0MIA>" in said(modal.view)
    assert "submit" not in modal.view
    assert [] == buttons(cards(world, "U0LEA")[0])


async def test_a_late_submission_shows_what_was_decided(world: SlackWorld) -> None:
    """The modal was open while it was decided."""
    request = await ask_for(world)
    modal = await opened(world, "U0LEA", "approve", cards(world, "U0LEA")[0])
    await cancel(world.door.desk.approvals, request.id, Actor(MIA, Door.API, "key"), world.clock.now())
    acknowledged = await world.hands.submit("U0LEA", modal)

    assert "update" == acknowledged["response_action"]
    assert "*Cancelled* by <@U0MIA>" in said(acknowledged["view"])


async def test_a_quorum_of_two_groups_shows_each_vote(world: SlackWorld) -> None:
    """One of finance and one of the board; a vote can be taken back before that."""
    request = await ask_for(world, usd=800)
    modal = await opened(world, "U0TOM", "approve", cards(world, "U0TOM")[0])
    await world.hands.submit("U0TOM", modal)
    await world.settled()
    half = cards(world, "U0EVE")[0]
    assert ":white_check_mark: <@U0TOM>" in said(half.blocks)
    assert ["approve", "deny", "ask", "withdraw"] == buttons(half)
    await world.hands.click("U0TOM", "withdraw", on=cards(world, "U0TOM")[0])
    await world.settled()
    withdrawn = said(cards(world, "U0EVE")[0].blocks)
    for user in ("U0TOM", "U0EVE"):
        modal = await opened(world, user, "approve", cards(world, user)[0])
        await world.hands.submit(user, modal)
        await world.settled()

    assert ":white_check_mark: <@U0TOM>" not in withdrawn
    assert State.ACTIVE is (await read_one(world.door.desk.approvals, request.id)).state
    assert "not in Slack: sam@acme.example" in said(half.blocks)


async def test_above_an_amount_a_page_decides(sqlite_url: str, policies: Path, slack: SlackServer) -> None:
    """``decide_in: web``: the button gives a link that works once and signs in whoever clicked, on the very page."""
    populate(slack.workspace)
    public = "https://governor.example"
    async with slack_world(sqlite_url, policies, slack, public_url=public) as world:
        request = await ask_for(world, usd=5_000)
        [card] = cards(world, "U0EVE")
        await world.hands.click("U0EVE", "open_page", on=card)
        await world.settled()
        [block] = [one for one in world.workspace.answers[-1]["blocks"] if one["type"] == "actions"]
        url = block["elements"][0]["url"]
        async with httpx.AsyncClient(base_url=world.url) as browser:
            asked = await browser.get(url.removeprefix(public))
            first = await browser.post(url.removeprefix(public))
            again = await browser.post(url.removeprefix(public))

    assert ["open_page", "ask"] == buttons(card)
    assert f"<{public}/web/requests/{request.id}|the whole case>" in said(card.blocks)
    assert url.startswith(f"{public}/web/link/")
    assert (200, 303, 403) == (asked.status_code, first.status_code, again.status_code)
    assert f"/web/requests/{request.id}" == first.headers["location"]
    assert "governor_session=" in first.headers["set-cookie"]


async def test_what_came_of_it_is_asked_when_a_grant_ends(world: SlackWorld) -> None:
    """The requester says how many results and what they are worth; the question becomes a thank-you."""
    request = await ask_for(world)
    desk = world.door.desk.approvals
    await approve(desk, request.id, Actor(LEA, Door.API, "key"), world.clock.now())
    world.clock.advance(timedelta(days=8).total_seconds())
    await tick(desk, world.governor.ledger, world.clock.now())
    await world.settled()
    asked = world.workspace.posted("U0MIA")[-1]
    modal = await opened(world, "U0MIA", "tell_outcome", asked)
    wrong = await world.hands.submit("U0MIA", modal, count="many")
    await world.hands.submit("U0MIA", modal, count="1,200", worth="2500", reason="forty pages live")
    await world.settled()
    after = await read_one(desk, request.id)

    assert "What came of it?" in said(asked.versions[0])
    assert "is not a whole number" in wrong["errors"]["count"]
    assert (1200, 2_500_000_000_000) == (after.outcome.count, after.outcome.worth_nano_usd)
    assert "<@U0MIA> said what came of *More budget for mia@acme.example*: 1,200 results" in said(asked.blocks)
    assert [] == buttons(asked)


async def test_an_approved_request_acts(http_world: SlackWorld) -> None:
    """What was approved in Slack is a grant of that amount for that person."""
    request = await ask_for(http_world)
    modal = await opened(http_world, "U0LEA", "approve", cards(http_world, "U0LEA")[0])
    await http_world.hands.submit("U0LEA", modal)
    await http_world.settled()
    grants = await http_world.governor.database.read(lambda connection: read_grants(connection, GrantFilter()))

    assert [(request.id, 100_000_000_000, (LEA,))] == [
        (grant.id, grant.amount_nano_usd, grant.approved_by) for grant in grants
    ]


async def test_a_slow_database_keeps_nobody_waiting(sqlite_url: str, policies: Path, slack: SlackServer) -> None:
    """The modal says that it is still at it, and then what came of it, with everything that was typed."""
    populate(slack.workspace)
    made: list[SlowDatabase] = []
    async with slack_world(sqlite_url, policies, slack, patience_s=0.1, change=slowed(made)) as world:
        await ask_for(world)
        modal = await opened(world, "U0LEA", "deny", cards(world, "U0LEA")[0])
        made[0].going.clear()
        acknowledged = await world.hands.submit("U0LEA", modal, reason="x")
        made[0].going.set()
        await world.settled()

    assert "Still at it" in said(acknowledged["view"])
    assert "a reason is one line of 3 to 500 characters" in said(modal.view)
    assert "x" == modal.view["blocks"][-2]["element"]["initial_value"]
