"""Outcomes as rows: append-only, each report once, summed up by use case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite

from governor.core.ledger.results import EventStatus
from governor.core.money import NANO_PER_USD
from governor.store.tables import OUTCOMES


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One report, in the order of the table's columns; times are Unix milliseconds."""

    id: bytes
    event_key: bytes
    source: str
    event_id: str
    body_digest: bytes
    received_at_ms: int
    occurred_at_ms: int
    use_case: str
    task: str
    count: int
    worth_nano_usd: int | None


@dataclass(frozen=True, slots=True)
class OutcomeSums:
    """Outcomes of a use case: all, those whose worth is known, and what these are worth in nano-USD."""

    outcomes: int
    valued_outcomes: int
    worth_nano_usd: int


def insert_outcomes(connection: Connection, rows: Sequence[OutcomeRow]) -> list[tuple[EventStatus, int | None]]:
    """Keep new reports; return for each how it was taken, and the worth that is recorded under its key."""
    if not rows:
        return []
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    columns = OUTCOMES.c.keys()
    # In the order of the keys: two workers that are sent the same reports wait for each other, never in a circle.
    ordered = sorted(rows, key=lambda row: row.event_key)
    connection.execute(
        dialect.insert(OUTCOMES).on_conflict_do_nothing(index_elements=["event_key"]),
        [{name: getattr(row, name) for name in columns} for row in ordered],
    )
    kept = {
        bytes(found.event_key): found
        for found in connection.execute(
            select(OUTCOMES.c.event_key, OUTCOMES.c.id, OUTCOMES.c.body_digest, OUTCOMES.c.worth_nano_usd).where(
                OUTCOMES.c.event_key.in_([row.event_key for row in rows])
            )
        )
    }
    return [_taken(row, kept[row.event_key]) for row in rows]


def _taken(row: OutcomeRow, kept: Any) -> tuple[EventStatus, int | None]:
    if bytes(kept.id) == row.id:
        return EventStatus.RECORDED, kept.worth_nano_usd
    if bytes(kept.body_digest) == row.body_digest:
        return EventStatus.DUPLICATE, kept.worth_nano_usd
    return EventStatus.CONFLICT, None


def read_outcome_sums(connection: Connection, from_s: int | None, until_s: int | None) -> dict[str, OutcomeSums]:
    """Return the sums of each use case's outcomes in ``[from_s, until_s)``, Unix seconds; None is without a bound."""
    table = OUTCOMES.c
    valued = table.worth_nano_usd.is_not(None)
    # Whole USD and the rest apart: many large amounts would not fit 64 bits together.
    sums = (
        func.sum(table["count"]),
        func.sum(table["count"]).filter(valued),
        func.sum(table.worth_nano_usd // NANO_PER_USD),
        func.sum(table.worth_nano_usd % NANO_PER_USD),
    )
    query: Select[Any] = select(table.use_case, *(cast(func.coalesce(one, 0), BigInteger) for one in sums))
    if from_s is not None:
        query = query.where(table.occurred_at_ms >= from_s * 1000)
    if until_s is not None:
        query = query.where(table.occurred_at_ms < until_s * 1000)
    return {
        str(name): OutcomeSums(int(outcomes), int(valued_outcomes), int(usd) * NANO_PER_USD + int(nano))
        for name, outcomes, valued_outcomes, usd, nano in connection.execute(query.group_by(table.use_case))
    }
