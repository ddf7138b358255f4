"""Decisions as a replay reads them: what was asked, and what was reported. What nobody needs is not decoded."""

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, select

from governor.core.ledger.reservation import Facts
from governor.core.usage import Usage
from governor.store.bodies import unpack_body
from governor.store.decisions import id_floor
from governor.store.tables import DECISIONS, ENTRIES


class Reported(NamedTuple):
    """Usage posted for a decision; ``kind`` is that of its entry."""

    kind: str
    received_at_ms: int
    usage: Usage


class Asked(NamedTuple):
    """A decision with what was reported on it, the oldest first.

    Attributes:
        request: The request's body; ``b""`` once it was forgotten.
        record: See ``facts``.
    """

    id: bytes
    client: str
    at_ms: int
    state: str
    record: bytes
    request: bytes
    reported: Sequence[Reported]

    @property
    def facts(self) -> Facts:
        """What it was settled by; decoded when it is asked for, because the request mostly says all."""
        return _decision(self.record).facts


class _Decision(msgspec.Struct, array_like=True):
    """``DecisionRecord`` without its holds."""

    holds: msgspec.Raw
    facts: Facts


class _Entry(msgspec.Struct, array_like=True):
    """The beginning of ``EntryRecord``; what follows is skipped."""

    root_event_id: msgspec.Raw
    usage: Usage


_decision = msgspec.msgpack.Decoder(_Decision).decode
_entry = msgspec.msgpack.Decoder(_Entry).decode
# Made once: a statement that is made anew for each page leaves cycles behind, and their memory waits for the collector.
_DECISIONS_AFTER = (
    select(*[DECISIONS.c[name] for name in ("id", "client", "at_ms", "state", "record", "request")])
    .where(DECISIONS.c.id > bindparam("last"), DECISIONS.c.id < bindparam("too_late"))
    .order_by(DECISIONS.c.id)
    .limit(bindparam("most"))
)
_ENTRIES_OF = select(*[ENTRIES.c[name] for name in ("decision_id", "id", "kind", "received_at_ms", "record")]).where(
    ENTRIES.c.decision_id.between(bindparam("first"), bindparam("last"))
)
_AFTER_ALL = b"\xff" * 16
"""Later than every id."""

_oldest = itemgetter(1)


def asked_after(connection: Connection, last: bytes, until_ms: int | None, limit: int) -> list[Asked]:
    """Return the next decisions in the order in which they were made, with what was reported on them.

    Args:
        connection: Of one read.
        last: The id of the last decision that was read, or ``id_floor`` of where to begin.
        until_ms: First instant that is too late, Unix milliseconds, or None.
        limit: At most so many.
    """
    too_late = id_floor(until_ms) if until_ms is not None else _AFTER_ALL
    rows = connection.execute(_DECISIONS_AFTER, {"last": last, "too_late": too_late, "most": limit}).all()
    if not rows:
        return []
    reported: dict[bytes, list[Reported]] = {}
    # All decisions between the first and the last are on this page, so that two ids say which entries are theirs.
    entries = connection.execute(_ENTRIES_OF, {"first": rows[0][0], "last": rows[-1][0]}).all()
    for decision_id, _, kind, received_at_ms, record in sorted(entries, key=_oldest):
        reported.setdefault(decision_id, []).append(Reported(kind, received_at_ms, _entry(record).usage))
    return [
        Asked(decision_id, client, at_ms, state, record, unpack_body(request), reported.get(decision_id, ()))
        for decision_id, client, at_ms, state, record, request in rows
    ]
