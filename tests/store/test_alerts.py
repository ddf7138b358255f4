"""Alerts are written once, with an outbox for each who is told."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, insert, select

from governor.core.alerts.alert import Alert, AlertKind
from governor.core.alerts.recipients import Channel, Recipient
from governor.store.alerts import add_alert, read_alerts, read_due
from governor.store.database import Database
from governor.store.dialects import insert_into, inserted
from governor.store.tables import ALERT_DELIVERIES, ALERTS

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALERT = Alert(
    id=b"a" * 16,
    claim=b"c" * 16,
    kind=AlertKind.UNUSUAL,
    at=NOON,
    policy="",
    whose=(("team", "growth"),),
    title="growth spends more than usual",
    reason="it spent 5 USD",
    numbers=(("spent", "5"),),
    ways_out=("block it",),
    urgent=True,
    recipients=(Recipient(Channel.LOG, ""),),
)


async def test_an_alert_that_was_written_before_is_not_put_into_the_outbox(database: Database) -> None:
    """Another worker, or the next look, claims the same: one row, one delivery, and what is due can be read."""
    again = replace(ALERT, id=b"b" * 16)
    written = [await database.write(partial(add_alert, alert=one, due_at=NOON)) for one in (ALERT, again)]
    due = await database.read(lambda connection: read_due(connection, NOON, 10))
    kept = await database.read(lambda connection: read_alerts(connection, limit=10))

    assert [True, False] == written
    assert [(ALERT.id, ALERT.recipients[0])] == [(alert.id, delivery.recipient) for alert, delivery in due]
    assert [ALERT.id] == [alert.id for alert in kept]


async def test_a_delivery_without_its_alert_holds_nothing_up(database: Database) -> None:
    """An older version left such on PostgreSQL, and a worker of it may still do so after the upgrade."""
    await database.write(partial(add_alert, alert=ALERT, due_at=NOON))

    def orphan(connection: Connection) -> None:
        row = connection.execute(select(ALERT_DELIVERIES)).one()
        connection.execute(insert(ALERT_DELIVERIES).values(row._asdict() | {"alert_id": b"b" * 16, "due_ms": 0}))

    await database.write(orphan)
    due = await database.read(lambda connection: read_due(connection, NOON, 1))

    assert [ALERT.id] == [alert.id for alert, _ in due]


async def test_new_rows_are_counted_whatever_the_database(database: Database) -> None:
    """How many were there already shows in the count, of one row and of many."""

    def insert(connection: Connection, *claims: bytes) -> int:
        new = insert_into(connection, ALERTS).on_conflict_do_nothing(index_elements=["claim"])
        rest = {"kind": "digest", "at_ms": 0, "policy": "", "scope": "", "record": b""}
        return inserted(connection, new, [{"id": os.urandom(16), "claim": claim, **rest} for claim in claims])

    counts = await database.write(
        lambda connection: [insert(connection, *text) for text in ((b"a",), (b"a",), (b"a", b"b", b"c"))]
    )

    assert [1, 0, 2] == counts
