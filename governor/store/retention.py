"""Forgetting what old decisions, usage events and alerts said, and keeping what they cost.

Every balance and every hourly sum follows from records, so none of those is removed: an entry keeps its amounts, and a
decision that holds, charged or was reported on keeps its holds and facts. What goes is text (requests, answers,
providers' objects) and decisions that cost nothing and that nobody reported on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from governor.core.alerts.alert import DeliveryState
from governor.core.ledger.entry import EntryKind
from governor.core.ledger.reservation import ReservationState
from governor.store.records import decode_decision, decode_entry, encode_record
from governor.store.tables import ALERT_DELIVERIES, ALERTS, DECISIONS, ENTRIES

_REPORTED = frozenset({ReservationState.SETTLED.value, ReservationState.SETTLED_LATE.value})
_UNREPORTED = frozenset({ReservationState.HELD.value, ReservationState.EXPIRED.value})

_USAGE = tuple(str(kind) for kind in EntryKind if kind not in {EntryKind.ADJUSTMENT, EntryKind.RERATING})
"""Entries whose result is an answer to a gateway; that of the others is the audit's record."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one page came to.

    Attributes:
        last: The last id that was looked at, or None if there was nothing left.
        removed: Decisions that are gone.
        emptied: Decisions or events whose text is gone.
    """

    last: bytes | None
    removed: int = 0
    emptied: int = 0


def forget_decisions(connection: Connection, *, after: bytes, before: bytes, limit: int) -> Forgotten:
    """Remove the next decisions that cost nothing, and the text of the others.

    Args:
        connection: A transaction that writes.
        after: The last decision that was looked at before.
        before: Decisions from this id on are left alone; all before have ended.
        limit: Decisions to look at.
    """
    columns = DECISIONS.c
    # Locked, so that usage that is reported right now is either seen here or finds no decision any more.
    page = (
        select(columns.id, columns.state, columns.record)
        .where(columns.id > after, columns.id < before)
        .order_by(columns.id)
        .limit(limit)
        .with_for_update()
    )
    rows = [tuple(row) for row in connection.execute(page)]
    if not rows:
        return Forgotten(None)
    reported = _reported(connection, (row[0] for row in rows if row[1] in _UNREPORTED))
    kept = [row[0] for row in rows if _costs(*row, reported=reported)]
    removed = [row[0] for row in rows if row[0] not in set(kept)]
    connection.execute(delete(DECISIONS).where(columns.id.in_(removed)))
    connection.execute(update(DECISIONS).where(columns.id.in_(kept)).values(request=b"", answer=b""))
    return Forgotten(rows[-1][0], len(removed), len(kept))


def forget_event_texts(connection: Connection, *, after: bytes, before: bytes, limit: int) -> Forgotten:
    """Remove the answers and the providers' objects of the next usage events; see ``forget_decisions``."""
    columns = ENTRIES.c
    page = (
        select(columns.id, columns.kind, columns.record)
        .where(columns.id > after, columns.id < before)
        .order_by(columns.id)
        .limit(limit)
        .with_for_update()
    )
    rows = [tuple(row) for row in connection.execute(page)]
    if not rows:
        return Forgotten(None)
    emptied = [{"entry": row[0], "kept": _without_text(row[2])} for row in rows if row[1] in _USAGE]
    if emptied:
        changed = update(ENTRIES).where(columns.id == bindparam("entry"))
        connection.execute(changed.values(result=b"", record=bindparam("kept")), emptied)
    return Forgotten(rows[-1][0], 0, len(emptied))


def forget_alerts(connection: Connection, *, after: bytes, before: bytes, limit: int) -> Forgotten:
    """Remove the next alerts with the proofs of their deliveries; one that is still to be delivered stays.

    What a threshold has done stays as well: nothing is told a second time because it was forgotten.
    """
    columns, deliveries = ALERTS.c, ALERT_DELIVERIES.c
    page = select(columns.id).where(columns.id > after, columns.id < before).order_by(columns.id).limit(limit)
    found = [bytes(alert_id) for alert_id in connection.execute(page.with_for_update()).scalars()]
    if not found:
        return Forgotten(None)
    waiting = (deliveries.alert_id.in_(found), deliveries.state == DeliveryState.WAITING.value)
    kept = {bytes(alert_id) for alert_id in connection.execute(select(deliveries.alert_id).where(*waiting)).scalars()}
    removed = [alert_id for alert_id in found if alert_id not in kept]
    connection.execute(delete(ALERT_DELIVERIES).where(deliveries.alert_id.in_(removed)))
    connection.execute(delete(ALERTS).where(columns.id.in_(removed)))
    return Forgotten(found[-1], len(removed))


def count_before(connection: Connection, *, after: bytes, before: bytes) -> int:
    """Return how many decisions there are between two ids."""
    query = select(func.count()).select_from(DECISIONS).where(DECISIONS.c.id > after, DECISIONS.c.id < before)
    return int(connection.execute(query).scalar_one())


def _reported(connection: Connection, ids: Iterable[bytes]) -> set[bytes]:
    """Return those that parts of a call were reported for, though its end never was."""
    query = select(ENTRIES.c.decision_id).where(ENTRIES.c.decision_id.in_(list(ids)))
    return set(connection.execute(query).scalars())


def _costs(decision_id: bytes, state: str, record: bytes, *, reported: set[bytes]) -> bool:
    """Tell whether a balance, or a later correction, needs to know of a decision."""
    if state in _REPORTED or decision_id in reported:
        return True
    return state in _UNREPORTED and any(held.charge_on_expiry for held in decode_decision(record)[0])


def _without_text(record: bytes) -> Any:
    return encode_record(msgspec.structs.replace(decode_entry(record), provider_usage=b""))
