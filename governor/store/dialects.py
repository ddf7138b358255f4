"""Where the two databases want the same thing said differently."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return the insert of a connection's own database: only that one knows ``ON CONFLICT``."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def inserted(
    connection: Connection, statement: postgresql.Insert | sqlite.Insert, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Insert rows and return how many of them were new.

    The count is kept at once: asked for afterwards, it is -1 on PostgreSQL, whose cursor is closed by then.
    """
    return connection.execute(statement.execution_options(preserve_rowcount=True), rows).rowcount
