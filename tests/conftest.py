"""Databases, clocks and ledgers for every room's tests."""

import logging
import os
import shutil
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog
from psycopg import sql

from governor.core.ledger.memory import MemoryLedger
from governor.core.ledger.port import Ledger
from governor.store import migrate
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from governor.store.tables import METADATA
from governor.store.verify import verify

POSTGRES_URL = os.environ.get("GOVERNOR_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
NOON_S = 1_764_504_000
"""2025-11-30 12:00 UTC: far from every midnight."""


class FakeClock:
    """A clock that stands still until a test moves it. Returns Unix seconds."""

    def __init__(self, now_s: float = NOON_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """Return the present instant."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once for each reason how many tests it kept from running: pytest alone counts them."""
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} tests were skipped: {reason.removeprefix('Skipped: ')}")


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Let no test leave its logs behind: a server that is started configures those of the whole process."""
    root = logging.getLogger()
    level, handlers, configured = root.level, root.handlers[:], structlog.get_config()
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    structlog.configure(**configured)


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that stands at noon."""
    return FakeClock()


def _administer(statement: str, name: str) -> None:
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(name=sql.Identifier(name)))


def _postgres_url(name: str) -> str:
    return POSTGRES_URL.rsplit("/", 1)[0] + "/" + name


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "governor.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.engine.dispose()
    return path


@pytest.fixture(scope="session")
def empty_postgres() -> Iterator[str]:
    """Give the name of a migrated PostgreSQL database; without a server, skip (in CI: fail)."""
    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        why = str(error).partition("\n")[0]
        message = (
            f"no PostgreSQL at {POSTGRES_URL.rsplit('@', 1)[-1]}; start one, or set GOVERNOR_TEST_POSTGRES ({why})"
        )
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    name = f"governor_test_{uuid.uuid4().hex[:12]}"
    _administer("CREATE DATABASE {name}", name)
    database = Database(_postgres_url(name))
    migrate.upgrade(database)
    database.engine.dispose()
    yield name
    _administer("DROP DATABASE {name} WITH (FORCE)", name)


@pytest.fixture
def sqlite_url(empty_sqlite: Path, tmp_path: Path) -> str:
    """Give the URL of a fresh, migrated SQLite file."""
    path = tmp_path / "governor.db"
    shutil.copy(empty_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(empty_postgres: str) -> str:
    """Give the URL of a migrated PostgreSQL database that was emptied: much faster than a new one for each test."""
    with psycopg.connect(_postgres_url(empty_postgres), autocommit=True) as connection:
        for table in METADATA.tables:
            connection.execute(sql.SQL("DELETE FROM {table}").format(table=sql.Identifier(table)))
    return _postgres_url(empty_postgres)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a fresh, migrated database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give an open, migrated database, once of each kind."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sql_ledger(database: Database, clock: FakeClock) -> AsyncIterator[SqlLedger]:
    """Give a started ledger on each kind of database; afterwards every balance must follow from the records."""
    ledger = SqlLedger(database, clock)
    await ledger.start()
    yield ledger
    await ledger.close()
    differences = await database.read(lambda connection: list(verify(connection, clock())))

    assert [] == differences


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def ledger(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Ledger]:
    """Give a started ledger of every kind; afterwards every balance must follow from the records."""
    if request.param == "memory":
        yield MemoryLedger(clock)
        return
    database = Database(request.getfixturevalue(f"{request.param}_url"))
    ledger = SqlLedger(database, clock)
    await ledger.start()
    yield ledger
    await ledger.close()
    differences = await database.read(lambda connection: list(verify(connection, clock())))
    await database.close()

    assert [] == differences
