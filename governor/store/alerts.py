"""Alerts as rows: claimed once, and an outbox for each recipient."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from governor.core.alerts.alert import Alert, AlertKind, Delivery, DeliveryState
from governor.core.alerts.recipients import Channel, Recipient
from governor.core.alerts.thresholds import Mark
from governor.store.dialects import insert_into, inserted
from governor.store.instants import from_ms, to_ms
from governor.store.records import decode_scope, encode_scope
from governor.store.tables import ALERT_DELIVERIES, ALERT_MARKS, ALERTS


class _Record(msgspec.Struct):
    """What an alert's row keeps beside its columns."""

    title: str
    reason: str
    numbers: tuple[tuple[str, str], ...]
    ways_out: tuple[str, ...]
    urgent: bool


@dataclass(frozen=True, slots=True)
class OutboxState:
    """How many deliveries of a channel are in a state, and since when the oldest is due (Unix seconds)."""

    channel: str
    state: str
    count: int
    oldest_due_s: float


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Record).decode


def read_marks(connection: Connection, digests: Collection[bytes]) -> dict[bytes, dict[str, Mark]]:
    """Return what the thresholds of some budgets have done, by rule."""
    found: dict[bytes, dict[str, Mark]] = {}
    for row in connection.execute(select(ALERT_MARKS).where(ALERT_MARKS.c.digest.in_(list(digests)))):
        found.setdefault(bytes(row.digest), {})[row.rule] = Mark(row.rounds, bool(row.fired))
    return found


def write_marks(connection: Connection, marks: Iterable[tuple[bytes, str, Mark]]) -> None:
    """Remember what thresholds have done."""
    rows = [
        {"digest": digest, "rule": rule, "rounds": mark.rounds, "fired": int(mark.fired)}
        for digest, rule, mark in sorted(marks, key=lambda each: each[:2])
    ]
    if not rows:
        return
    new = insert_into(connection, ALERT_MARKS)
    replaced = {"rounds": new.excluded.rounds, "fired": new.excluded.fired}
    connection.execute(new.on_conflict_do_update(index_elements=["digest", "rule"], set_=replaced), rows)


def add_alert(connection: Connection, alert: Alert, due_at: datetime) -> bool:
    """Write an alert and put it into the outbox of each recipient; False if its claim was taken before."""
    row = {
        "id": alert.id,
        "claim": alert.claim,
        "kind": alert.kind.value,
        "at_ms": to_ms(alert.at),
        "policy": alert.policy,
        "scope": encode_scope(alert.whose),
        "record": _encode(_Record(alert.title, alert.reason, alert.numbers, alert.ways_out, alert.urgent)),
    }
    new = insert_into(connection, ALERTS).on_conflict_do_nothing(index_elements=["claim"])
    if not inserted(connection, new, [row]):
        return False
    waiting = {"state": DeliveryState.WAITING.value, "due_ms": to_ms(due_at), "tries": 0, "problem": ""}
    for recipient in alert.recipients:
        to = {"alert_id": alert.id, "channel": recipient.channel.value, "address": recipient.address}
        connection.execute(insert(ALERT_DELIVERIES).values(to | waiting))
    return True


def read_alerts(
    connection: Connection, *, kinds: Collection[str] = (), before: bytes | None = None, limit: int
) -> list[Alert]:
    """Return alerts with those they went to, the newest first."""
    query = select(ALERTS).order_by(ALERTS.c.id.desc()).limit(limit)
    if kinds:
        query = query.where(ALERTS.c.kind.in_(list(kinds)))
    if before is not None:
        query = query.where(ALERTS.c.id < before)
    rows = connection.execute(query).all()
    deliveries = read_deliveries(connection, [bytes(row.id) for row in rows])
    return [_from_row(row, deliveries.get(bytes(row.id), ())) for row in rows]


