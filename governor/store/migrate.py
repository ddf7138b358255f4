"""The schema: brought to the newest version on SQLite at start, checked on PostgreSQL, upgraded by command.

The scripts are in ``governor/store/versions``; the top-level ``alembic/`` folder runs the same functions for
``alembic revision`` and ``alembic check``.
"""

from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from governor.core.errors import GovernorError
from governor.store.database import Database
from governor.store.tables import METADATA

VERSIONS = Path(__file__).parent / "versions"

MIGRATION_LOCK = 7_201_733
"""PostgreSQL advisory lock that lets one process migrate at a time."""


class SchemaError(GovernorError):
    """The database's schema is not the one that this program needs."""

    code = "schema_outdated"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which schema version a database has, ``""`` if it is empty, and which one this program needs."""

    current: str
    head: str

    @property
    def is_current(self) -> bool:
        """Whether the program can run on it."""
        return self.current == self.head


def head() -> str:
    """Return the schema version that this program needs."""
    return str(_scripts().get_current_head())


def check(connection: Connection) -> SchemaState:
    """Compare a database's schema version with the program's."""
    current = MigrationContext.configure(connection).get_current_revision()
    return SchemaState(current or "", head())


def upgrade(database: Database, to: str = "head") -> SchemaState:
    """Migrate to a version in one transaction; another process that does so at the same time waits.

    Args:
        database: What to migrate.
        to: A version, or ``head``.

    Returns:
        The state afterwards.
    """
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        run(connection, to)
    return database.read_now(check)


def ensure(database: Database) -> None:
    """Make ready to serve: migrate SQLite, and refuse an old or unknown schema on PostgreSQL.

    Raises:
        SchemaError: If somebody has to migrate first, or the database is newer than the program.
    """
    state = database.read_now(check)
    if state.is_current:
        return
    known = {script.revision for script in _scripts().walk_revisions()}
    if state.current and state.current not in known:
        raise SchemaError(
            f"the database has schema `{state.current}`, which this program does not know; run a newer governor"
        )
    if not database.is_sqlite:
        raise SchemaError(
            f"the database has schema `{state.current or 'none'}` and needs `{state.head}`; run `governor db upgrade`"
        )
    upgrade(database)


def run(connection: Connection, to: str) -> None:
    """Run the migrations up to a version on an open connection, inside its transaction."""
    scripts = _scripts()
    with EnvironmentContext(Config(), scripts, fn=lambda current, _: scripts._upgrade_revs(to, current)) as context:  # noqa: SLF001 - alembic's own commands do it this way and offer no other
        context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
        context.run_migrations()


def _scripts() -> ScriptDirectory:
    # The first argument is where templates of new scripts would be; only `alembic revision` needs them.
    return ScriptDirectory(str(VERSIONS), version_locations=[str(VERSIONS)])
