"""Asking in Slack: fields that depend on what is asked, errors at their fields, a preview before it is sent."""

from pathlib import Path

import pytest

from governor.core.approvals.request import Actor, Door, State
from governor.core.grants import GrantKind
from governor.services.approvals.read import RequestQuery, list_requests
from governor.services.approvals.vote import deny
from tests.slack.fake.server import SlackServer
from tests.slack.fake.workspace import OpenView, Workspace
from tests.slack.hands import said
from tests.slack.requesting import WHY, cards, told
from tests.slack.world import EVE, LEA, MIA, TOM, SlackWorld, populate, slack_world, write_slack_policies

FILLED = {"amount": "100", "justification": WHY, "outcome": "forty landing pages", "value": "2,000"}


@pytest.fixture(autouse=True)
def channel(workspace: Workspace) -> None:
    """Let the channel of the rule be there."""
    workspace.add_channel("ai-exceptions")


async def form(world: SlackWorld, user: str = "U0MIA") -> OpenView:
    """Type the command and return the form that opens."""
    await world.hands.command(user, "request")
    await world.settled()
    return list(world.workspace.views.values())[-1]


async def previewed(world: SlackWorld, view: OpenView, user: str = "U0MIA", **filled: object) -> OpenView:
    """Send the form and return the preview that Slack puts over it."""
    acknowledged = await world.hands.submit(user, view, **filled)
    assert "push" == acknowledged["response_action"], acknowledged
    return world.workspace.push(acknowledged["view"])


def choices(view: OpenView, block_id: str) -> list[str]:
    """Return the values that a menu of a form offers."""
    block = next(block for block in view.view["blocks"] if block.get("block_id") == block_id)
    return [option["value"] for option in block["element"]["options"]]


def fields(view: OpenView) -> list[str]:
    """Return the names of a form's fields."""
    return [block["block_id"] for block in view.view["blocks"] if block["type"] == "input"]


async def test_a_request_is_previewed_and_sent(world: SlackWorld) -> None:
    """The form offers the requester's own budgets; the preview says who is asked and what it is worth."""
    view = await form(world)
    preview = await previewed(world, view, quota="Quota/department-spend", **FILLED)
    text = said(preview.view)
    nothing_yet = await list_requests(world.door.desk.approvals, RequestQuery(), world.clock.now())
    acknowledged = await world.hands.submit("U0MIA", preview)
    await world.settled()
    [request] = (await list_requests(world.door.desk.approvals, RequestQuery(), world.clock.now())).requests

    assert ["Quota/company-spend", "Quota/department-spend", "Quota/user-requests"] == sorted(choices(view, "quota"))
    assert ["user=mia@acme.example", "team=growth"] == choices(view, "whom")
    for expected in (
        "*More budget* for yourself: *100 USD*, until <!date^",
        "It lifts `Quota/department-spend`.",
        "*Worth, as you expect*\n2,000 USD",
        "*Who will be asked*: 1 of team-leads",
        "• 1 of team-leads: <@U0LEA>",
    ):
        assert expected in text
    assert (0, {"response_action": "clear"}) == (len(nothing_yet.requests), acknowledged)
    assert (State.PENDING, MIA, 100_000_000_000, WHY) == (
        request.state,
        request.asked_by,
        request.terms.amount_nano_usd,
        request.justification,
    )
    assert 1 == len(cards(world, "U0LEA"))
    assert ["More budget for mia@acme.example: sent for approval"] == told(world, "U0MIA")


async def test_the_form_opens_before_the_database_is_asked(world: SlackWorld) -> None:
    """A trigger lives for three seconds: first a modal that waits, then the form in its place."""
    view = await form(world)

    assert [True, False] == ["One moment" in said(version) for version in view.versions]


async def test_fields_depend_on_the_kind(world: SlackWorld) -> None:
    """Budgets, then models that are refused to this person, then sizes."""
    view = await form(world)
    budget = fields(view)
    await world.hands.choose("U0MIA", view, "kind", "model")
    await world.settled()
    model, models = fields(view), choices(view, "model")
    await world.hands.choose("U0MIA", view, "kind", "context")
    await world.settled()

    rest = ["until", "justification", "outcome", "value", "urgent"]
    assert ["kind", "whom", "quota", "amount", *rest] == budget
    assert (["kind", "whom", "model", "amount", *rest], ["anthropic/claude-sonnet-4"]) == (model, models)
    assert ["kind", "whom", "size", "tokens", "amount", *rest] == fields(view)


async def test_a_budget_in_requests_asks_how_many(world: SlackWorld) -> None:
    """What does not count money needs an amount of its own unit beside the money."""
    view = await form(world)
    await world.hands.choose("U0MIA", view, "quota", "Quota/user-requests")
    await world.settled()
    without = await world.hands.submit("U0MIA", view, **FILLED)
    preview = await previewed(world, view, units="2000", **FILLED)

    assert "How many requests?" in said(view.view)
    assert "say in `amounts` how many requests" in without["errors"]["units"]
    assert "2,000 requests of `Quota/user-requests`" in said(preview.view)


