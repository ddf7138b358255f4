"""What a gateway reports after a call."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from governor.core.decisions.request import Operation, Subject
from governor.core.provider_usage.report import ProviderUsage
from governor.core.usage import Usage
from governor.core.values import hot_value


class CallStatus(StrEnum):
    """How the call ended; the settlement table says what each means without usage."""

    OK = "ok"
    ERROR = "error"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    CACHE_HIT = "cache_hit"


@hot_value
class UsageEvent:
    """One usage event.

    Attributes:
        source: Who reports; unique together with ``event_id``.
        occurred_at: When the call ended, aware UTC; None: when it was received.
        decision_id: UUID text of the decision, or ``""``: unreserved, then ``subject`` says who.
        usage: What was used, or None if nothing was reported. Zero and nothing are different.
        estimated: The gateway's own guess (``counts: estimated``).
        final: False for a part of a call that goes on.
        corrects: The ``event_id`` that this event replaces, or ``""``.
        corrects_if_known: Whether an event that corrects an unknown one is recorded as one that corrects nothing.
        provider_usage: The provider's own object that ``usage`` was made from, or None.
        parts: The tokens of ``usage`` as the provider went through them, each choosing its own tier; none: at one go.
    """

    source: str
    event_id: str
    model: str
    occurred_at: datetime | None = None
    decision_id: str = ""
    provider: str = ""
    operation: Operation = Operation.CHAT
    status: CallStatus = CallStatus.OK
    usage: Usage | None = None
    estimated: bool = False
    final: bool = True
    corrects: str = ""
    subject: Subject = field(default_factory=Subject)
    use_case: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    provider_usage: ProviderUsage | None = None
    corrects_if_known: bool = False
    parts: tuple[Usage, ...] = ()
