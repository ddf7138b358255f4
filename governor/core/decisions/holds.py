"""What a candidate takes from each budget on its path."""

from collections.abc import Sequence

from governor.core.decisions.prepare import Draw
from governor.core.ledger.commands import Hold
from governor.core.money import bounded
from governor.core.units import Counts, Unit
from governor.core.values import hot_value


@hot_value
class Amounts:
    """What a request is held for: tokens of all answers, nano-USD (None: unknown), and the number of calls."""

    input_tokens: int
    output_tokens: int
    cost_nano_usd: int | None
    requests: int

    def of(self, unit: Unit, counts: Counts) -> int:
        """Return what a budget holds, in its unit.

        Money whose price is unknown holds nothing, because such a request is refused. ``output`` and ``reasoning``
        both hold the output estimate: how much of it is reasoning is known only afterwards.
        """
        if unit is Unit.USD:
            return self.cost_nano_usd or 0
        if unit is Unit.TOKENS:
            if counts is Counts.ALL:
                return self.input_tokens + self.output_tokens
            return self.input_tokens if counts is Counts.INPUT else self.output_tokens
        return self.requests if unit is Unit.REQUESTS else 1


def make_holds(draws: Sequence[Draw], amounts: Amounts) -> tuple[Hold, ...]:
    """Return one hold for each draw, in order.

    Raises:
        AmountError: If an amount does not fit 64 bits.
    """
    bounded(amounts.input_tokens + amounts.output_tokens)
    holds: list[Hold] = []
    for draw in draws:
        applied = draw.applied
        quota = applied.quota
        amount = amounts.of(quota.unit, quota.counts)
        holds.append(
            Hold(
                draw.budget,
                amount,
                applied.limit,
                applied.ceiling,
                applied.must_fit,
                quota.counts,
                quota.charge_on_expiry,
            )
        )
    return tuple(holds)
