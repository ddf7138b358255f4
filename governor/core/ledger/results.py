"""What a usage event came to."""

from enum import StrEnum

from governor.core.provider_usage.report import ProviderReport
from governor.core.usage import Usage
from governor.core.values import hot_value


class EventStatus(StrEnum):
    """The word that the reporter reads."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"


@hot_value
class EventResult:
    """The answer for one usage event.

    Attributes:
        reason: Why it was rejected, or how it was recorded (``settled_late``, ``unreserved``, ``model_mismatch``, ...).
        cost_nano_usd: The event's whole cost.
        overrun_nano_usd: By how much it exceeded what was held for it.
        unpriced: No price is known; the cost is unknown, not zero.
        estimated: The counts are a guess and may be corrected.
        stored: For a duplicate, the first result as it was encoded.
        provider_report: What was found in the provider's own object, if the event came with one.
        note: What has no price, for people; ``""`` if nothing.
    """

    event_id: str
    status: EventStatus
    reason: str | None = None
    usage: Usage | None = None
    cost_nano_usd: int = 0
    overrun_nano_usd: int = 0
    unpriced: bool = False
    estimated: bool = False
    stored: bytes | None = None
    provider_report: ProviderReport | None = None
    note: str = ""
