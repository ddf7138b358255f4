"""Midnight: every budget of the day begins anew, and nobody writes anything for it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from governor.edges.scheduler.jobs import jobs_of
from governor.services.run_jobs import JobRunner
from governor.store.tables import BUDGETS, DECISIONS, ENTRIES, USAGE_HOURLY
from tests.api.test_reads import budgets
from tests.api.world import QUOTAS, Server, StandingClock, question, write_policies

CUSTOMERS = 200
BY_CUSTOMER = """\
---
apiVersion: governor/v1
kind: Quota
name: customer-requests
per: [tags.customer]
limit: 10 requests
period: day
"""
MIDNIGHT = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
"""Of Berlin, where the organisation is."""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give the small organisation, with a budget of the day for each customer."""
    return write_policies(tmp_path / "policies", QUOTAS.replace("500 requests", "5,000 requests") + BY_CUSTOMER)


def rows(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """Return everything that balances are made of."""
    return [
        sorted(tuple(row) for row in connection.execute(select(table)))
        for table in (BUDGETS, DECISIONS, ENTRIES, USAGE_HOURLY)
    ]


async def test_a_midnight_at_which_every_budget_begins_anew_writes_nothing(
    any_server: Server, standing: StandingClock
) -> None:
    """A period follows from the clock: with jobs or without, only who asks writes, and only what it draws on."""
    database = any_server.governor.database
    asked = [question(tags={"customer": f"c{number}"}) for number in range(CUSTOMERS)]
    async with any_server.client() as client:
        await client.post("/decide/batch", json={"requests": asked})
        yesterday = await budgets(client, "quota=customer-requests")
        before = await database.read(rows)
        standing.advance((MIDNIGHT - standing.now()).total_seconds())
        today = await budgets(client, "quota=customer-requests")
        after = await database.read(rows)
        await JobRunner(jobs_of(any_server.governor), database, standing.now).run_due()
        counters = (await database.read(rows))[0]
        await client.post("/decide", json=asked[0])
        touched = set((await database.read(rows))[0]) - set(before[0])

    assert [("0", "1")] * CUSTOMERS == [(budget["used"], budget["held"]) for budget in yesterday]
    assert [("0", "0")] * CUSTOMERS == [(budget["used"], budget["held"]) for budget in today]
    assert (before, before[0]) == (after, counters)
    names = ("company-spend", "customer-requests", "department-spend", "user-requests")
    assert [f"Quota/{name}" for name in names] == sorted(row[1] for row in touched)
