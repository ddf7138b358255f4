"""Decisions as a replay reads them: what was asked, and what was reported. What nobody needs is not decoded."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

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
        facts: What it was settled by.
        request: The request's body; ``b""`` once it was forgotten.
    """

    id: bytes
    client: str
    at_ms: int
    state: str
    facts: Facts
    request: bytes
    reported: Sequence[Reported]


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
_DECISION = tuple(DECISIONS.c[name] for name in ("id", "client", "at_ms", "state", "record", "request"))
_ENTRY = tuple(ENTRIES.c[name] for name in ("decision_id", "kind", "received_at_ms", "record"))


def asked_after(connection: Connection, last: bytes, until_ms: int | None, limit: int) -> list[Asked]:
    """Return the next decisions in the order in which they were made, with what was reported on them.

    Args:
        connection: Of one read.
        last: The id of the last decision that was read, or ``id_floor`` of where to begin.
        until_ms: First instant that is too late, Unix milliseconds, or None.
        limit: At most so many.
    """
    query = select(*_DECISION).where(DECISIONS.c.id > last).order_by(DECISIONS.c.id).limit(limit)
    if until_ms is not None:
        query = query.where(DECISIONS.c.id < id_floor(until_ms))
    rows = connection.execute(query).all()
    reported: dict[bytes, list[Reported]] = {}
    if rows:
        entries = select(*_ENTRY).where(ENTRIES.c.decision_id.in_([row[0] for row in rows])).order_by(ENTRIES.c.id)
        for decision_id, kind, received_at_ms, record in connection.execute(entries):
            reported.setdefault(decision_id, []).append(Reported(kind, received_at_ms, _entry(record).usage))
    found: list[Asked] = []
    for decision_id, client, at_ms, state, record, request in rows:
        facts = _decision(record).facts
        body, uses = unpack_body(request), reported.get(decision_id, ())
        found.append(Asked(decision_id, client, at_ms, state, facts, body, uses))
    return found
