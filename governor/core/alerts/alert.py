"""An alert: what has to be said, with the numbers, the reason, and the ways out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governor.core.alerts.recipients import Recipient


class AlertKind(StrEnum):
    """What an alert is about."""

    THRESHOLD = "threshold"
    FORECAST = "forecast"
    UNUSUAL = "unusual_spend"
    DRIFT = "drift"
    DIGEST = "digest"
    POLICIES = "policies_refused"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it is written once, in the words in which it goes out.

    Attributes:
        id: 16 bytes, time-ordered.
        claim: What makes it this one alert: a second one with the same claim is not written.
        kind: What it is about.
        at: When it was noticed.
        policy: The policy that asked for it (``Quota/x``), or ``""``.
        whose: The budget's or the series' scope.
        title: One line.
        reason: What happened, with the numbers that were compared.
        numbers: The same for programs, as text in the unit that is stated beside.
        ways_out: What can be done, one sentence each.
        urgent: Whether it goes out in quiet hours too.
        recipients: Where it goes.
    """

    id: bytes
    claim: bytes
    kind: AlertKind
    at: datetime
    policy: str
    whose: tuple[tuple[str, str], ...]
    title: str
    reason: str
    numbers: tuple[tuple[str, str], ...]
    ways_out: tuple[str, ...]
    urgent: bool
    recipients: tuple[Recipient, ...]


class DeliveryState(StrEnum):
    """How the way of an alert to one recipient stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way of an alert to one recipient.

    Attributes:
        due_at: When it is tried next.
        tries: How often it was tried.
        problem: Why the last try failed, or ``""``.
        sent_at: When it arrived, or None.
    """

    alert_id: bytes
    recipient: Recipient
    state: DeliveryState
    due_at: datetime
    tries: int = 0
    problem: str = ""
    sent_at: datetime | None = None
