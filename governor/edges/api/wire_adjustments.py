"""What ``POST /adjustments`` reads."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from governor.core.ledger.adjustments import AdjustmentKind
from governor.edges.api.decoding import BodyDecoder
from governor.services.adjust import AdjustmentWish

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Instant = Annotated[datetime, Meta(tz=True)]
ScopeWire = Annotated[dict[Name, Name], Meta(max_length=16)]


class AdjustmentWire(Struct, forbid_unknown_fields=True, frozen=True):
    """A dated entry on one budget, with a reason."""

    request_id: Annotated[
        str, Meta(min_length=1, max_length=128, description="Your id: the same again posts nothing twice.")
    ]
    kind: Annotated[
        Literal["credit", "debit", "opening_balance"],
        Meta(description="`credit` gives back what was used, `debit` and `opening_balance` add to it."),
    ]
    quota: Annotated[Name, Meta(description="A quota's name, with or without `Quota/`.")]
    amount: Annotated[str, Meta(min_length=1, max_length=32, description="In the quota's unit, more than 0.")]
    reason: Annotated[str, Meta(min_length=3, max_length=500, description="Why, for the audit.")]
    scope: Annotated[ScopeWire, Meta(description="Whose budget, by the quota's `per`.")] = field(default_factory=dict)
    at: Annotated[Instant | UnsetType, Meta(description="The period that contains this instant; absent: now.")] = UNSET

    def to_core(self) -> AdjustmentWish:
        """Return what is wished."""
        at = self.at.astimezone(UTC) if isinstance(self.at, datetime) else None
        return AdjustmentWish(
            self.request_id, AdjustmentKind(self.kind), self.quota, self.scope, at, self.amount, self.reason
        )


ADJUSTMENT = BodyDecoder(AdjustmentWire)
