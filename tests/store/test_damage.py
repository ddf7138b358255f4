"""Whatever is changed behind the ledger's back, verification finds it: every row and every column of every table.

A table or a column that is new must be named here: as one that verification compares, or with the reason why nothing
could be compared with it.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Row, Table, delete, select, update

from governor.core.ledger.adjustments import AdjustmentKind
from governor.core.ledger.commands import Placed
from governor.core.ledger.entry import EntryKind
from governor.core.ledger.reservation import ReservationState
from governor.core.units import Unit
from governor.store.closings import close_budgets
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from governor.store.records import decode_entry, encode_record
from governor.store.sweep import sweep
from governor.store.tables import BUDGETS, DECISIONS, ENTRIES, METADATA, REQUEST_KEYS, USAGE_HOURLY, USAGE_UNITS_HOURLY
from governor.store.verify import verify
from tests.conftest import FakeClock
from tests.ledger.factory import adjust, budget, extend, hold, place, release, rerate, settle

MONEY = budget("spend", unit=Unit.USD, department="marketing")
SHARE, DAY = budget("share", unit=Unit.USD, team="growth"), budget("day", unit=Unit.USD, day="2025-11-30")
FUND, OF_FUND = budget("fund", unit=Unit.USD), budget("overage", unit=Unit.USD, overage="fund")
GRANT, MARKER = budget("grant", unit=Unit.USD, user="mia"), budget("revoked", user="mia")
ADJUSTED = {kind: budget(kind.value, user=kind.value) for kind in AdjustmentKind}
EVERY_KEY = (MONEY, SHARE, DAY, FUND, OF_FUND, GRANT, MARKER, *ADJUSTED.values())

COMPARED: dict[tuple[Table, ...], dict[str, str]] = {
    (BUDGETS,): {
        "policy": "what answers call a quota: renames change it",
        "unit": "part of what the digest was made of",
        "period_start_s": "part of what the digest was made of",
        "period_end_s": "what the calendar says of the period's start",
        "as_of_s": "when it was last touched, where nothing is held",
    },
    (ENTRIES,): {
        "id": "an order, made when the entry is",
        "body_digest": "of a body that is not kept",
        "decision_id": "what was claimed of a decision that nobody knows",
        "received_at_ms": "said once",
        "occurred_at_ms": "said once",
        "result": "what was answered, or the audit's words",
    },
    (USAGE_HOURLY,): {},
    (USAGE_UNITS_HOURLY,): {},
    (DECISIONS,): {
        "client": "said once",
        "at_ms": "said once",
        "expires_at_s": "when it would have expired, of what is over",
        "policy_version": "which policies decided; no amount follows from it",
        "department": "for searches; no amount follows from it",
        "record": "what was held, of what is over",
        "request": "what was asked",
        "answer": "what was answered",
    },
    REQUEST_KEYS: {
        "claim": "the digest of a key that is not kept",
        "body_digest": "of a body that is not kept",
        "at_ms": "until when it is remembered",
    },
}
"""Tables that are compared, those of one shape together, with the columns that some rows alone say, and why."""

BESIDE = {
    "alert_deliveries": "messages",
    "alert_marks": "messages",
    "alerts": "messages",
    "api_keys": "who may ask",
    "blocks": "who may not",
    "budget_usage": "by whom: summed from entries, and again whenever somebody asks",
    "exception_delegations": "people's acts",
    "exception_records": "people's acts, chained by their own digests",
    "exceptions": "people's acts",
    "existing_counts": "when the use before a budget was counted; what it came to is an entry",
    "forecast_scores": "forecasts",
    "forecasts": "forecasts",
    "grants": "what was approved; what it paid is a budget, and its end an entry",
    "job_marks": "work that was done",
    "jobs": "work that is to be done",
    "ledger_checks": "what verification found",
    "outcomes": "what came of the spending",
    "policy_releases": "policies",
    "policy_sources": "policies",
    "policy_versions": "policies",
    "quota_identities": "calendars and units that quotas once had, for what answers say",
    "quota_roots": "names of quotas",
    "quota_terms": "what policies said of limits; compared with its own digest and order in test_verify_terms",
    "refusals": "what people are told of refusals",
    "sign_ins": "who is there",
    "slack_cursors": "messages",
    "slack_deliveries": "messages",
    "slack_messages": "messages",
    "spend_bursts": "what is usual: learned from entries, for alerts",
    "statement_checks": "which periods are to be stated",
    "statements": "what periods came to when they were stated; corrected by new editions",
}
"""Tables from which no balance follows, and what they are instead."""

SAME = {("state", "expired", "held")}
"""Changes that change nothing: a hold has expired by the clock, whether or not a sweep has said so."""


async def fill(database: Database, clock: FakeClock) -> None:
    """Leave every kind of entry and every state of a decision behind, and a balance on every kind of budget."""
    ledger = SqlLedger(database, clock)
    await ledger.start()

    async def placed(*holds: Any, **how: Any) -> bytes:
        outcome = await ledger.submit(place(*holds, cost_nano_usd=5, **how))
        assert isinstance(outcome, Placed)
        return outcome.reservation.id

    charged = [await placed(hold(MONEY, 5, charge=True), hold_for_s=60) for _ in range(2)]
    clock.advance(100)
    await database.write(lambda connection: sweep(connection, clock()))
    await ledger.submit(settle(charged[1], amount=4))

    settled = await placed(hold(MONEY, 5), hold(SHARE, 5), hold(DAY, 5), department="marketing")
    await ledger.submit(settle(settled, amount=3, event_id="e1"))
    await ledger.submit(settle(settled, amount=2, event_id="e2"))
    await ledger.submit(settle(None, amount=6, corrects="e1", model="other"))
    await ledger.submit(rerate("e1", 200))

    by_fund = await placed(hold(FUND, 5), hold(OF_FUND, 5))
    await ledger.submit(settle(by_fund, amount=7))
    by_grant = await placed(hold(GRANT, 9))
    await ledger.submit(settle(by_grant, amount=2, final=False))
    await ledger.submit(extend(by_grant, 900))
    at = datetime.fromtimestamp(clock(), UTC)
    await database.write(lambda connection: close_budgets(connection, MARKER, "grant", at))

    for is_late in (False, True):
        given_back = await placed(hold(MONEY, 5, charge=True))
        await ledger.submit(release(given_back))
        if is_late:
            await ledger.submit(settle(given_back, amount=1))
    await placed(hold(MONEY, 1, charge=True))
    await placed(hold(MONEY, 500))
    await ledger.submit(settle(None, amount=8, postings=[], units={"images": 3}, unpriced=True))
    await ledger.submit(adjust(ADJUSTED[AdjustmentKind.CREDIT], AdjustmentKind.DEBIT, 20, event_id="before"))
    for kind, key in ADJUSTED.items():
        await ledger.submit(adjust(key, kind, 7, event_id=kind.value))
    await ledger.close()


def test_every_table_is_compared_or_has_a_reason() -> None:
    """A new table cannot be forgotten."""
    assert set(METADATA.tables) == {table.name for tables in COMPARED for table in tables} | set(BESIDE)


async def test_what_is_damaged_here_is_all_there_is(database: Database, clock: FakeClock) -> None:
    """Every kind of entry, every state, every kind of budget, and nothing differs before the damage is done."""
    await fill(database, clock)

    def seen(column: Any) -> set[Any]:
        return database.read_now(lambda connection: set(connection.execute(select(column)).scalars()))

    assert set(EntryKind) == seen(ENTRIES.c.kind)
    assert set(ReservationState) == seen(DECISIONS.c.state)
    assert {key.digest for key in EVERY_KEY} == {bytes(digest) for digest in seen(BUDGETS.c.digest)}
    assert [] == await database.read(lambda connection: list(verify(connection, clock())))


@pytest.mark.parametrize("tables", COMPARED, ids=lambda tables: tables[0].name)
async def test_every_changed_column_is_found(database: Database, clock: FakeClock, tables: tuple[Table, ...]) -> None:
    """In every row, but for columns that say something once: these are named, with the reason."""
    await fill(database, clock)
    with database.engine.connect() as connection:
        missed = {
            column.name
            for table, row in rows_of(connection, *tables)
            for column in table.columns
            for value in others(column.name, row._mapping[column])
            if not is_found(connection, update(table).values({column.name: value}), row, clock())
        }

    assert set(COMPARED[tables]) == missed


@pytest.mark.parametrize(
    "table", [BUDGETS, ENTRIES, USAGE_HOURLY, USAGE_UNITS_HOURLY, DECISIONS], ids=lambda table: table.name
)
async def test_every_lost_row_is_found(database: Database, clock: FakeClock, table: Table) -> None:
    """Whatever it was; a request key that is lost changes no balance."""
    await fill(database, clock)
    with database.engine.connect() as connection:
        missed = [row for _, row in rows_of(connection, table) if not is_found(connection, delete(table), row, clock())]

    assert [] == missed


async def test_every_amount_of_an_entry_is_found(database: Database, clock: FakeClock) -> None:
    """What it posted on each budget, what it counted, and what it added to each sum of each hour."""
    await fill(database, clock)
    with database.engine.connect() as connection:
        missed = [
            (row.event_id, decode_entry(record))
            for _, row in rows_of(connection, ENTRIES)
            for record in other_records(row.record)
            if not is_found(connection, update(ENTRIES).values(record=record), row, clock())
        ]

    assert [] == missed


def rows_of(connection: Connection, *tables: Table) -> list[tuple[Table, Row[Any]]]:
    """Return all rows of some tables; there are some."""
    rows = [(table, row) for table in tables for row in connection.execute(select(table))]
    connection.rollback()
    assert rows
    return rows


def is_found(connection: Connection, change: Any, row: Row[Any], now_s: float) -> bool:
    """Tell whether verification finds a change of one row, and undo it."""
    connection.execute(change.where(*(column == row._mapping[column] for column in change.table.primary_key)))
    with closing(verify(connection, now_s)) as differences:
        found = next(differences, None)
    connection.rollback()
    return found is not None


def others(name: str, value: Any) -> Iterator[Any]:
    """Yield other values of a column: each one where there are few, else one that is off by the least."""
    few = {"kind": EntryKind, "state": ReservationState, "verdict": ("allow", "deny")}.get(name)
    if few is not None:
        yield from (str(one) for one in few if one != value and (name, value, one) not in SAME)
    elif isinstance(value, bytes):
        yield bytes([*value[:-1], value[-1] ^ 1]) if value else b"x"
    elif isinstance(value, str):
        yield value + "x"
    elif isinstance(value, int):
        # A day later where that is the least that can matter: in seconds, a hold may live as long all the same.
        yield value + (86_400 if name.endswith("_s") else 1)
    else:
        yield 1 if name.endswith("_s") else b"\x01" * 16


def other_records(blob: bytes) -> Iterator[bytes]:
    """Yield an entry's record with each of its amounts off by one."""
    record = decode_entry(blob)
    usage = replace(record.usage, output_tokens=record.usage.output_tokens + 1)
    yield encode_record(msgspec.structs.replace(record, usage=usage))
    for at, charge in enumerate(record.charges):
        more = replace(charge, amount=charge.amount + 1)
        yield encode_record(msgspec.structs.replace(record, charges=exchanged(record.charges, at, more)))
    for at, posting in enumerate(record.rolled):
        for index, amount in enumerate(posting.amounts):
            more_rolled = replace(posting, amounts=exchanged(posting.amounts, index, amount + 1))
            yield encode_record(msgspec.structs.replace(record, rolled=exchanged(record.rolled, at, more_rolled)))
        for index, (unit, amount) in enumerate(posting.units):
            more_rolled = replace(posting, units=exchanged(posting.units, index, (unit, amount + 1)))
            yield encode_record(msgspec.structs.replace(record, rolled=exchanged(record.rolled, at, more_rolled)))


def exchanged(values: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    """Return values with another one at a place."""
    return (*values[:at], value, *values[at + 1 :])
