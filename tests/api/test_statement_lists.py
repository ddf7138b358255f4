"""Lists of statements: filtered, paged, with periods without use, as CSV, and under new names."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from governor.core.decisions.budget_keys import budget_key
from governor.core.forecasts.forecast import Band, Baselines, Forecast
from governor.core.keys import Role
from governor.core.ledger.budget import BudgetKey
from governor.store.forecasts import keep_forecasts
from tests.api.statements import DECEMBER_S, QUOTAS, amounts, close, listed, one, spend
from tests.api.test_usage import event
from tests.api.world import Server, StandingClock, write_policies


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give an organisation whose budgets carry over, cost a surcharge, and end in several zones."""
    return write_policies(tmp_path / "policies", QUOTAS)


async def test_a_year_of_downtime_is_caught_up_in_order(any_server: Server, standing: StandingClock) -> None:
    """Twelve months close in one turn, with the carry of each; months without use are derived when asked for."""
    for month in range(0, 12, 3):
        await spend(any_server, event(event_id=f"m-{month}"))
        standing.advance(3 * 31 * 86_400)
    await close(any_server)
    stored = await listed(any_server, "quota=department")
    whole = await listed(any_server, "quota=department&empty=true")

    assert [False] * 4 == [statement["derived"] for statement in stored]
    assert 12 == len(whole)
    assert [3 * n for n in range(4)] == [n for n, statement in enumerate(whole) if not statement["derived"]]
    assert [each["period"]["end"] for each in whole[:-1]] == [each["period"]["start"] for each in whole[1:]]
    assert ["0", *["5"] * 11] == [statement["carried_in"] for statement in whole]
    assert [statement["carried_out"] for statement in whole[:-1]] == [each["carried_in"] for each in whole[1:]]


async def test_pages_of_stored_and_derived_statements_join(server: Server, standing: StandingClock) -> None:
    """However small the pages, together they are the list; a cursor of another list is refused."""
    for number in range(2):
        await spend(server, event(event_id=f"e-{number}"), event(event_id=f"m-{number}", subject={"user": "mia"}))
        standing.advance(100 * 86_400)
    await close(server)
    for query in ("", "empty=true&quota=department&"):
        whole = await listed(server, query + "limit=1000")
        joined: list[dict[str, Any]] = []
        cursor = ""
        async with server.client(Role.VIEWER) as client:
            while True:
                page = (await client.get(f"/statements?{query}limit=3&cursor={cursor}")).json()
                joined += page["statements"]
                cursor = page["next"]
                if cursor is None:
                    break
            refused = await client.get("/statements?cursor=WzFd")

        assert whole == joined
        assert len(whole) > 6
        assert (422, "invalid_cursor") == (refused.status_code, refused.json()["error"]["code"])


async def test_statements_are_found_by_whose_and_when(server: Server, standing: StandingClock) -> None:
    """By department, with its teams'; by the end of the period."""
    await spend(server, event(), event(event_id="e-2", subject={"user": "mia@acme.example"}))
    standing.advance(DECEMBER_S + 3)
    await spend(server, event(event_id="e-3"))
    standing.advance(31 * 86_400)
    await close(server)
    marketing = await listed(server, "department=marketing")
    december = await listed(server, "quota=company&since=2026-11-30T23:00:00Z")
    november = await listed(server, "quota=Quota/company&until=2026-11-30T23:00:00Z")

    assert {"Quota/department", "Quota/paid-overage"} == {statement["policy"] for statement in marketing}
    assert ["2026-12-31T23:00:00Z"] == [statement["period"]["end"] for statement in december]
    assert ["2026-11-30T23:00:00Z"] == [statement["period"]["end"] for statement in november]


def column(lines: Sequence[dict[str, str]], name: str) -> Decimal:
    """Add a column up."""
    return sum((Decimal(line[name]) for line in lines), Decimal(0))


async def test_columns_of_csv_add_up_to_what_it_came_to(server: Server, standing: StandingClock) -> None:
    """A correction is a line of its own with what it changes; names that look like formulas are text."""
    await spend(server)
    standing.advance(DECEMBER_S + 3)
    await close(server)
    standing.advance(60)
    await spend(server, event(event_id="e-2", time="2026-11-20T12:00:00Z"))
    await close(server)
    async with server.client(Role.VIEWER) as client:
        response = await client.get("/statements?quota=department&format=csv&limit=1")
    lines = list(csv.DictReader(io.StringIO(response.text)))

    assert "text/csv; charset=utf-8" == response.headers["content-type"]
    assert ["statement", "correction"] == [line["entry"] for line in lines]
    assert (Decimal("0.0075"), Decimal(2), Decimal(10)) == (
        column(lines, "used"),
        column(lines, "requests"),
        column(lines, "limit"),
    )


async def test_a_raised_limit_does_not_rewrite_what_was_stated(
    server: Server, standing: StandingClock, policies: Path
) -> None:
    """The limit of a correction is the one that was stated, and what it left over is no more than it was."""
    await spend(server)
    standing.advance(DECEMBER_S + 3)
    await close(server)
    write_policies(policies, QUOTAS.replace("limit: 10 USD", "limit: 20 USD"))
    assert await server.governor.publisher.reload()
    await spend(server, event(event_id="e-2", time="2026-11-20T12:00:00Z"))
    await close(server)
    statement = await one(server, "department")

    assert ("10", "10") == (statement["limit"], statement["final"]["limit"])
    assert ("5", "5") == (statement["carried_out"], statement["final"]["carried_out"])


async def test_a_renamed_quota_keeps_one_series(server: Server, standing: StandingClock, policies: Path) -> None:
    """Under its new name its old statements are found too, with the name that they were written under."""
    await spend(server)
    standing.advance(DECEMBER_S + 3)
    await close(server)
    write_policies(policies, QUOTAS.replace("name: company\n", "name: whole-company\nformerly: [company]\n"))
    assert await server.governor.publisher.reload()
    await spend(server, event(event_id="e-2"))
    standing.advance(31 * 86_400)
    await close(server)

    assert ["Quota/company", "Quota/whole-company"] == [
        statement["policy"] for statement in await listed(server, "quota=whole-company")
    ]


async def test_a_statement_stands_beside_its_forecast(server: Server, standing: StandingClock) -> None:
    """The last forecast before half of the period was over counts: one of the last day is no achievement."""
    await spend(server)
    quota = server.governor.publisher.snapshots.current.quota("department")
    assert quota is not None
    budget = budget_key(quota, (("department", "engineering"),), standing.now())
    kept = [
        forecast_of(budget, datetime(2026, 11, 12, tzinfo=UTC), 3_000_000),
        forecast_of(budget, datetime(2026, 11, 29, tzinfo=UTC), 3_750_000),
    ]
    await server.governor.database.write(lambda connection: keep_forecasts(connection, kept))
    standing.advance(DECEMBER_S + 3)
    await close(server)
    forecast = (await one(server, "department"))["forecast"]

    assert ("2026-11-12T00:00:00Z", "0.003", "0.00075") == amounts(forecast, "made_at", "median", "more_used")


def forecast_of(budget: BudgetKey, made_at: datetime, median: int) -> Forecast:
    """Return a forecast of a budget."""
    return Forecast(
        budget=budget,
        department="engineering",
        team="",
        user="",
        made_at=made_at,
        limit=10**10,
        used=0,
        held=0,
        total=Band(median - 1_000_000, median, median + 1_000_000),
        interval_percent=80,
        exceeds_ppm=0,
        runs_out_at=None,
        history_days=30,
        insufficient_data=False,
        method="theta",
        baselines=Baselines(median, median),
    )
