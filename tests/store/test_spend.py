"""What is spent right now is read from the newest entries alone, however long the ledger is."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from governor.core.ledger.entry import Entry, EntryKind, RollupKey
from governor.core.usage import Usage
from governor.store import spend
from governor.store.database import Database
from governor.store.ledger.rows import entry_row
from governor.store.spend import Spender, read_bursts, read_spend
from governor.store.tables import ENTRIES
from tests.ledger.factory import NOON_S

EVE = Spender("", "", "eve", "", "")
NOON = datetime.fromtimestamp(NOON_S, UTC)


def id_of(number: int) -> bytes:
    """Return the id of the entry that came so many seconds after noon, or before it."""
    return ((NOON_S + number) * 1000).to_bytes(6, "big") + bytes(10)


def entry(number: int) -> Entry:
    """Return a call of Eve's of one nano-USD."""
    at_ms = (NOON_S + number) * 1000
    rollup = RollupKey(NOON_S, user="eve")
    return Entry(
        id=id_of(number),
        kind=EntryKind.UNRESERVED,
        source="gw",
        event_id=f"e{number}",
        body_digest=bytes(16),
        root_event_id=f"e{number}",
        decision_id=None,
        received_at_ms=at_ms,
        occurred_at_ms=at_ms,
        model="",
        provider="",
        usage=Usage(),
        cost_nano_usd=1,
        requests=1,
        charges=(),
        rollup=rollup,
        rolled=(),
        unpriced=False,
        estimated=False,
        result=b"",
    )


def fill(database: Database, before: int, since: int) -> None:
    """Store so many entries from before noon, and so many from noon on."""
    names = [column.name for column in ENTRIES.columns]
    rows = [dict(zip(names, entry_row(entry(number)), strict=True)) for number in range(-before, since)]
    with database.writing() as connection:
        connection.execute(insert(ENTRIES), rows)


def steps_to_read(database: Database) -> int:
    """Return how many steps of its machine SQLite takes to read what was spent since noon."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def read(connection: Any) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(count, 1)
        assert {EVE: 100} == read_spend(connection, NOON)
        driver.set_progress_handler(None, 0)

    database.read_now(read)
    return steps


async def test_reading_the_newest_entries_takes_no_longer_in_a_longer_ledger(sqlite_url: str) -> None:
    """The scan begins where the newest do: not at the table's beginning, every minute again."""
    database = Database(sqlite_url)
    fill(database, 1_900, 100)
    short = steps_to_read(database)
    with database.writing() as connection:
        connection.execute(ENTRIES.delete())
    fill(database, 7_900, 100)
    long = steps_to_read(database)
    await database.close()

    assert short == long


@pytest.mark.parametrize("at_a_time", [1, 3, 6, 7, 100])
def test_each_entry_counts_once_however_many_are_read_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    """Also the very first one, and none from before."""
    monkeypatch.setattr(spend, "ENTRIES_AT_A_TIME", at_a_time)
    fill(database, 4, 6)
    found = database.read_now(lambda connection: read_spend(connection, NOON))
    bursts = database.read_now(lambda connection: read_bursts(connection, id_of(0), id_of(5), 0))

    assert ({EVE: 6}, 5) == (found, bursts.entries)
    assert {(NOON_S, "user", "eve"): 5} == bursts.bursts
