"""Verification finds every kind of difference, and tidying changes none of the numbers."""

from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from governor.core.ledger.commands import Placed
from governor.store.database import Database
from governor.store.decisions import DecisionFilter, read_decision, read_entries, search_decisions
from governor.store.ledger import SqlLedger
from governor.store.reporting import read_reporting
from governor.store.sweep import sweep
from governor.store.verify import verify
from tests.conftest import FakeClock
from tests.ledger.factory import NOON_S, budget, hold, place, settle

COMPANY = budget("company")


async def fill(database: Database, clock: FakeClock) -> None:
    """Leave a settled, a held and a denied decision behind."""
    ledger = SqlLedger(database, clock)
    await ledger.start()
    placed = await ledger.submit(place(hold(COMPANY, 5, 10), department="marketing"))
    assert isinstance(placed, Placed)
    await ledger.submit(settle(placed.reservation.id, amount=3, event_id="e1"))
    await ledger.submit(place(hold(COMPANY, 2, 10, charge=True), client="silent", hold_for_s=60))
    await ledger.submit(place(hold(COMPANY, 50, 10)))
    await ledger.close()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE budgets SET used = used + 1", {"used"}),
        ("DELETE FROM budgets", {"used"}),
        ("UPDATE usage_hourly SET cost_nano_usd = cost_nano_usd - 1", {"cost_nano_usd"}),
        ("DELETE FROM usage_hourly", {"requests"}),
        ("DELETE FROM entries", {"used", "decision", "requests", "input_tokens", "output_tokens", "cost_nano_usd"}),
        ("UPDATE decisions SET state = 'released' WHERE state = 'held'", {"held"}),
        ("UPDATE decisions SET state = 'released' WHERE state = 'settled'", {"entry"}),
        ("DELETE FROM decisions WHERE state = 'denied'", {"claim"}),
    ],
)
async def test_every_damage_is_found(database: Database, clock: FakeClock, damage: str, what: set[str]) -> None:
    """One statement behind the ledger's back, and verify names what is wrong."""
    await fill(database, clock)
    sound = await database.read(lambda connection: list(verify(connection, clock())))
    await database.write(lambda connection: connection.execute(text(damage)))
    found = await database.read(lambda connection: list(verify(connection, clock())))

    assert ([], what) == (sound, {difference.what for difference in found})


async def test_a_sweep_marks_the_expired_and_changes_no_number(database: Database, clock: FakeClock) -> None:
    """It may come late, twice, or never."""
    await fill(database, clock)
    clock.advance(100)
    before = await database.read(lambda connection: list(verify(connection, clock())))
    for _ in range(2):
        await database.write(lambda connection: sweep(connection, clock()))
    after = await database.read(lambda connection: list(verify(connection, clock())))
    states = await database.read(
        lambda connection: sorted(one.state for one in search_decisions(connection, DecisionFilter(), 10))
    )

    assert ([], [], ["denied", "expired", "settled"]) == (before, after, states)


async def test_a_sweep_goes_on_where_it_stopped(database: Database, clock: FakeClock) -> None:
    """Three decisions, one at a time, then the end."""
    await fill(database, clock)
    after: bytes | None = None
    steps = 0
    while steps == 0 or after is not None:
        after = await database.write(lambda connection, last=after: sweep(connection, clock(), after=last, limit=1))
        steps += 1

    assert 4 == steps


async def test_unreported_decisions_are_counted_by_client(database: Database, clock: FakeClock) -> None:
    """Who reports nothing is seen once its hold is over."""
    await fill(database, clock)
    during = await database.read(lambda connection: read_reporting(connection, int(clock())))
    clock.advance(100)
    later = await database.read(lambda connection: read_reporting(connection, int(clock())))

    assert ([("gw", 1, 0)], [("gw", 1, 0), ("silent", 1, 1)]) == (during, sorted(later))


async def test_decisions_are_found_newest_first(database: Database, clock: FakeClock) -> None:
    """By client, verdict, department, time, and page by page."""
    await fill(database, clock)

    def found(wanted: DecisionFilter) -> list[str]:
        return database.read_now(
            lambda connection: [f"{one.client} {one.state}" for one in search_decisions(connection, wanted, 10)]
        )

    everything = database.read_now(lambda connection: list(search_decisions(connection, DecisionFilter(), 10)))

    assert {
        "all": ["gw denied", "silent held", "gw settled"],
        "silent": ["silent held"],
        "deny": ["gw denied"],
        "marketing": ["gw settled"],
        "page": ["silent held", "gw settled"],
        "before": [],
        "since": ["gw denied", "silent held", "gw settled"],
    } == {
        "all": found(DecisionFilter()),
        "silent": found(DecisionFilter(client="silent")),
        "deny": found(DecisionFilter(verdict="deny")),
        "marketing": found(DecisionFilter(department="marketing")),
        "page": found(DecisionFilter(before=everything[0].id)),
        "before": found(DecisionFilter(until_ms=NOON_S * 1000)),
        "since": found(DecisionFilter(from_ms=NOON_S * 1000)),
    }


async def test_a_decision_is_read_with_its_usage(database: Database, clock: FakeClock) -> None:
    """Everything that was asked, answered and posted."""
    await fill(database, clock)
    settled = await database.read(
        lambda connection: next(search_decisions(connection, DecisionFilter(department="marketing"), 10))
    )
    decision = await database.read(lambda connection: read_decision(connection, settled.id))
    entries = await database.read(lambda connection: read_entries(connection, settled.id))

    assert decision == settled
    assert [("e1", 3)] == [(entry.event_id, entry.cost_nano_usd) for entry in entries]


async def test_verify_sorts_no_entries_in_memory_on_sqlite(sqlite_url: str, clock: FakeClock) -> None:
    """Whether a decision was settled twice is read in the order of an index, however many entries there are."""
    database = Database(sqlite_url)
    await fill(database, clock)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if "GROUP BY entries.decision_id" in statement:
            asked.append((statement, parameters))

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", note)
    await database.read(lambda connection: list(verify(connection, clock())))
    sqlalchemy_event.remove(database.engine, "before_cursor_execute", note)
    [(statement, parameters)] = asked
    plan = await database.read(
        lambda connection: [
            row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    )
    await database.close()

    assert ["SEARCH entries USING INDEX ix_entries_decision_id (decision_id>?)"] == plan
