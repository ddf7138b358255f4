"""Whether records belong together: what a row repeats of its record, and what one row says of another."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, not_, or_, select

from governor.core.ledger.adjusting import rerating_event_id
from governor.core.ledger.adjustments import ADJUSTMENTS_SOURCE
from governor.core.ledger.changes import CLAIM_KEPT_S, rollup_amounts
from governor.core.ledger.entry import EntryKind
from governor.core.ledger.reservation import ReservationState
from governor.store.closings import CLOSINGS_SOURCE
from governor.store.differences import Difference, readable, stream
from governor.store.quota_terms import decode_terms, digest_of
from governor.store.records import EntryRecord, decode_decision, decode_entry, decode_scope, event_key
from governor.store.tables import BUDGETS, DECISIONS, ENTRIES, QUOTA_TERMS, REQUEST_KEYS

_SETTLED = (ReservationState.SETTLED.value, ReservationState.SETTLED_LATE.value)
_OWN_SOURCES = {ADJUSTMENTS_SOURCE: EntryKind.ADJUSTMENT.value, CLOSINGS_SOURCE: EntryKind.CLOSING.value}
_USAGE = tuple(
    kind.value for kind in (EntryKind.SETTLEMENT, EntryKind.ADDITIONAL, EntryKind.LATE, EntryKind.UNRESERVED)
)
_NOBODYS = (*_OWN_SOURCES.values(), EntryKind.UNRESERVED.value)


def verify_records(connection: Connection, now_s: float) -> Iterator[Difference]:
    """Compare rows with their own records and with one another; see ``verify``."""
    yield from _budgets(connection)
    yield from _entries(connection)
    yield from _corrections(connection)
    yield from _states(connection)
    yield from _settled_twice(connection)
    yield from _decisions(connection)
    yield from _claims(connection, now_s)
    yield from _terms(connection)


def _budgets(connection: Connection) -> Iterator[Difference]:
    """Whose a budget is can be searched for by what its scope says."""
    columns = BUDGETS.c
    query = select(columns.digest, columns.scope, columns.department, columns.team, columns.user)
    for digest, scope, *searched in stream(connection, query):
        found = readable(decode_scope, scope)
        said = [dict(found or ()).get(name, "") for name in ("department", "team", "user")]
        if found is None or searched != said:
            yield Difference("scope", digest.hex(), " ".join(searched), scope)


def _entries(connection: Connection) -> Iterator[Difference]:
    """What an entry's columns repeat: its key, its root, its kind, its model, its cost and its calls."""
    columns = ENTRIES.c
    query = select(
        columns.id,
        columns.event_key,
        columns.root_key,
        columns.kind,
        columns.source,
        columns.event_id,
        columns.model,
        columns.provider,
        columns.cost_nano_usd,
        columns.requests,
        columns.record,
    )
    for entry_id, key, root_key, kind, source, event_id, *repeated, blob in stream(connection, query):
        record = readable(decode_entry, blob)
        if record is None:
            yield Difference("record", event_id, "unreadable", "an entry")
            continue
        said = {
            "event_key": (key, event_key(source, event_id)),
            "root_key": (root_key, event_key(source, record.root_event_id)),
            "kind": (kind, _kind(kind, entry_id, source, event_id, record.root_event_id)),
            "model": ((repeated[0], repeated[1]), (record.rollup.model, record.rollup.provider)),
            "cost_nano_usd": (rollup_amounts(record.usage, repeated[2], repeated[3]), _rolled(record)),
        }
        for what, (stored, recomputed) in said.items():
            if stored != recomputed:
                yield Difference(what, event_id, _text(stored), _text(recomputed))


def _kind(kind: str, entry_id: bytes, source: str, event_id: str, root_event_id: str) -> str:
    """Return the kind that follows from an entry's ids; which one of usage it is, its decision tells."""
    if event_id == rerating_event_id(entry_id):
        return EntryKind.RERATING.value
    if event_id != root_event_id:
        return EntryKind.CORRECTION.value
    return _OWN_SOURCES.get(source, kind if kind in _USAGE else "usage")


def _rolled(record: EntryRecord) -> tuple[int, ...]:
    """Return what an entry added to all hours together."""
    nothing = rollup_amounts(type(record.usage)(), 0, 0)
    return tuple(sum(amounts) for amounts in zip(nothing, *(one.amounts for one in record.rolled), strict=True))


