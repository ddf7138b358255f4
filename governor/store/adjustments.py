"""Adjustments among the entries, as they were put on record."""

from sqlalchemy import ColumnElement, Connection, literal_column, select

from governor.core.ledger.entry import EntryKind
from governor.store.tables import ENTRIES


def read_adjustments(connection: Connection, before: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
    """Return id and record of adjustments, newest first; ``before`` is where a page begins, or None."""
    # A constant of ours, written into the text so that the planner may use the partial index.
    kind: ColumnElement[str] = literal_column(f"'{EntryKind.ADJUSTMENT.value}'")
    query = select(ENTRIES.c.id, ENTRIES.c.result).where(ENTRIES.c.kind == kind)
    if before is not None:
        query = query.where(ENTRIES.c.id < before)
    rows = connection.execute(query.order_by(ENTRIES.c.id.desc()).limit(limit))
    return [(bytes(row.id), bytes(row.result)) for row in rows]
