"""Breaking the glass from Slack: for whoever is on call, at once, and looked at by somebody else."""

from pathlib import Path

import pytest

from governor.core.approvals.request import Act, Door, State
from governor.services.approvals.read import RequestQuery, list_requests, read_case
from tests.slack.fake.server import SlackServer
from tests.slack.fake.workspace import OpenView, Workspace
from tests.slack.hands import said
from tests.slack.requesting import buttons, cards, told
from tests.slack.world import EVE, SlackWorld, populate, slack_world, write_slack_policies

FILLED = {
    "quota": "Quota/department-spend",
    "whom": "team:growth",
    "amount": "20",
    "hours": "2",
    "justification": "triage stands still",
}


@pytest.fixture(autouse=True)
def channel(workspace: Workspace) -> None:
    """Let the channel of the rule be there."""
    workspace.add_channel("ai-exceptions")


async def form(world: SlackWorld, user: str = "U0EVE") -> OpenView:
    """Type the command and return the modal that opens."""
    await world.hands.command(user, "break-glass")
    await world.settled()
    return list(world.workspace.views.values())[-1]


async def test_whoever_is_on_call_breaks_the_glass(world: SlackWorld) -> None:
    """For another team, at once and once; those who would have decided see it, with the button to review it."""
    view = await form(world)
    acknowledged = [await world.hands.submit("U0EVE", view, **FILLED) for _ in range(2)]
    await world.settled()
    [request] = (await list_requests(world.door.desk.approvals, RequestQuery(), world.clock.now())).requests
    case = await read_case(world.door.desk.approvals, request.id, world.clock.now())

    assert [{"response_action": "clear"}] * 2 == acknowledged
    assert (State.ACTIVE, EVE, (("team", "growth"),), 20 * 10**9, 7_200.0) == (
        request.state,
        request.asked_by,
        request.scope,
        request.terms.amount_nano_usd,
        (request.terms.ends_at - world.clock.now()).total_seconds(),
    )
    assert (Act.BROKE_GLASS, Door.SLACK, "U0EVE") == (
        case.records[1].transition.act,
        case.records[1].transition.actor.door,
        case.records[1].transition.actor.key,
    )
    assert [["review"]] == [buttons(card) for card in cards(world, "U0LEA")]
    assert ["More budget for growth: broke glass"] == told(world, "U0EVE")


async def test_no_budget_is_beyond_the_menu(sqlite_url: str, tmp_path: Path, slack: SlackServer) -> None:
    """A menu of Slack's holds a hundred; where there are more, the one that is needed is named, as a menu says it."""
    quota = "apiVersion: governor/v1\nkind: Quota\nname: a-{}\nlimit: 1 USD\nperiod: day\n"
    policies = write_slack_policies(tmp_path / "policies", "---\n".join(quota.format(one) for one in range(101)))
    slack.workspace.add_channel("ai-exceptions")
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        view = await form(world)
        wrong = await world.hands.submit("U0EVE", view, **{**FILLED, "quota": "departement spend"})
        right = await world.hands.submit("U0EVE", view, **{**FILLED, "quota": "department spend"})
        [request] = (await list_requests(world.door.desk.approvals, RequestQuery(), world.clock.now())).requests

    assert "did you mean `Quota/department-spend`" in wrong["errors"]["quota"]
    assert ({"response_action": "clear"}, ("Quota/department-spend",)) == (right, request.lifts)


async def test_others_are_told_who_may(world: SlackWorld) -> None:
    """The modal says so instead of asking, and nothing is lifted."""
    view = await form(world, "U0MIA")

    assert "only members of sre-oncall break the glass; ask for an urgent exception" in said(view.view)
    assert "submit" not in view.view


@pytest.mark.parametrize(
    ("filled", "field", "problem"),
    [
        ({"whom": "growth"}, "whom", "`growth` is nobody; begin with user:, team:, project:, use_case: or a mention"),
        ({"whom": "team:grwoth"}, "whom", "there is no team `grwoth`"),
        ({"whom": "<@U0STRANGER>"}, "whom", "I do not know who this is"),
        ({"amount": "51"}, "amount", "breaking the glass gives at most 50 USD"),
        ({"hours": "3"}, "hours", "breaking the glass lasts at most 2 hours"),
        ({"hours": "soon"}, "hours", "is not a whole number"),
        ({"justification": "x"}, "justification", "a reason is one line of 3 to 500 characters"),
        ({"quota": "Quota/user-requests"}, "units", "say in `amounts` how many requests"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    http_world: SlackWorld, filled: dict[str, str], field: str, problem: str
) -> None:
    """And what was typed stays; nothing is lifted."""
    view = await form(http_world)
    acknowledged = await http_world.hands.submit("U0EVE", view, **{**FILLED, **filled})
    page = await list_requests(http_world.door.desk.approvals, RequestQuery(), http_world.clock.now())

    assert problem in acknowledged["errors"][field]
    assert () == page.requests
