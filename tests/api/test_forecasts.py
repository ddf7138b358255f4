"""``GET /forecasts``: where budgets will end, from what was used, and how that turned out."""

from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from governor.core.keys import Role
from governor.edges.api import forecasts as forecasts_door
from governor.edges.cli.forecast_view import forecasts_table, record_tables
from governor.edges.scheduler.jobs import jobs_of
from governor.services.forecast.wire import record_wire
from governor.services.run_jobs import JobRunner
from tests.api.world import Server, StandingClock, question, running, settings_for
from tests.forecasts.traffic import FIRST, forecasts, tokens_of, use, use_days

NOVEMBER = range(61, 91)
"""Days since the first of September."""


@pytest.fixture
def september() -> StandingClock:
    """Give a clock that stands at the beginning of September."""
    return StandingClock(FIRST)


async def test_a_months_end_is_foreseen(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """Ten days into November the month's total is in the interval, and nearer than the run-rate says."""
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(71))
        [found] = await forecasts(server, quota="department-spend", department="engineering")
    actual = sum(3 * tokens_of(day) / 1e6 for day in NOVEMBER)
    total = {name: float(amount) for name, amount in found["total"].items()}

    assert total["lower"] <= actual <= total["upper"]
    assert abs(total["median"] - actual) < abs(float(found["baselines"]["run_rate"]) - actual)
    assert abs(total["median"] - actual) < 0.05 * actual
    assert (False, "USD", 80, 71) == tuple(
        found[name] for name in ("insufficient_data", "unit", "interval_percent", "history_days")
    )
    assert 0 <= found["exceeds_probability"] <= 0.1
    assert [] != found["ahead"]
    assert float(found["total"]["lower"]) <= float(found["spend_usd"]["median"]) <= float(found["total"]["upper"])
    assert int(found["tokens"]["median"]) == pytest.approx(total["median"] / 3 * 1e6, rel=0.01)