def read_alerts_between(connection: Connection, from_ms: int, until_ms: int) -> list[Alert]:
    """Return alerts of a stretch of time (Unix milliseconds, half-open), the oldest first."""
    first, end = (max(0, ms).to_bytes(6, "big") + bytes(10) for ms in (from_ms, until_ms))
    query = select(ALERTS).where(ALERTS.c.id >= first, ALERTS.c.id < end).order_by(ALERTS.c.id)
    return [_from_row(row, ()) for row in connection.execute(query)]


def read_deliveries(connection: Connection, alert_ids: Collection[bytes]) -> dict[bytes, list[Delivery]]:
    """Return the deliveries of some alerts."""
    columns = ALERT_DELIVERIES.c
    query = select(ALERT_DELIVERIES).where(columns.alert_id.in_(list(alert_ids)))
    found: dict[bytes, list[Delivery]] = {}
    for row in connection.execute(query.order_by(columns.channel, columns.address)):
        found.setdefault(bytes(row.alert_id), []).append(_delivery(row))
    return found


def read_due(connection: Connection, now: datetime, limit: int) -> list[tuple[Alert, Delivery]]:
    """Return what is to be delivered now, the longest due first.

    A delivery without its alert is passed over: a worker of an older version may still write such on PostgreSQL.
    """
    columns = ALERT_DELIVERIES.c
    query = (
        select(ALERT_DELIVERIES)
        .join(ALERTS, ALERTS.c.id == columns.alert_id)
        .where(columns.state == DeliveryState.WAITING.value, columns.due_ms <= to_ms(now))
        .order_by(columns.due_ms, columns.alert_id, columns.channel, columns.address)
        .limit(limit)
    )
    due = [_delivery(row) for row in connection.execute(query)]
    rows = connection.execute(select(ALERTS).where(ALERTS.c.id.in_({delivery.alert_id for delivery in due})))
    alerts = {bytes(row.id): _from_row(row, ()) for row in rows}
    return [(alerts[delivery.alert_id], delivery) for delivery in due]


def write_delivery(connection: Connection, delivery: Delivery) -> None:
    """Record what came of a try."""
    columns, to = ALERT_DELIVERIES.c, delivery.recipient
    connection.execute(
        update(ALERT_DELIVERIES)
        .where(
            columns.alert_id == delivery.alert_id, columns.channel == to.channel.value, columns.address == to.address
        )
        .values(
            state=delivery.state.value,
            due_ms=to_ms(delivery.due_at),
            tries=delivery.tries,
            problem=delivery.problem,
            sent_at_ms=to_ms(delivery.sent_at),
        )
    )


def read_outbox(connection: Connection) -> list[OutboxState]:
    """Return how full the outbox is, by channel and state."""
    columns = ALERT_DELIVERIES.c
    query = select(columns.channel, columns.state, func.count().label("number"), func.min(columns.due_ms).label("due"))
    rows = connection.execute(query.group_by(columns.channel, columns.state).order_by(columns.channel, columns.state))
    return [OutboxState(row.channel, row.state, int(row.number), row.due / 1000) for row in rows]


def _from_row(row: Row[Any], deliveries: Iterable[Delivery]) -> Alert:
    record = _decode(row.record)
    return Alert(
        id=bytes(row.id),
        claim=bytes(row.claim),
        kind=AlertKind(row.kind),
        at=from_ms(row.at_ms),
        policy=row.policy,
        whose=decode_scope(row.scope),
        title=record.title,
        reason=record.reason,
        numbers=record.numbers,
        ways_out=record.ways_out,
        urgent=record.urgent,
        recipients=tuple(delivery.recipient for delivery in deliveries),
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        alert_id=bytes(row.alert_id),
        recipient=Recipient(Channel(row.channel), row.address),
        state=DeliveryState(row.state),
        due_at=from_ms(row.due_ms),
        tries=row.tries,
        problem=row.problem,
        sent_at=from_ms(row.sent_at_ms),
    )