def _corrections(connection: Connection) -> Iterator[Difference]:
    """What corrects an event belongs to the same decision."""
    root = ENTRIES.alias("root")
    kinds = ENTRIES.c.kind.in_((EntryKind.CORRECTION.value, EntryKind.RERATING.value))
    query = (
        select(ENTRIES.c.event_id, ENTRIES.c.decision_id, root.c.decision_id, root.c.id)
        .join_from(ENTRIES, root, root.c.event_key == ENTRIES.c.root_key, isouter=True)
        .where(kinds, or_(root.c.id.is_(None), ENTRIES.c.decision_id.is_distinct_from(root.c.decision_id)))
    )
    for event_id, decision_id, of_root, root_id in stream(connection, query):
        yield Difference("entry", event_id, _text(decision_id), "no such event" if root_id is None else _text(of_root))


def _states(connection: Connection) -> Iterator[Difference]:
    """What an entry did to its decision is what became of the decision, and the other way round."""
    kind, state = ENTRIES.c.kind, DECISIONS.c.state
    is_reserved = and_(state.is_not(None), state != ReservationState.DENIED.value)
    wrong = or_(
        and_(kind == EntryKind.SETTLEMENT.value, state.is_distinct_from(_SETTLED[0])),
        and_(kind == EntryKind.LATE.value, state.is_distinct_from(_SETTLED[1])),
        and_(kind == EntryKind.ADDITIONAL.value, not_(is_reserved)),
        and_(kind.in_(_NOBODYS), is_reserved),
        and_(kind.in_(tuple(_OWN_SOURCES.values())), ENTRIES.c.decision_id.is_not(None)),
    )
    query = select(ENTRIES.c.event_id, kind, state).join_from(
        ENTRIES, DECISIONS, DECISIONS.c.id == ENTRIES.c.decision_id, isouter=True
    )
    for event_id, what, became in stream(connection, query.where(wrong)):
        yield Difference("entry", event_id, what, f"the decision is {became or 'not there'}")
    unposted = select(DECISIONS.c.id, state).where(
        state.in_(_SETTLED), not_(exists().where(ENTRIES.c.decision_id == DECISIONS.c.id, _settles()))
    )
    for decision_id, became in stream(connection, unposted):
        yield Difference("decision", decision_id.hex(), became, "nothing settles it")


def _settles() -> ColumnElement[bool]:
    return ENTRIES.c.kind.in_((EntryKind.SETTLEMENT.value, EntryKind.LATE.value))


def _settled_twice(connection: Connection) -> Iterator[Difference]:
    """A decision is settled once."""
    times = func.count()
    decision = ENTRIES.c.decision_id
    # Entries without a decision are left out so that the index orders the rest: no memory, however many there are.
    query = select(decision, times).where(decision.is_not(None), _settles()).group_by(decision).having(times > 1)
    for decision_id, count in stream(connection, query):
        yield Difference("decision", _text(decision_id), f"settled {count} times", "settled once")


def _decisions(connection: Connection) -> Iterator[Difference]:
    """A verdict is what became of a decision at first; what holds or charges can be read."""
    columns = DECISIONS.c
    is_denied = columns.state == ReservationState.DENIED.value
    verdicts = select(columns.id, columns.verdict, columns.state).where((columns.verdict == "deny") != is_denied)
    for decision_id, verdict, state in stream(connection, verdicts):
        yield Difference("verdict", decision_id.hex(), verdict, f"the decision is {state}")
    counted = columns.state.in_((ReservationState.HELD.value, ReservationState.EXPIRED.value))
    for decision_id, record in stream(connection, select(columns.id, columns.record).where(counted)):
        if readable(decode_decision, record) is None:
            yield Difference("record", decision_id.hex(), "unreadable", "a decision")


def _claims(connection: Connection, now_s: float) -> Iterator[Difference]:
    """Every remembered request key has its decision."""
    for table in REQUEST_KEYS:
        missing = select(table.c.claim).where(
            table.c.at_ms > int((now_s - CLAIM_KEPT_S) * 1000),
            not_(exists().where(DECISIONS.c.id == table.c.decision_id)),
        )
        for (claim,) in stream(connection, missing):
            yield Difference("claim", claim.hex(), "remembered", "no decision")


def _terms(connection: Connection) -> Iterator[Difference]:
    """What quotas said, by which periods that are over keep their limits: whole, in order, and none left out."""
    table = QUOTA_TERMS.c
    query = select(table.root, table.sequence, table.at_ms, table.digest, table.record)
    last_root, number, last_ms = "", -1, 0
    for root, sequence, at_ms, digest, record in stream(connection, query.order_by(table.root, table.sequence)):
        number, last_ms = (number + 1, last_ms) if root == last_root else (0, 0)
        if sequence != number or at_ms < last_ms:
            yield Difference("terms", root, f"number {sequence} at {at_ms}", f"number {number}, {last_ms} or later")
        if digest_of(record) != digest or readable(partial(decode_terms, root=root), record) is None:
            yield Difference("terms", root, f"number {sequence}: {digest.hex()}", digest_of(record).hex())
        last_root, number, last_ms = root, sequence, at_ms


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