async def test_an_answer_does_not_wait_for_its_forecast(
    sqlite_url: str, policies: Path, september: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First a run-rate, then what is kept with its instant; whoever waits gets what is made meanwhile."""
    monkeypatch.setattr(forecasts_door, "PATIENCE_S", 0.0)
    mine = {"quota": "department-spend", "department": "engineering"}
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(20))
        pages = [await _page(server, mine)]
        pages.append(await _page(server, {**mine, "wait": "true"}))
        september.advance(2 * 3600)
        pages.append(await _page(server, mine))
        pages.append(await _page(server, {**mine, "wait": "true"}))
    guess, made, older, anew = (page["forecasts"][0] for page in pages)
    elapsed, month = 20 + 2 / 24, 30

    assert [1, 0, 1, 0] == [page["pending"] for page in pages]
    assert (True, "run-rate") == (guess["insufficient_data"], guess["method"])
    assert float(guess["total"]["median"]) == pytest.approx(float(guess["used"]) * month / elapsed, rel=1e-6)
    assert made == older
    assert (False, timedelta(hours=2)) == (
        made["insufficient_data"],
        datetime.fromisoformat(anew["made_at"]) - datetime.fromisoformat(made["made_at"]),
    )


async def _page(server: Server, filters: dict[str, str]) -> dict[str, Any]:
    async with server.client(Role.VIEWER) as viewer:
        page: dict[str, Any] = (await viewer.get("/forecasts", params=filters)).json()
        return page


async def test_what_is_held_will_be_settled(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """In the last minutes of a month in Berlin the budget ends at no less than what is used and held."""
    asked = question(input_tokens=100_000, max_output_tokens=60_000)
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(29))
        september.advance(22 * 3600 - 300)
        async with server.client(Role.GATEWAY) as gateway:
            held = [await gateway.post("/decide", json=asked) for _ in range(10)]
        [found] = await forecasts(server, quota="department-spend", department="engineering")
    used, total = Decimal(found["used"]), {name: Decimal(amount) for name, amount in found["total"].items()}

    assert used + Decimal(12) == total["lower"]
    assert ["allow"] * 10 == [answer.json()["verdict"] for answer in held]
    assert Decimal(12) == Decimal(found["held"])
    assert used + Decimal(12) == total["median"] <= total["upper"]


async def test_too_little_history_is_an_answer(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """Five days are a plain run-rate, marked; nothing at all is marked, too, and is no error."""
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(5))
        [found] = await forecasts(server, quota="department-spend", department="engineering")
        [nothing] = await forecasts(server, quota="department-spend", department="marketing")

    assert (True, "run-rate", 5) == (found["insufficient_data"], found["method"], found["history_days"])
    assert float(found["baselines"]["run_rate"]) == pytest.approx(float(found["total"]["median"]), rel=1e-6)
    assert (True, "run-rate", 0, "0") == (
        nothing["insufficient_data"],
        nothing["method"],
        nothing["history_days"],
        nothing["total"]["upper"],
    )


async def test_forecasts_are_kept_and_compared_with_what_happened(
    database_url: str, policies: Path, september: StandingClock
) -> None:
    """What was said in the middle of October is shown in November with what then happened, and counts in the record."""
    async with running(settings_for(database_url, policies), september) as server:
        await use_days(server, september, range(45))
        [said] = await forecasts(server, quota="department-spend", department="engineering")
        await use_days(server, september, range(45, 64))
        await _run_job(server, "close-forecasts")
        [shown] = await forecasts(
            server, quota="department-spend", department="engineering", at=said["made_at"], path="true"
        )
        record = await server.governor.judge.record(september.now())
    october = sum(3 * tokens_of(day) for day in range(30, 61)) / 1e6

    assert said["total"] == shown["total"]
    assert float(shown["actual"]) == pytest.approx(october, rel=0.01)
    assert shown["actual"] == shown["then"][-1]["used"]
    assert [] != shown["history"]
    [(method, made)] = [
        (name, made) for (_, department, name), made in record.made.items() if department == "engineering"
    ]
    leader = said["method"].removeprefix("combined: ").partition("%")[0].rpartition(" ")[0]
    assert f"combined, {leader} first" == method
    assert (1, 1.0) == (made.count, made.coverage)
    assert all(made.scores[method].mase is not None for method in ("forecast", "run_rate", "naive", "seasonal_naive"))


async def test_past_periods_are_forecast_again(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """After the weekly backtest its numbers stand beside every forecast, with those of simple methods."""
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(75))
        await _run_job(server, "backtest-forecasts")
        [found] = await forecasts(server, quota="department-spend", department="engineering")
    accuracy = found["accuracy"]

    assert ("backtest", True) == (accuracy["basis"], accuracy["count"] >= 1)
    assert accuracy["median_error"] < 0.05
    assert accuracy["run_rate_median_error"] is not None
    assert (None, None) == (accuracy["target"], accuracy["within_target"])


TARGETS = """\
apiVersion: governor/v1
kind: ForecastRule
name: all
accuracy_target: {all}
---
apiVersion: governor/v1
kind: ForecastRule
name: engineering
applies_to: {{department: engineering}}
accuracy_target: {engineering}
"""


@pytest.mark.parametrize(
    ("own", "kept"),
    [("20%", True), ("0.1%", False)],
    ids=["its own target is kept", "its own target is missed"],
)
async def test_the_target_stands_beside_the_error(
    sqlite_url: str, policies: Path, september: StandingClock, own: str, kept: bool
) -> None:
    """`accuracy_target` of the rule for the department, whether it is kept, and both in the tables for people."""
    (policies / "forecasts.yaml").write_text(TARGETS.format(all="0.1%" if kept else "20%", engineering=own))
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(75))
        await _run_job(server, "backtest-forecasts")
        [found] = await forecasts(server, quota="department-spend", department="engineering")
        lines = record_wire(await server.governor.judge.record(september.now()))["backtest"]
    told = [one for one in lines if one["policy"] == "Quota/department-spend" and one["department"]]
    share = float(own[:-1]) / 100
    printed = Console(file=StringIO(), width=300)
    printed.print(forecasts_table([found]), record_tables({"backtest": told[:1], "record": []}))
    text = printed.file.getvalue() if isinstance(printed.file, StringIO) else ""

    assert (share, kept) == (found["accuracy"]["target"], found["accuracy"]["within_target"])
    assert {(share, kept)} == {(one["target"], one["within_target"]) for one in told}
    assert f", {'below' if kept else 'above'} {share:.1%}" in text
    assert f"{share:.1%}, {'kept' if kept else 'missed'}" in text


async def test_the_scheduler_forecasts_what_may_come_near_its_limit(
    sqlite_url: str, policies: Path, september: StandingClock
) -> None:
    """The first turn forecasts every budget; an hour later those that are far from their limit are left alone."""
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(30))
        first = await server.governor.forecaster.run(september.now(), due_only=True)
        september.advance(3600)
        second = await server.governor.forecaster.run(september.now(), due_only=True)

    assert first.forecasts > 0
    assert second.budgets < first.budgets


async def test_a_jump_is_forecast_within_the_hour(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """A budget that was far from its limit, and is suddenly not, does not wait for its daily forecast."""
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(5))
        await server.governor.forecaster.run(september.now(), due_only=True)
        september.advance(20 * 3600)
        before = await server.governor.forecaster.run(september.now(), due_only=True)
        await use(server, 5, 300_000_000)
        september.advance(3600)
        after = await server.governor.forecaster.run(september.now(), due_only=True)

    assert after.budgets > before.budgets


async def test_known_prices_count_from_their_day(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """A price that doubles in the middle of the rest of the month makes the rest dearer, and no tokens more."""
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(71))
        [before] = await forecasts(server, quota="department-spend", department="engineering")
    price = "input: 6 USD per 1M tokens, output: 15 USD per 1M tokens"
    dearer = f"  - {{model: anthropic/claude-sonnet-4, from: 2026-11-21, {price}}}\n"
    folder = policies / "organization.yaml"
    folder.write_text(folder.read_text().replace("prices:\n", "prices:\n" + dearer, 1))
    september.advance(3600)
    async with running(settings_for(sqlite_url, policies), september, with_keys=False) as server:
        server.keys[Role.VIEWER] = await server.make_key("another", Role.VIEWER)
        [after] = await forecasts(server, quota="department-spend", department="engineering")

    assert float(after["total"]["median"]) > 1.2 * float(before["total"]["median"])
    assert float(after["total"]["median"]) == pytest.approx(float(after["spend_usd"]["median"]), rel=0.01)
    assert int(before["tokens"]["median"]) == pytest.approx(int(after["tokens"]["median"]), rel=0.01)


async def test_a_scenario_says_what_it_assumes_and_what_breaks(
    sqlite_url: str, policies: Path, september: StandingClock
) -> None:
    """Ten times the overhead breaks the department; a name that nobody gave is refused with those that there are."""
    rule = "apiVersion: governor/v1\nkind: ForecastRule\nname: all\nscenarios: [{name: peak, overhead: 9.5}]\n"
    (policies / "forecasts.yaml").write_text(rule)
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(71))
        async with server.client(Role.VIEWER) as viewer:
            answer = await viewer.post("/forecasts/scenarios", json={"name": "peak", "department": "engineering"})
            wrong = await viewer.post("/forecasts/scenarios", json={"name": "pique"})
            shifted = await viewer.post(
                "/forecasts/scenarios",
                json={
                    "quota": "department-spend",
                    "department": "engineering",
                    "shifts": [{"from_model": "claude-sonnet-4", "to_model": "gpt-4o-mini", "percent": 50}],
                    "pool": {"model": "claude-sonnet-4", "rate_usd": "2", "utilisation_percent": 50},
                    "self_hosted": {"model": "claude-sonnet-4", "fixed_usd_per_month": "10", "rate_usd": "0.5"},
                },
            )
    found = answer.json()
    [spend] = [one for one in found["budgets"] if one["policy"] == "Quota/department-spend"]

    assert ["retries, contexts and tools make 9.5 times of the use so far"] == found["assumes"]
    assert float(spend["limit"]) < float(spend["total"]["median"])
    assert spend["breaks_at"] is not None
    assert (422, True) == (wrong.status_code, "peak" in wrong.json()["error"]["message"])
    other = shifted.json()
    pool = other["numbers"]["pool"]
    assert 3 == len(other["assumes"])
    assert ("3.000000000", 0.5) == (pool["effective_rate_usd"], pool["utilisation"])
    assert other["numbers"]["self_hosted"]["break_even_tokens_per_month"] == pytest.approx(10 / 2.5 * 1e6, rel=0.01)


async def _run_job(server: Server, name: str) -> None:
    """Run a job of the scheduler's table as it would be run."""
    runner = JobRunner(
        [job for job in jobs_of(server.governor) if job.name == name],
        server.governor.database,
        server.governor.clock.now,
    )
    await runner.run_due()
