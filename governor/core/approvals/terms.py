"""What a grant gives: how much, of what, and until when."""

from dataclasses import dataclass
from datetime import datetime

from governor.core.grants import UnitAmount


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant gives.

    Attributes:
        amount_nano_usd: What it may spend in all.
        starts_at: First instant at which it may act; None: once it is approved.
        ends_at: First instant at which it no longer does.
        amounts: For lifted quotas that do not count money: how much of their own unit.
        models: Canonical ids that it allows.
        input_tokens_max: The input that it allows in one request; likewise output and both together.
    """

    amount_nano_usd: int
    ends_at: datetime
    starts_at: datetime | None = None
    amounts: tuple[UnitAmount, ...] = ()
    models: tuple[str, ...] = ()
    input_tokens_max: int | None = None
    output_tokens_max: int | None = None
    total_tokens_max: int | None = None

    def within(self, other: "Terms") -> bool:
        """Tell whether these give nothing that the others do not."""
        amounts = {(one.policy, one.unit): one.amount for one in other.amounts}
        return (
            self.amount_nano_usd <= other.amount_nano_usd
            and self.ends_at <= other.ends_at
            and self.starts_at == other.starts_at
            and {(one.policy, one.unit) for one in self.amounts} == amounts.keys()
            and all(one.amount <= amounts[one.policy, one.unit] for one in self.amounts)
            and set(self.models) <= set(other.models)
            and _within(self.input_tokens_max, other.input_tokens_max)
            and _within(self.output_tokens_max, other.output_tokens_max)
            and _within(self.total_tokens_max, other.total_tokens_max)
        )

    def sizes_within(self, other: "Terms") -> bool:
        """Tell whether the others let through every request that these do; None here: it is not asked for."""
        names = ("input_tokens_max", "output_tokens_max", "total_tokens_max")
        sizes = ((getattr(self, name), getattr(other, name)) for name in names)
        return all(own is None or (given is not None and own <= given) for own, given in sizes)


def _within(tokens: int | None, other: int | None) -> bool:
    return tokens == other if tokens is None or other is None else tokens <= other
