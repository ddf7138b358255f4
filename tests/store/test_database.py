"""What a database promises to those who read and write it."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import DBAPIError

from governor.store.database import Database
from governor.store.tables import SLACK_DELIVERIES

COUNT = select(func.count()).select_from(SLACK_DELIVERIES)


def _deliver(connection: Connection, key: bytes) -> None:
    connection.execute(insert(SLACK_DELIVERIES).values(key=key, at_ms=1))


async def test_a_read_sees_one_state_from_its_beginning_to_its_end(database: Database) -> None:
    """What is committed meanwhile is not seen half: an audit would take it for tampering."""

    def read(connection: Connection) -> tuple[int, int]:
        before = connection.execute(COUNT).scalar_one()
        database.write_now(lambda writer: _deliver(writer, b"meanwhile"))
        return before, connection.execute(COUNT).scalar_one()

    seen = await database.read(read)
    afterwards = await database.read(lambda connection: connection.execute(COUNT).scalar_one())

    assert ((0, 0), 1) == (seen, afterwards)


async def test_whoever_wrote_reads_what_others_committed(database: Database) -> None:
    """A connection that goes from reading to writing and back keeps nothing of the reading."""
    for number in range(3):
        await database.read(lambda connection: connection.execute(COUNT).scalar_one())
        await database.write(lambda connection, key=b"%d" % number: _deliver(connection, key))

    assert 3 == await database.read(lambda connection: connection.execute(COUNT).scalar_one())


async def test_a_read_changes_nothing(database: Database) -> None:
    """PostgreSQL refuses it at once; on SQLite it is never committed."""
    if database.is_sqlite:
        await database.read(lambda connection: _deliver(connection, b"by mistake"))
    else:
        with pytest.raises(DBAPIError):
            await database.read(lambda connection: _deliver(connection, b"by mistake"))

    assert 0 == await database.read(lambda connection: connection.execute(COUNT).scalar_one())


async def test_a_commit_is_on_the_disk_before_it_is_answered(sqlite_url: str) -> None:
    """Also when the machine loses power: SQLite's own default for a file with a log beside it is to wait for less."""
    database = Database(sqlite_url)
    ledgers = database.open_sqlite()
    pooled = await database.read(lambda connection: connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
    [own], [mode] = (ledgers.execute(f"PRAGMA {name}").fetchone() for name in ("synchronous", "journal_mode"))
    ledgers.close()
    await database.close()
    full = 2

    assert (full, full, "wal") == (pooled, own, mode)


async def test_closing_waits_for_what_a_thread_still_reads(database_url: str) -> None:
    """Whoever waited for a reading was cancelled; the reading goes on, and its connection comes back to be closed."""
    database = Database(database_url)
    begun, go_on = threading.Event(), threading.Event()

    def read(connection: Connection) -> int:
        begun.set()
        go_on.wait(30)
        found: int = connection.execute(COUNT).scalar_one()
        return found

    reading = asyncio.create_task(database.read(read))
    await asyncio.to_thread(begun.wait, 30)
    reading.cancel()
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    assert not closing.done()
    go_on.set()
    await closing

    assert reading.cancelled()
    assert 0 == database.engine.pool.checkedout()  # type: ignore[attr-defined]  # of the pools that we use
