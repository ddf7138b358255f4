"""Outcomes as rows: append-only, each report once, corrections in chains, summed up by use case."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, cast, exists, func, select

from governor.core.ledger.results import EventStatus
from governor.core.money import NANO_PER_USD
from governor.store.dialects import insert_into
from governor.store.tables import OUTCOMES

READ_AT_A_TIME = 2_000
"""Rows of a stream that are in memory at a time."""

Taken = tuple[EventStatus, int | None]
"""How a report was taken, and the worth that is recorded under its key."""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One report, with the table's columns; times are Unix milliseconds.

    Attributes:
        occurred_at_ms: None in a correction: when what it corrects came.
        corrects_key: The event key that the reporter names as corrected; kept is that of the latest in its chain.
    """

    id: bytes
    event_key: bytes
    source: str
    event_id: str
    body_digest: bytes
    received_at_ms: int
    occurred_at_ms: int | None
    use_case: str
    task: str
    count: int
    worth_nano_usd: int | None
    corrects_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class OutcomeSums:
    """Outcomes of a use case: all, those whose worth is known, and what these are worth in nano-USD."""

    outcomes: int
    valued_outcomes: int
    worth_nano_usd: int

    def plus(self, other: "OutcomeSums") -> "OutcomeSums":
        """Return both together."""
        return OutcomeSums(
            self.outcomes + other.outcomes,
            self.valued_outcomes + other.valued_outcomes,
            self.worth_nano_usd + other.worth_nano_usd,
        )


NO_OUTCOMES = OutcomeSums(0, 0, 0)
"""Nothing came of it."""


def insert_outcomes(connection: Connection, rows: Sequence[OutcomeRow]) -> list[Taken]:
    """Keep new reports, corrections after the others; return for each how it was taken.

    A correction of a report that is not known is rejected.
    """
    plain = [row for row in rows if row.corrects_key is None]
    _insert(connection, plain)
    kept = _kept(connection, [row.event_key for row in plain])
    corrected = {row.id: _correct(connection, row) for row in rows if row.corrects_key is not None}
    return [corrected[row.id] if row.id in corrected else _taken(row, kept[row.event_key]) for row in rows]


def _insert(connection: Connection, rows: Sequence[OutcomeRow]) -> None:
    if not rows:
        return
    # In the order of the keys: two workers that are sent the same reports wait for each other, never in a circle.
    ordered = sorted(rows, key=lambda row: row.event_key)
    connection.execute(insert_into(connection, OUTCOMES).on_conflict_do_nothing(), [asdict(row) for row in ordered])


def _kept(connection: Connection, keys: Collection[bytes]) -> dict[bytes, Row[Any]]:
    found = connection.execute(select(OUTCOMES).where(OUTCOMES.c.event_key.in_(keys))) if keys else ()
    return {bytes(row.event_key): row for row in found}


def _taken(row: OutcomeRow, kept: Row[Any]) -> Taken:
    if bytes(kept.id) == row.id:
        return EventStatus.RECORDED, kept.worth_nano_usd
    if bytes(kept.body_digest) == row.body_digest:
        return EventStatus.DUPLICATE, kept.worth_nano_usd
    return EventStatus.CONFLICT, None


def _correct(connection: Connection, row: OutcomeRow) -> Taken:
    """Put a correction at the end of the chain that it names a report of."""
    assert row.corrects_key is not None
    while True:
        kept = _kept(connection, [row.event_key]).get(row.event_key)
        if kept is not None:
            return _taken(row, kept)
        latest = _latest(connection, row.corrects_key)
        if latest is None:
            return EventStatus.REJECTED, None
        # Another worker may correct the same report just now: a key is corrected once, so one of the two looks again.
        occurred_at_ms = latest.occurred_at_ms if row.occurred_at_ms is None else row.occurred_at_ms
        _insert(connection, [replace(row, corrects_key=bytes(latest.event_key), occurred_at_ms=occurred_at_ms)])


def _latest(connection: Connection, key: bytes) -> Row[Any] | None:
    """Return the last correction of a report, or itself; None if it is not known."""
    latest = _kept(connection, [key]).get(key)
    while latest is not None:
        following = connection.execute(select(OUTCOMES).where(OUTCOMES.c.corrects_key == latest.event_key)).first()
        if following is None:
            break
        latest = following
    return latest


def read_outcome_sums(
    connection: Connection, from_s: int | None, until_s: int | None, former_use_cases: Mapping[str, str]
) -> dict[str, OutcomeSums]:
    """Return the sums of each use case's outcomes in ``[from_s, until_s)``, Unix seconds; None is without a bound.

    A renamed one has outcomes under each of its names: they are summed under the present one.
    """
    query = _sums_by(OUTCOMES.c.use_case, from_s=from_s, until_s=until_s)
    found: dict[str, OutcomeSums] = {}
    for name, *row in connection.execute(query):
        if row[0]:
            present = former_use_cases.get(str(name), str(name))
            found[present] = found.get(present, NO_OUTCOMES).plus(_sums(row))
    return found


def read_task_outcomes(
    connection: Connection, from_s: int | None, until_s: int | None
) -> Iterator[tuple[str, str, OutcomeSums]]:
    """Yield use case, task (``""``: none was named) and sums of outcomes, with bounds as above."""
    query = _sums_by(OUTCOMES.c.use_case, OUTCOMES.c.task, from_s=from_s, until_s=until_s)
    options = {"stream_results": True, "yield_per": READ_AT_A_TIME}
    for use_case, task, *row in connection.execute(query, execution_options=options):
        if row[0]:
            yield str(use_case), str(task), _sums(row)


def _sums_by(*columns: ColumnElement[str], from_s: int | None, until_s: int | None) -> Select[Any]:
    table = OUTCOMES.c
    later = OUTCOMES.alias("later")
    count, worth = table["count"], table.worth_nano_usd
    # Whole USD and the rest apart: many large amounts would not fit 64 bits together.
    sums = (
        func.sum(count),
        func.sum(count).filter(worth.is_not(None)),
        func.sum(worth // NANO_PER_USD),
        func.sum(worth % NANO_PER_USD),
    )
    selected: list[ColumnElement[Any]] = [*columns, *(cast(func.coalesce(one, 0), BigInteger) for one in sums)]
    query: Select[Any] = select(*selected).where(~exists().where(later.c.corrects_key == table.event_key))
    if from_s is not None:
        query = query.where(table.occurred_at_ms >= from_s * 1000)
    if until_s is not None:
        query = query.where(table.occurred_at_ms < until_s * 1000)
    return query.group_by(*columns)


def _sums(row: Sequence[int]) -> OutcomeSums:
    outcomes, valued_outcomes, usd, nano = (int(number) for number in row)
    return OutcomeSums(outcomes, valued_outcomes, usd * NANO_PER_USD + nano)