async def test_a_model_is_asked_for(world: SlackWorld) -> None:
    """What refuses it is found out, and named."""
    view = await form(world)
    await world.hands.choose("U0MIA", view, "kind", "model")
    await world.settled()
    preview = await previewed(world, view, model="anthropic/claude-sonnet-4", **FILLED)
    await world.hands.submit("U0MIA", preview)
    await world.settled()
    [request] = (await list_requests(world.door.desk.approvals, RequestQuery(), world.clock.now())).requests

    assert (GrantKind.MODEL, ("anthropic/claude-sonnet-4",), ("ModelAllowlist/everyone-economy",)) == (
        request.kind,
        request.terms.models,
        request.lifts,
    )
    assert "`openai/gpt-4o-mini` is allowed already, at 4 % of the price" in said(cards(world, "U0LEA")[0].blocks)


async def test_what_is_never_lifted_is_not_offered(sqlite_url: str, policies: Path, slack: SlackServer) -> None:
    """A model that an allowlist with ``exceptions: never`` refuses is no choice; the form says that there is none."""
    file, named = policies / "organization.yaml", "name: everyone-economy\n"
    file.write_text(file.read_text().replace(named, f"{named}exceptions: never\n"))
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        view = await form(world)
        await world.hands.choose("U0MIA", view, "kind", "model")
        await world.settled()

    assert "No model is refused to you that an exception could allow." in said(view.view)
    assert "model" not in fields(view)


async def test_no_choice_is_beyond_the_menu(sqlite_url: str, tmp_path: Path, slack: SlackServer) -> None:
    """A menu of Slack's holds a hundred use cases; where there are more, the one that is meant is typed."""
    case = "apiVersion: governor/v1\nkind: UseCase\nname: u-{}\nowner: eve@acme.example\nstage: production\n"
    cases = "---\n".join(f"{case}audience: internal\n".format(one) for one in range(101))
    policies = write_slack_policies(tmp_path / "policies", cases)
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        view = await form(world)
        given = {"quota": "Quota/department-spend", **FILLED}
        wrong = await world.hands.submit("U0MIA", view, whom="use_case=u-x", **given)
        myself = await previewed(world, view, **given)
        other = await previewed(world, view, whom="use_case=u-100", **given)

    assert "there is no `use_case=u-x` to choose; did you mean `use_case=u-" in wrong["errors"]["whom"]
    assert "*More budget* for yourself" in said(myself.view)
    assert "*More budget* for the use case *u-100*" in said(other.view)


async def test_larger_requests_are_asked_for(sqlite_url: str, tmp_path: Path, slack: SlackServer) -> None:
    """The limits that concern the person are lifted."""
    limit = "apiVersion: governor/v1\nkind: ContextLimit\nname: short\nmax_input: 10k tokens\n"
    policies = write_slack_policies(tmp_path / "policies", limit)
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        view = await form(world)
        await world.hands.choose("U0MIA", view, "kind", "context")
        await world.settled()
        preview = await previewed(world, view, size="input", tokens="100,000", **FILLED)

    assert "up to 100,000 tokens of input a request" in said(preview.view)
    assert "It lifts `ContextLimit/short`." in said(preview.view)


@pytest.mark.parametrize(
    ("filled", "field", "problem"),
    [
        ({"justification": "please"}, "justification", "say why in at least 20 characters; it has 6"),
        ({"value": ""}, "value", "say what it is expected to be worth"),
        ({"value": "much"}, "value", "write it like 500"),
        ({"amount": "-5"}, "amount", "write it like 500"),
        ({"amount": "0"}, "amount", "must be above 0"),
        ({"until": "2026-11-19"}, "until", "the end has passed"),
        ({"until": "2027-06-01"}, "until", "an exception lasts at most 30 days here"),
        ({"amount": ""}, "amount", "it cannot be estimated"),
    ],
)
async def test_errors_appear_at_their_field(
    http_world: SlackWorld, filled: dict[str, str], field: str, problem: str
) -> None:
    """And what was typed stays, because the form stays."""
    view = await form(http_world)
    acknowledged = await http_world.hands.submit("U0MIA", view, **{**FILLED, **filled})

    assert "errors" == acknowledged["response_action"]
    assert problem in acknowledged["errors"][field]


