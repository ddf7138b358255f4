"""The database: one SQLite file, or PostgreSQL. The only place that knows how either is opened."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from governor.core.errors import GovernorError

T = TypeVar("T")

CACHE_KIB = 64 * 1024
"""Pages of a SQLite file that a connection keeps: those that decisions write again and again."""

SCAN_CACHE_KIB = 2 * 1024
"""The same for whoever reads a file through once, page after page, and meets none of them again."""

BUSY_TIMEOUT_MS = 5_000
"""How long a writer waits for another process's transaction on the same SQLite file before it tries again."""

STATEMENT_TIMEOUT_MS = 30_000
"""No statement of a request runs longer; on PostgreSQL no transaction stays idle longer either."""

LOCK_TIMEOUT_MS = 5_000
"""How long a PostgreSQL statement waits for a row that another worker holds."""


class DatabaseUrlError(GovernorError):
    """A database URL that we cannot use."""

    code = "invalid_database_url"


class Database:
    """Opens connections for the ledger, and runs reads and small writes in threads.

    Args:
        url: ``sqlite:///file.db`` or ``postgresql://user@host/name``.
        cache_kib: What each connection to a SQLite file keeps of it in memory, at most.

    Raises:
        DatabaseUrlError: If the URL is of another kind.
    """

    def __init__(self, url: str, *, cache_kib: int = CACHE_KIB) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url, cache_kib) if self.is_sqlite else _postgres_engine(self.url)
        # Whoever compares rows with what other rows say must not see the one before and the other after a commit:
        # on SQLite a transaction is like that anyway.
        snapshot = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = self.engine.execution_options(**snapshot)
        self._in_use = 0
        self._returned = threading.Condition()

    @property
    def name(self) -> str:
        """The URL without its password, for logs."""
        return self.url.render_as_string(hide_password=True)

    async def read(self, function: Callable[[Connection], T]) -> T:
        """Run a function on a connection in a thread; it sees one consistent state and changes nothing."""
        return await asyncio.to_thread(self.read_now, function)

    async def write(self, function: Callable[[Connection], T]) -> T:
        """Run a function on a connection in a thread, in one transaction that is committed if it returns."""
        return await asyncio.to_thread(self.write_now, function)

    def read_now(self, function: Callable[[Connection], T]) -> T:
        """Run a reading function here; see ``read``."""
        with self._used(), self._reading.connect() as connection:
            return function(connection)

    def write_now(self, function: Callable[[Connection], T]) -> T:
        """Run a writing function here; see ``write``."""
        with self._used(), self.writing() as connection:
            return function(connection)

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a transaction that may write; on SQLite it takes the file's write lock at once."""
        return self.engine.execution_options(governor_writes=True).begin()

    def open_sqlite(self) -> sqlite3.Connection:
        """Open the driver's own connection, with transactions left to the caller."""
        connection = sqlite3.connect(_path(self.url), isolation_level=None, check_same_thread=False)
        _prepare_sqlite(connection, CACHE_KIB)
        return connection

    def open_postgres(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Open the driver's own connection, with transactions left to the caller."""
        return psycopg.connect(
            self.url.set(drivername="postgresql").render_as_string(hide_password=False),
            autocommit=True,
            options=_postgres_options(),
            connect_timeout=5,
        )

    async def close(self) -> None:
        """Close all pooled connections, once those have come back that threads still use.

        Whoever waited for a thread may have been cancelled: the thread goes on to the end of what it does.
        """
        await asyncio.to_thread(self._dispose)

    def _dispose(self) -> None:
        with self._returned:
            self._returned.wait_for(lambda: not self._in_use, STATEMENT_TIMEOUT_MS / 1000)
        self.engine.dispose()

    @contextmanager
    def _used(self) -> Iterator[None]:
        with self._returned:
            self._in_use += 1
        try:
            yield
        finally:
            with self._returned:
                self._in_use -= 1
                self._returned.notify_all()


def _checked(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise DatabaseUrlError(
            "the database URL cannot be read; write it like sqlite:///governor.db or postgresql://user@host/name"
        ) from error
    backend = url.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise DatabaseUrlError(f"`{backend}` is not supported; use sqlite:///governor.db or postgresql://...")
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise DatabaseUrlError("a SQLite database must be a file; write it like sqlite:///governor.db")
    return url


def _path(url: URL) -> str:
    return str(Path(str(url.database)))


def _prepare_sqlite(connection: sqlite3.Connection, cache_kib: int) -> None:
    """Make commits durable and readers independent of writers."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")


def _sqlite_engine(url: URL, cache_kib: int) -> Engine:
    engine = create_engine(url.set(drivername="sqlite"), connect_args={"check_same_thread": False})
    event.listen(engine, "connect", lambda connection, _: _prepare_sqlite(connection, cache_kib))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail as soon as another process wrote in between.
    writes = connection.get_execution_options().get("governor_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres_engine(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"options": _postgres_options(), "connect_timeout": 5},
    )


def _postgres_options() -> str:
    return (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
        f" -c idle_in_transaction_session_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
    )
