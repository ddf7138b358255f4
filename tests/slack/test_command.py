"""``/ai-budget``: what people type, and what they read."""

import pytest

from governor.core.keys import Role
from tests.slack.hands import said
from tests.slack.world import EVE, MIA, SlackWorld


async def asked(world: SlackWorld, user: str, text: str = "") -> str:
    """Type the command and return what was answered."""
    acknowledged = await world.hands.command(user, text)
    await world.settled()

    assert {} == acknowledged
    return said(world.workspace.answers[-1]["blocks"])


async def test_what_is_left_is_what_a_decision_compares(world: SlackWorld) -> None:
    """After a request, its budgets are shown with what is left and when they reset."""
    await world.decide(subject={"user": MIA}, model="gpt-4o-mini", input_tokens=100_000, max_output_tokens=1)
    text = await asked(world, "U0MIA")

    assert "*marketing* · `Quota/department-spend`" in text
    assert "used 0 USD of 10 USD, 0.01 USD held" in text
    assert "9.98 USD left" in text
    assert "resets <!date^1796079600^{date_short_pretty} {time}|1 December 00:00 CET>" in text


async def test_a_refusal_is_explained_with_the_ways_out(world: SlackWorld) -> None:
    """The policy, its place, the numbers, and what can be done instead."""
    answer = await world.decide(subject={"user": MIA})
    text = await asked(world, "U0MIA", f"why {answer['decision_id']}")

    assert "Refused: anthropic/claude-sonnet-4" in text
    assert answer["reasons"][0]["message"] in text
    assert answer["decision_id"] in text


@pytest.mark.parametrize("user", ["U0EVE", "U0TOM"])
async def test_somebody_elses_refusal_is_nobodys_business(world: SlackWorld, user: str) -> None:
    """It is answered like one that does not exist."""
    answer = await world.decide(subject={"user": MIA})
    theirs = await asked(world, user, f"why {answer['decision_id']}")
    nothing = await asked(world, user, "why 00000000-0000-7000-8000-000000000000")

    assert theirs.replace(answer["decision_id"], "ID") == nothing.replace("00000000-0000-7000-8000-000000000000", "ID")


async def test_a_lead_and_an_owner_may_know_why(world: SlackWorld) -> None:
    """A lead sees the team's, and who answers for a machine sees the machine's."""
    teams = await world.decide(subject={"user": MIA})
    machines = await world.decide(subject={"service_account": "triage-bot"}, model="gpt-4o-mini-nope")

    assert "Refused" in await asked(world, "U0LEA", f"why {teams['decision_id']}")
    assert "Refused" in await asked(world, "U0EVE", f"why {machines['decision_id']}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("help", "`/ai-budget why DECISION`"),
        ("HELP", "`/ai-budget why DECISION`"),
        ("wyh 1", "did you mean `why`"),
        ("why", "name a decision"),
        ("stop growth", "write it like `stop team:growth for 2h because runaway agent`"),
        ("stop team:growth for ever", "is not a length of time"),
        ("stop planet:mars for 2h", "names nothing that can be stopped"),
        ("stop team:grwoth for 2h", "did you mean `growth`"),
        ("stop team:growth for 9h", "may stop for at most 4 hours"),
        ("resume team:growth", "is not stopped"),
    ],
)
async def test_what_is_not_understood_says_what_to_type(http_world: SlackWorld, text: str, expected: str) -> None:
    """Never a stack trace, always the next step."""
    assert expected in await asked(http_world, "U0EVE", text)


async def test_who_may_stops_at_once_and_undoes_it(world: SlackWorld) -> None:
    """The next decision is refused, and after the button it is not."""
    text = await asked(world, "U0EVE", "stop team:growth for 2h because runaway agent")
    stopped = await world.decide(subject={"user": MIA}, model="gpt-4o-mini")
    await world.hands.click("U0EVE", "lift_block")
    await world.settled()
    after = await world.decide(subject={"user": MIA}, model="gpt-4o-mini")

    assert "Stopped team *growth* until" in text
    assert "runaway agent · by eve@acme.example" in text
    assert ("deny", "blocked", "allow") == (stopped["verdict"], stopped["reasons"][0]["code"], after["verdict"])
    assert "team *growth* goes on; lifted by eve@acme.example" in said(world.workspace.answers[-1]["blocks"])


async def test_what_was_stopped_is_resumed_by_name(world: SlackWorld) -> None:
    """Also a person, named by a mention."""
    await asked(world, "U0EVE", "stop <@U0MIA|mia> for 30 minutes")
    stopped = await world.decide(subject={"user": MIA}, model="gpt-4o-mini")
    text = await asked(world, "U0EVE", "resume user:<mailto:mia@acme.example|mia@acme.example>")
    after = await world.decide(subject={"user": MIA}, model="gpt-4o-mini")

    assert ("deny", "allow") == (stopped["verdict"], after["verdict"])
    assert "user *mia@acme.example* goes on" in text


async def test_who_may_not_stop_is_told_who_may(world: SlackWorld) -> None:
    """The rule is the service's, as over HTTP."""
    text = await asked(world, "U0MIA", "stop team:growth for 2h")
    answer = await world.decide(subject={"user": MIA}, model="gpt-4o-mini")

    assert "`mia@acme.example` may not stop anybody" in text
    assert "allow" == answer["verdict"]


@pytest.mark.parametrize("user", ["U0STRANGER", "U0OLD"])
async def test_who_is_not_known_is_refused_politely(world: SlackWorld, user: str) -> None:
    """By the Slack id alone: neither an address nor a name helps, and who has left is nobody."""
    text = await asked(world, user, "stop team:growth for 2h")

    assert "I do not know who you are at acme yet" in text
    assert user in text


async def test_an_audit_names_the_person_and_the_door(http_world: SlackWorld) -> None:
    """Who stopped what, and through which door."""
    await asked(http_world, "U0EVE", "stop model:gpt-4o-mini for 1h because cost")
    async with http_world.server.client(Role.VIEWER) as viewer:
        [block] = (await viewer.get("/blocks")).json()["blocks"]

    assert (EVE, "slack:U0EVE", "can_stop") == (block["placed_by"], block["placed_with_key"], block["authority"])
