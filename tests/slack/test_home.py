"""App Home, and explaining what a message names."""

import pytest

from governor.clients.slack.manifest import COMMAND
from tests.slack.hands import said
from tests.slack.requesting import ask_for
from tests.slack.world import MIA, SlackWorld


async def opened(world: SlackWorld, user: str) -> str:
    """Open the App Home and return what it says."""
    await world.hands.open_home(user)
    await world.settled()
    return said(world.workspace.homes[user].view)


async def test_home_shows_budgets_and_what_was_refused(world: SlackWorld) -> None:
    """With the reason and the time; a link in an error leads here, because a link cannot open a modal."""
    answer = await world.decide(subject={"user": MIA})
    text = await opened(world, "U0MIA")

    assert "*marketing* · `Quota/department-spend`" in text
    assert f"*anthropic/claude-sonnet-4* · <!date^{int(world.clock.now().timestamp())}^" in text
    assert answer["reasons"][0]["message"] in text


async def test_home_shows_what_was_refused_to_my_machines(world: SlackWorld) -> None:
    """Whoever answers for a service account sees its refusals."""
    await world.decide(subject={"service_account": "triage-bot"}, model="nope-1")
    text = await opened(world, "U0EVE")

    assert "nope-1" in text


async def test_a_refusal_is_explained_in_a_modal(world: SlackWorld) -> None:
    """The modal is opened before the database is asked, and then filled."""
    answer = await world.decide(subject={"user": MIA})
    await opened(world, "U0MIA")
    await world.hands.click("U0MIA", "why_decision", on=world.workspace.homes["U0MIA"])
    await world.settled()
    [modal] = world.workspace.views.values()

    assert [True, False] == ["One moment" in said(version) for version in modal.versions]
    assert answer["reasons"][0]["message"] in said(modal.view)


async def test_home_is_refreshed_by_a_button(world: SlackWorld) -> None:
    """What came since is there."""
    await opened(world, "U0MIA")
    await world.decide(subject={"user": MIA})
    await world.hands.click("U0MIA", "refresh_home", on=world.workspace.homes["U0MIA"])
    await world.settled()

    assert "anthropic/claude-sonnet-4" in said(world.workspace.homes["U0MIA"].view)


async def test_a_stranger_sees_how_to_become_known(world: SlackWorld) -> None:
    """And nothing of anybody."""
    text = await opened(world, "U0STRANGER")

    assert "I do not know who you are at acme yet" in text
    assert "Quota" not in text


async def test_a_message_that_names_a_decision_is_explained(world: SlackWorld) -> None:
    """The shortcut finds the decision's id in what a gateway's error says."""
    answer = await world.decide(subject={"user": MIA})
    await world.hands.shortcut("U0MIA", {"ts": "1.1", "text": f"403: governor refused ({answer['decision_id']})"})
    await world.settled()
    [modal] = world.workspace.views.values()

    assert answer["reasons"][0]["message"] in said(modal.view)


async def test_a_message_without_a_decision_begins_a_request(world: SlackWorld) -> None:
    """Somebody complains in a channel: the shortcut opens the form."""
    await world.hands.shortcut("U0MIA", {"ts": "1.1", "text": "it does not work"})
    await world.settled()
    [modal] = world.workspace.views.values()

    assert "Ask for an exception" in said(modal.view)


async def test_home_lists_my_requests_and_what_waits_for_me(world: SlackWorld) -> None:
    """The requester sees where it stands; whoever decides can decide from here."""
    world.workspace.add_channel("ai-exceptions")
    await ask_for(world)
    mias, leas = await opened(world, "U0MIA"), await opened(world, "U0LEA")
    await world.hands.click("U0LEA", "approve", on=world.workspace.homes["U0LEA"])
    await world.settled()
    [modal] = world.workspace.views.values()
    await world.hands.submit("U0LEA", modal)
    await world.settled()

    assert "*More budget for mia@acme.example*: waits for a decision" in mias
    assert "Waits for you" not in mias
    assert "Waits for you\n<@U0MIA> asks for *100 USD* for themselves" in leas
    assert "*More budget for mia@acme.example*: approved" in await opened(world, "U0MIA")
    assert "Waits for you" not in await opened(world, "U0LEA")


@pytest.mark.parametrize("retry", [False, True])
async def test_an_event_that_comes_again_is_answered_and_not_done_again(http_world: SlackWorld, retry: bool) -> None:
    """Slack retries what it thinks was lost."""
    for number in range(2):
        headers = {"x-slack-retry-num": str(number)} if retry and number else {}
        await http_world.hands.open_home("U0MIA", "Ev1" if retry else "", **headers)
        await http_world.settled()

    assert (1 if retry else 2) == len(http_world.workspace.homes["U0MIA"].versions)


async def test_home_is_within_what_slack_takes(http_world: SlackWorld) -> None:
    """Many refusals with long reasons still make a view that Slack takes."""
    for number in range(15):
        await http_world.decide(subject={"user": MIA}, model=f"{'m' * 90}-{number}")
    text = await opened(http_world, "U0MIA")

    assert f"`{COMMAND} help`" in text
