"""List alerts, with the way of each to whoever is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection

from governor.core.alerts.alert import Alert, Delivery
from governor.core.alerts.document import alert_document
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.store.alerts import read_alerts, read_deliveries
from governor.store.database import Database


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert and its deliveries."""

    alert: Alert
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Some alerts, the newest first, and the cursor of the next page or None."""

    listed: tuple[ListedAlert, ...]
    next: str | None


async def read_alert_page(database: Database, kind: str = "", cursor: str = "", limit: int = 100) -> AlertPage:
    """Return one page.

    Args:
        database: Where alerts are.
        kind: Only this kind, or ``""``.
        cursor: Where the page begins, or ``""``.
        limit: Alerts on a page.

    Raises:
        InvalidRequestError: If the cursor is not one of this list.
    """
    before = _id_of(cursor) if cursor else None
    return await database.read(partial(_page, kind=kind, before=before, limit=limit))


def _id_of(cursor: str) -> bytes:
    [text] = decode_cursor(cursor, 1)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise wrong_cursor() from None


def _page(connection: Connection, kind: str, before: bytes | None, limit: int) -> AlertPage:
    alerts = read_alerts(connection, kinds=(kind,) if kind else (), before=before, limit=limit + 1)
    following = encode_cursor(alerts[limit - 1].id.hex()) if len(alerts) > limit else None
    deliveries = read_deliveries(connection, [alert.id for alert in alerts[:limit]])
    return AlertPage(tuple(ListedAlert(alert, deliveries.get(alert.id, ())) for alert in alerts[:limit]), following)


def page_wire(page: AlertPage) -> dict[str, Any]:
    """Render one page: ``GET /alerts`` and ``governor alerts`` answer alike."""
    return {"alerts": [_alert_wire(listed) for listed in page.listed], "next": page.next}


def _alert_wire(listed: ListedAlert) -> dict[str, Any]:
    return {**alert_document(listed.alert), "deliveries": [_delivery_wire(each) for each in listed.deliveries]}


def _delivery_wire(delivery: Delivery) -> dict[str, Any]:
    return {
        "channel": str(delivery.recipient.channel),
        "address": delivery.recipient.address,
        "state": str(delivery.state),
        "due_at": _text(delivery.due_at.isoformat()),
        "tries": delivery.tries,
        "problem": delivery.problem,
        "sent_at": _text(delivery.sent_at.isoformat()) if delivery.sent_at is not None else None,
    }


def _text(instant: str) -> str:
    return instant.replace("+00:00", "Z")
