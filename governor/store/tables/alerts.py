"""What was said about money, to whom, and whether it arrived."""

from sqlalchemy import Index, UniqueConstraint

from governor.store.tables.columns import CLUSTERED, STRICT, Stored, number, octets, table, words


class AlertMarks(Stored, table=True):
    """What each threshold has done for one budget: how often it spoke, and whether it is silent until it is left."""

    __tablename__ = "alert_marks"
    __table_args__ = (CLUSTERED,)

    digest: bytes = octets(key=True)
    rule: str = words(key=True)
    rounds: int = number()
    fired: int = number()


class Alerts(Stored, table=True):
    """Alerts, each written once; ``claim`` is what makes one the same as another."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("claim"), STRICT)

    id: bytes = octets(key=True)
    claim: bytes = octets()
    kind: str = words()
    at_ms: int = number()
    policy: str = words()
    scope: str = words()
    record: bytes = octets()


class AlertDeliveries(Stored, table=True):
    """The outbox: one row for each alert and recipient, until it was delivered, and afterwards as its proof."""

    __tablename__ = "alert_deliveries"
    __table_args__ = (Index(None, "state", "due_ms"), STRICT)

    alert_id: bytes = octets(key=True)
    channel: str = words(key=True)
    address: str = words(key=True)
    state: str = words()
    due_ms: int = number()
    tries: int = number()
    problem: str = words()
    sent_at_ms: int | None = number(optional=True)


ALERT_MARKS = table(AlertMarks)
ALERTS = table(Alerts)
ALERT_DELIVERIES = table(AlertDeliveries)
