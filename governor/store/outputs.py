"""Output tokens of recorded calls, a page at a time: a stretch of the primary key, whatever else is stored."""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from governor.core.ledger.entry import EntryKind
from governor.store.tables import ENTRIES


@dataclass(frozen=True, slots=True)
class RecordedOutput:
    """What one event says of a call's output.

    Attributes:
        id: The entry.
        decision_id: The decision it belongs to, or None.
        ends: False for a part of a call that goes on.
        model: Canonical id of the model that was used.
        use_case: Whom it was booked on, or ``""``.
        output_tokens: As posted by this event.
    """

    id: bytes
    decision_id: bytes | None
    ends: bool
    model: str
    use_case: str
    output_tokens: int


@dataclass(frozen=True, slots=True)
class OutputPage:
    """Outputs, newest first; ``next`` is where the next page ends, or None if there is none."""

    outputs: list[RecordedOutput]
    next: bytes | None


class _Counts(msgspec.Struct):
    input_tokens: int = 0
    output_tokens: int = 0


class _Dimensions(msgspec.Struct):
    use_case: str = ""


class _Record(msgspec.Struct, array_like=True):
    """The beginning of ``EntryRecord``; what is not needed is skipped, which takes a fifth of reading all of it."""

    root_event_id: msgspec.Raw
    usage: _Counts
    charges: msgspec.Raw
    rollup: _Dimensions
    rolled: msgspec.Raw
    unpriced: bool
    estimated: bool


_decode = msgspec.msgpack.Decoder(_Record).decode

_COUNTED = frozenset({EntryKind.SETTLEMENT, EntryKind.LATE, EntryKind.UNRESERVED, EntryKind.ADDITIONAL})


def read_outputs(connection: Connection, after: bytes, before: bytes, limit: int) -> OutputPage:
    """Return the outputs of the newest entries between two ids, looking at no more than ``limit`` entries.

    Left out are corrections, guesses, batches, and calls that report nothing, because they failed.
    """
    columns = ENTRIES.c
    query = (
        select(columns.id, columns.kind, columns.decision_id, columns.model, columns.requests, columns.record)
        .where(columns.id >= after, columns.id < before)
        .order_by(columns.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    # A part of a call stands for no request, a batch for several.
    calls = [row for row in rows if row.kind in _COUNTED and row.requests in {0, 1}]
    outputs = [found for row in calls if (found := _output(row)) is not None]
    return OutputPage(outputs, bytes(rows[-1].id) if len(rows) == limit else None)


def _output(row: Any) -> RecordedOutput | None:
    record = _decode(row.record)
    if record.estimated or not (record.usage.input_tokens or record.usage.output_tokens):
        return None
    return RecordedOutput(
        id=bytes(row.id),
        decision_id=bytes(row.decision_id) if row.decision_id is not None else None,
        ends=row.requests == 1,
        model=row.model,
        use_case=record.rollup.use_case,
        output_tokens=record.usage.output_tokens,
    )
