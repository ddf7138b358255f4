"""What whoever decides should know: the page says what the card in Slack says, as of now, and so does the API."""

from datetime import timedelta

import pytest

from governor.core.forecasts.forecast import Band, Baselines, Forecast
from governor.core.grants import GrantKind
from governor.core.keys import Role
from governor.services.approvals.create import create
from governor.services.approvals.read import read_case
from governor.services.approvals.vote import approve, deny
from governor.store.forecasts import keep_forecasts
from tests.api.world import Server, StandingClock
from tests.approvals.world import NOON, actor, usd, wish
from tests.web.conftest import Browser


@pytest.fixture
async def waiting(site: Server) -> dict[str, str]:
    """Give three requests that wait, all for the platform team: the one to decide, and two others."""
    desk = site.governor.desk
    wishes = {
        "model": wish(300, kind=GrantKind.MODEL, lifts=("ModelAllowlist/economy",), models=("large",)),
        "requests": wish(200, lifts=("Quota/user-requests",), amounts={"Quota/user-requests": 9}),
        "budget": wish(150),
    }
    made = {name: await create(desk, one, actor("ada"), NOON) for name, one in wishes.items()}
    return {name: one.acted.request.id for name, one in made.items()}


async def forecast_it(site: Server, request_id: str) -> None:
    """Keep a forecast of the first budget that a request lifts."""
    governor = site.governor
    case = await read_case(governor.desk, request_id, NOON)
    [now] = (await governor.facts.of(case, NOON)).budgets
    forecast = Forecast(
        budget=now.view.budget,
        department="",
        team="platform",
        user="",
        made_at=NOON,
        limit=now.view.limit,
        used=0,
        held=0,
        total=Band(usd(21), usd(27), usd(34)),
        interval_percent=80,
        exceeds_ppm=990_000,
        runs_out_at=NOON + timedelta(hours=5),
        history_days=60,
        insufficient_data=False,
        method="",
        baselines=Baselines(usd(25), usd(25)),
    )
    await governor.database.write(lambda connection: keep_forecasts(connection, [forecast]))


async def test_the_page_says_where_the_budget_will_end(
    site: Server, people: dict[str, Browser], waiting: dict[str, str]
) -> None:
    """Without enough history it says so; with it, the total, its range and when the budget is gone."""
    before = await people["kim"].get(f"/requests/{waiting['budget']}")
    await forecast_it(site, waiting["budget"])
    page = await people["kim"].get(f"/requests/{waiting['budget']}")

    assert "too little history" in before.text
    assert '27 USD</span><br><span class="hint">21 USD to 34 USD; gone 20 November 2026, 18:00' in page.text
    assert "too little history" not in page.text


async def test_what_was_granted_is_told_as_of_now(
    site: Server, people: dict[str, Browser], waiting: dict[str, str]
) -> None:
    """What was asked for elsewhere when it was sent is granted or denied by now; the route stays that of then."""
    first = await people["kim"].get(f"/requests/{waiting['budget']}")
    await approve(site.governor.desk, waiting["model"], actor("kim"), NOON)
    await deny(site.governor.desk, waiting["requests"], actor("kim"), NOON, reason="not now")
    page = await people["kim"].get(f"/requests/{waiting['budget']}")

    assert "0 USD to the same this period, and 500 USD asked for elsewhere" in first.text
    assert "300 USD to the same this period</dd>" in page.text
    assert "2 requests: 1 granted (300 USD), 1 refused" in page.text


async def test_the_api_says_the_same(site: Server, waiting: dict[str, str], standing: StandingClock) -> None:
    """With numbers instead of words, and the instant that they are of."""
    await approve(site.governor.desk, waiting["model"], actor("kim"), NOON)
    await forecast_it(site, waiting["budget"])
    standing.advance(60)
    secret = await site.make_key("kims", Role.APPROVER, person="kim@acme.example")
    async with site.client(secret=secret) as kim:
        facts = (await kim.get(f"/exceptions/{waiting['budget']}")).json()["facts"]
    [budget] = facts["budgets"]

    assert ("Quota/team-spend", "10", "0") == (budget["policy"], budget["limit"], budget["used"])
    assert ("27", "2026-11-20T17:00:00Z") == (budget["forecast"]["median"], budget["forecast"]["runs_out_at"])
    assert {"granted_usd": "300.000000000", "asked_for_elsewhere_usd": "200.000000000"} == facts["granted"]
    assert {"people": 3, "requests_refused": 0} == facts["if_denied"]
    assert "2026-11-20T12:01:00Z" == facts["as_of"]
