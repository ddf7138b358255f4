"""What a candidate takes from each budget on its path."""

from collections.abc import Sequence

from governor.core.decisions.draws import Draw
from governor.core.ledger.commands import Hold
from governor.core.money import bounded
from governor.core.values import hot_value


@hot_value
class Amounts:
    """What a request is held for: tokens of all answers, nano-USD (None: unknown), and the number of calls."""

    input_tokens: int
    output_tokens: int
    cost_nano_usd: int | None
    requests: int

    def measures(self) -> tuple[int, ...]:
        """Return the amounts by ``Measure``. Money whose price is unknown is 0, because such a request is refused."""
        tokens = self.input_tokens + self.output_tokens
        bounded(tokens)
        return (self.cost_nano_usd or 0, tokens, self.input_tokens, self.output_tokens, self.requests, 1)


def make_holds(draws: Sequence[Draw], amounts: Amounts) -> tuple[Hold, ...]:
    """Return one hold for each draw, in order.

    Raises:
        AmountError: If an amount does not fit 64 bits.
    """
    measures = amounts.measures()
    return tuple([_hold(draw, measures) for draw in draws])


def _hold(draw: Draw, measures: Sequence[int]) -> Hold:
    amount = measures[draw.measure]
    if not draw.instead:
        return Hold(draw.budget, amount, draw.terms)
    return Hold(draw.budget, amount, draw.terms, tuple([_hold(other, measures) for other in draw.instead]))
