"""``governor statements``: what periods came to, as a table, as JSON and as CSV."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from typer.testing import Result

from governor.core.decisions.budget_keys import budget_key
from governor.core.ledger.adjustments import Adjust, AdjustmentKind
from governor.edges.cli.workbench import open_workbench
from governor.services.close_periods import PeriodCloser
from governor.settings import load_settings
from tests.scheduler.workers import worker

Cli = Callable[..., Result]
"""A command of the house, run as people run it."""

OCTOBER = datetime(2026, 10, 12, tzinfo=UTC)


async def spend_and_close(amount: int) -> None:
    """Put an amount on October's budget of sales, and close the months before now."""
    async with open_workbench(load_settings()) as bench:
        quota = bench.snapshots.current.quota("department-monthly")
        assert quota is not None
        budget = budget_key(quota, (("department", "sales"),), OCTOBER)
        at_ms = int(OCTOBER.timestamp() * 1000)
        debit = Adjust(b"a" * 16, "a-1", b"d" * 16, at_ms, at_ms, budget, AdjustmentKind.DEBIT, amount, b"{}")
        await bench.ledger.submit(debit)
        closer = PeriodCloser(bench.snapshots, bench.database)
        await worker(bench.database, lambda: bench.now, closer.close).run_due()


@pytest.fixture
def stated(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Give the command line of a database in which October was closed."""
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", "2026-11-20T12:00:00Z")
    asyncio.run(spend_and_close(250_000_000))
    return cli


def test_people_read_a_table(stated: Cli) -> None:
    """One line for each statement, with the figures after all corrections."""
    shown = stated("statements", "--department", "sales").stdout

    assert all(
        text in shown for text in ("department-monthly", "sales", "2026-10-01 00:00 to 2026-11-01 00:00", "0.25")
    )


def test_programs_read_json_and_spreadsheets_csv(stated: Cli) -> None:
    """The same statement, twice."""
    [statement] = json.loads(stated("statements", "--output", "json").stdout)["statements"]
    [line] = csv.DictReader(io.StringIO(stated("statements", "--output", "csv").stdout))

    assert ("0.25", "1", "0.25") == (statement["used"], statement["limit"], statement["adjusted"])
    assert ("statement", "0.25", "sales") == (line["entry"], line["used"], line["scope"])


def test_a_page_says_where_the_next_one_begins(stated: Cli) -> None:
    """Beside the lines of a CSV file, not among them; the rest of the year is derived."""
    first = stated("statements", "--output", "csv", "--limit", 1, "--since", "2026-01-01T00:00:00Z", "--empty")

    assert (0, 2) == (first.exit_code, len(first.stdout.splitlines()))


def test_without_statements_somebody_is_told_why(cli: Cli) -> None:
    """An empty list says where to look."""
    assert "`governor jobs` shows how close-periods goes" in cli("statements").stdout
