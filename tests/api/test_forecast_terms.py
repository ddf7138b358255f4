"""What a forecast counts with beside the use so far: what was carried, what is held, later prices."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from governor.core.keys import Role
from tests.api.test_usage import event, report
from tests.api.world import StandingClock, question, running, settings_for, write_policies
from tests.forecasts.traffic import FIRST, forecasts, use_days

CARRIED = """\
apiVersion: governor/v1
kind: Quota
name: carried
per: [department]
limit: {limit}
period: month
rollover: {{unused: {{up_to: 100%}}, overspend: carry}}
"""
TWIN = """\
---
apiVersion: governor/v1
kind: Quota
name: twin
per: [department]
limit: {limit} USD
period: month
count_existing: true
"""
"""A budget that simply has what the other one has with its carry."""

TENTH_OF_NOVEMBER = range(71)


@pytest.fixture
def september() -> StandingClock:
    """Give a clock that stands at the beginning of September."""
    return StandingClock(FIRST)


@pytest.mark.parametrize(("limit", "is_debt"), [("30 USD", True), ("35 USD", False)])
async def test_what_was_carried_moves_the_limit(
    sqlite_url: str, tmp_path: Path, september: StandingClock, limit: str, is_debt: bool
) -> None:
    """A budget with a debt or a rest from the month before is forecast like one whose limit is what that leaves."""
    folder = write_policies(tmp_path / "policies", CARRIED.format(limit=limit))
    async with running(settings_for(sqlite_url, folder), september) as server:
        await use_days(server, september, TENTH_OF_NOVEMBER)
        async with server.client(Role.VIEWER) as viewer:
            [budget] = (await viewer.get("/budgets?quota=carried&department=engineering")).json()["budgets"]
        write_policies(folder, CARRIED.format(limit=limit) + TWIN.format(limit=budget["ceiling"]))
        assert await server.governor.publisher.reload()
        [carried, twin] = await forecasts(server, department="engineering")

    assert is_debt is (float(budget["ceiling"]) < float(budget["limit"]))
    assert budget["ceiling"] == carried["limit"]
    told = ("limit", "used", "total", "exceeds_probability", "runs_out_at")
    assert {name: twin[name] for name in told} == {name: carried[name] for name in told}


HELD = """\
apiVersion: governor/v1
kind: Quota
name: warned
per: [department]
limit: 5 USD
period: month
enforcement: warn
"""


async def test_a_budget_whose_holds_pass_the_limit_has_run_out(
    sqlite_url: str, tmp_path: Path, september: StandingClock
) -> None:
    """At a month's end six holds together are more than the limit: surely passed, now, and so says a scenario."""
    folder = write_policies(tmp_path / "policies", HELD)
    async with running(settings_for(sqlite_url, folder), september) as server:
        await use_days(server, september, range(61))
        september.advance(28.9 * 86_400)
        async with server.client(Role.GATEWAY) as gateway:
            for _ in range(6):
                await gateway.post("/decide", json=question(input_tokens=100_000, max_output_tokens=60_000))
        [found] = await forecasts(server, department="engineering")
        async with server.client(Role.VIEWER) as viewer:
            asked = {"overhead": 1.0, "department": "engineering"}
            [outlook] = (await viewer.post("/forecasts/scenarios", json=asked)).json()["budgets"]

    assert ("5", "7.2") == (found["limit"], found["held"])
    assert 7.2 <= float(found["total"]["lower"])
    assert 1.0 == found["exceeds_probability"]
    assert found["made_at"] == found["runs_out_at"] == outlook["runs_out_at"]


YEARS = """\
apiVersion: governor/v1
kind: Quota
name: money
per: [department]
limit: 1,000 USD
period: {every: year, from: 2026-09-01}
---
apiVersion: governor/v1
kind: Quota
name: tokens
per: [department]
limit: 900M tokens
period: {every: year, from: 2026-09-01}
"""


async def test_a_price_counts_to_the_end_of_the_period(
    sqlite_url: str, tmp_path: Path, september: StandingClock
) -> None:
    """A price that is three times as high half a year from now makes the year dearer, also that of a token budget."""
    folder = write_policies(tmp_path / "policies", YEARS)
    async with running(settings_for(sqlite_url, folder), september) as server:
        await use_days(server, september, TENTH_OF_NOVEMBER)
        before = await forecasts(server, department="engineering")
        price = "input: 9 USD per 1M tokens, output: 45 USD per 1M tokens"
        later = f"  - {{model: anthropic/claude-sonnet-4, from: 2027-05-01, {price}}}\n"
        organization = folder / "organization.yaml"
        organization.write_text(organization.read_text().replace("prices:\n", "prices:\n" + later, 1))
        assert await server.governor.publisher.reload()
        september.advance(3600)
        after = await forecasts(server, department="engineering")

    for old, new in zip(before, after, strict=True):
        assert float(new["spend_usd"]["median"]) > 1.5 * float(old["spend_usd"]["median"])
        assert int(new["tokens"]["median"]) == pytest.approx(int(old["tokens"]["median"]), rel=0.01)
    money, tokens = after
    assert float(money["total"]["median"]) == pytest.approx(float(tokens["spend_usd"]["median"]), rel=0.01)


HOURLY = """\
apiVersion: governor/v1
kind: Quota
name: hours
per: [department]
limit: 5 USD
period: hour
---
apiVersion: governor/v1
kind: Quota
name: minutes
per: [department]
limit: 5 USD
period: minute
"""


async def test_an_hour_is_forecast_by_its_run_rate(sqlite_url: str, tmp_path: Path, september: StandingClock) -> None:
    """Three dollars in twenty minutes are nine in the hour, and the limit is passed on the way; minutes have none."""
    folder = write_policies(tmp_path / "policies", HOURLY)
    async with running(settings_for(sqlite_url, folder), september) as server:
        september.advance(20 * 60)
        async with server.client(Role.GATEWAY) as gateway:
            used = event(event_id="e-1", time=FIRST.isoformat(), usage={"input_tokens": 1_000_000, "output_tokens": 0})
            await report(gateway, used)
        [found] = await forecasts(server, department="engineering")

    assert ("Quota/hours", True, "run-rate", []) == tuple(
        found[name] for name in ("policy", "insufficient_data", "method", "ahead")
    )
    assert ("3", "9", 1.0) == (found["used"], found["total"]["median"], found["exceeds_probability"])
    passed = datetime.fromisoformat(found["runs_out_at"]) - FIRST
    assert timedelta(minutes=33) <= passed <= timedelta(minutes=34)
