"""The schema: from nothing to the newest version on both databases, with the data of every version kept."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, MetaData, Table, insert, select

from governor.store import migrate
from governor.store.database import Database
from governor.store.tables import METADATA
from tests.conftest import POSTGRES_URL

STEPS = [
    script.revision
    for script in reversed(
        list(ScriptDirectory(str(migrate.VERSIONS), version_locations=[str(migrate.VERSIONS)]).walk_revisions())
    )
]


@pytest.fixture(params=["sqlite", "postgres"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty database without a schema."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/bare.db")
        yield database
        database.engine.dispose()
        return
    request.getfixturevalue("empty_postgres")
    name = f"governor_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        database = Database(POSTGRES_URL.rsplit("/", 1)[0] + "/" + name)
        yield database
        database.engine.dispose()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_the_newest_schema_is_that_of_the_tables(bare: Database) -> None:
    """What ``alembic check`` looks at: no table or column is missing or left over."""
    migrate.upgrade(bare)

    assert [] == bare.read_now(lambda connection: compare_metadata(MigrationContext.configure(connection), METADATA))


def test_upgrading_twice_changes_nothing(bare: Database) -> None:
    """The second one finds everything done."""
    first = migrate.upgrade(bare)

    assert (True, first) == (first.is_current, migrate.upgrade(bare))


def test_an_old_schema_is_migrated_or_refused(bare: Database) -> None:
    """SQLite migrates at start; PostgreSQL names the command."""
    if bare.is_sqlite:
        migrate.ensure(bare)
    else:
        with pytest.raises(migrate.SchemaError, match="governor db upgrade"):
            migrate.ensure(bare)

    assert bare.is_sqlite == bare.read_now(migrate.check).is_current


def test_a_newer_schema_is_refused(bare: Database) -> None:
    """The program does not know what it may do to it."""
    migrate.upgrade(bare)
    bare.write_now(lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'v9999'"))
    with pytest.raises(migrate.SchemaError, match="newer"):
        migrate.ensure(bare)

    assert "v9999" == bare.read_now(migrate.check).current


@pytest.mark.parametrize("step", STEPS)
def test_the_rows_of_every_version_are_kept(bare: Database, step: str) -> None:
    """Each table of a version gets a row, then the schema goes to the newest version; the rows are there."""
    migrate.upgrade(bare, step)
    filled = bare.write_now(_fill)
    migrate.upgrade(bare)
    kept = bare.read_now(lambda connection: {name: _count(connection, name) for name in filled})

    assert dict.fromkeys(filled, 1) == kept


def test_deliveries_without_an_alert_are_forgotten(bare: Database) -> None:
    """They kept every alert after them from being delivered; the deliveries of an alert stay."""
    migrate.upgrade(bare, "v0022")
    bare.write_now(_fill)

    def orphan(connection: Connection) -> None:
        deliveries = METADATA.tables["alert_deliveries"]
        row = connection.execute(select(deliveries)).one()
        connection.execute(insert(deliveries).values(row._asdict() | {"alert_id": b"\x02" * 16}))

    bare.write_now(orphan)
    migrate.upgrade(bare)

    assert 1 == bare.read_now(lambda connection: _count(connection, "alert_deliveries"))


def _fill(connection: Connection) -> list[str]:
    """Put one row into every table that this version has, as this version's columns are."""
    reflected = MetaData()
    reflected.reflect(connection)
    names = [name for name in reflected.tables if name != "alembic_version"]
    for name in names:
        connection.execute(insert(reflected.tables[name]).values(_row(reflected.tables[name])))
    return names


def _row(table: Table) -> dict[str, Any]:
    samples: dict[type, Any] = {bytes: b"\x01" * 16, int: 7, str: "x"}
    return {column.name: samples[column.type.python_type] for column in table.columns}


def _count(connection: Connection, name: str) -> int:
    return len(connection.execute(select(METADATA.tables[name])).all())