async def test_the_second_request_for_the_same_joins_the_first(http_world: SlackWorld) -> None:
    """Both are told what comes of it, and there is one card."""
    for user in ("U0MIA", "U0TOM"):
        view = await form(http_world, user)
        preview = await previewed(http_world, view, user, whom="team=growth", **FILLED)
        await http_world.hands.submit(user, preview)
        await http_world.settled()
    requests = (await list_requests(http_world.door.desk.approvals, RequestQuery(), http_world.clock.now())).requests

    assert [(MIA, (TOM,))] == [(one.asked_by, one.joined) for one in requests]
    assert "you have joined" in said(http_world.workspace.posted("U0TOM")[0].blocks)
    assert "and so do <@U0TOM>" in said(cards(http_world, "U0LEA")[0].blocks)
    assert 1 == len(cards(http_world, "#ai-exceptions"))
    lea = Actor(LEA, Door.API, "key")
    desk, now = http_world.door.desk.approvals, http_world.clock.now()
    await deny(desk, requests[0].id, lea, now, reason="use the small model")
    await http_world.settled()
    for user in ("U0MIA", "U0TOM"):
        assert "Denied by <@U0LEA>: use the small model" in said(http_world.workspace.posted(user)[-1].blocks)


async def test_what_else_stands_in_the_way_is_said_and_offered(
    sqlite_url: str, tmp_path: Path, slack: SlackServer
) -> None:
    """The company's budget is spent as well: lifting the department's alone will not help."""
    policies = write_slack_policies(tmp_path / "policies")
    quotas = (policies / "quotas.yaml").read_text()
    spent = quotas.replace("limit: 1,000 USD", "limit: 0 USD").replace("limit: 10 USD", "limit: 0 USD")
    (policies / "quotas.yaml").write_text(spent)
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        view = await form(world)
        preview = await previewed(world, view, quota="Quota/department-spend", **FILLED)
        await world.hands.submit("U0MIA", preview, lifts=["Quota/company-spend"])
        await world.settled()
        [request] = (await list_requests(world.door.desk.approvals, RequestQuery(), world.clock.now())).requests

    assert (
        "This alone will not help: Quota/company-spend is in the way too; ask for Quota/company-spend as well."
        in said(preview.view)
    )
    assert ("Quota/department-spend", "Quota/company-spend") == request.lifts


async def test_a_budget_that_is_reached_before_is_said_and_offered(http_world: SlackWorld) -> None:
    """The company has 1,000 USD left: of 2,000 only a part would help."""
    view = await form(http_world)
    preview = await previewed(http_world, view, quota="Quota/department-spend", **{**FILLED, "amount": "2000"})

    assert "Quota/company-spend has only 1,000 USD left" in said(preview.view)
    assert ["Quota/company-spend"] == choices(preview, "lifts")


async def test_a_refusal_in_home_leads_to_a_form_that_is_filled(world: SlackWorld) -> None:
    """A link cannot open a modal: the way from a refused request is Home, why, and the form for the very model."""
    await world.decide(subject={"user": MIA})
    await world.hands.open_home("U0MIA")
    await world.settled()
    await world.hands.click("U0MIA", "why_decision", on=world.workspace.homes["U0MIA"])
    await world.settled()
    [why] = world.workspace.views.values()
    await world.hands.click("U0MIA", "request", on=why)
    await world.settled()
    opened = list(world.workspace.views.values())[-1]
    [model] = [block for block in opened.view["blocks"] if block.get("block_id") == "model"]

    assert "anthropic/claude-sonnet-4" == model["element"]["initial_option"]["value"]


async def test_a_refusal_of_a_machine_can_be_asked_about(world: SlackWorld) -> None:
    """Whoever answers for it asks for it."""
    view = await form(world, "U0EVE")

    assert "user=triage-bot" in choices(view, "whom")
    assert f"user={EVE}" == choices(view, "whom")[0]


async def test_a_small_request_is_approved_at_once(http_world: SlackWorld) -> None:
    """The preview says so, and the requester is told."""
    view = await form(http_world)
    preview = await previewed(http_world, view, **{**FILLED, "amount": "3"})
    await http_world.hands.submit("U0MIA", preview)
    await http_world.settled()

    assert "It is approved at once" in said(preview.view)
    assert "Approved automatically" in said(http_world.workspace.posted("U0MIA")[-1].blocks)


@pytest.mark.parametrize("amount", ["100", "3"])
async def test_what_was_sent_twice_is_one_request(http_world: SlackWorld, amount: str) -> None:
    """A double click, or a delivery that is repeated: the second finds the first, also what was granted at once."""
    view = await form(http_world)
    preview = await previewed(http_world, view, **{**FILLED, "amount": amount})
    for _ in range(2):
        await http_world.hands.submit("U0MIA", preview)
        await http_world.settled()
    requests = (await list_requests(http_world.door.desk.approvals, RequestQuery(), http_world.clock.now())).requests

    assert 1 == len(requests)


async def test_a_long_text_travels_with_the_preview(http_world: SlackWorld) -> None:
    """Everything that the form takes fits into what Slack keeps."""
    view = await form(http_world)
    longest = {"justification": 'ä"\\' * 400, "outcome": "ö" * 400, "amount": "100", "value": "2000"}
    preview = await previewed(http_world, view, **longest)
    await http_world.hands.submit("U0MIA", preview)
    await http_world.settled()
    [request] = (await list_requests(http_world.door.desk.approvals, RequestQuery(), http_world.clock.now())).requests

    assert longest["justification"] == request.justification
    assert cards(http_world, "U0LEA")
