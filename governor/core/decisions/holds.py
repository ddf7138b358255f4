"""What a candidate takes from each budget on its path."""

from collections.abc import Sequence

from governor.core.decisions.draws import Draw, Measure
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


@hot_value
class Learning:
    """What learned holds make of the reservation as a whole: it says the most that any of its budgets holds.

    Attributes:
        cost: Whether all money on the path is held as learned.
        tokens: Whether all output on the path is.
    """

    cost: bool
    tokens: bool

    def held(self, requested: Amounts, learned: Amounts) -> Amounts:
        """Return what the reservation holds."""
        return Amounts(
            requested.input_tokens,
            (learned if self.tokens else requested).output_tokens,
            (learned if self.cost else requested).cost_nano_usd,
            requested.requests,
        )


_OUTPUT_TOKENS = frozenset({Measure.ALL_TOKENS, Measure.OUTPUT_TOKENS})


def learning_of(draws: Sequence[Draw]) -> Learning | None:
    """Return how draws learn, or None if none of them does; where nothing counts money, it follows the tokens."""
    cost = [draw.applied.quota.learned for draw in draws if draw.measure is Measure.COST]
    tokens = [draw.applied.quota.learned for draw in draws if draw.measure in _OUTPUT_TOKENS]
    if not any(cost) and not any(tokens):
        return None
    return Learning(all(cost or tokens), all(tokens or cost))


def make_holds(draws: Sequence[Draw], amounts: Amounts, learned: Amounts | None = None) -> tuple[Hold, ...]:
    """Return one hold for each draw, in order.

    Args:
        draws: The budgets on the path.
        amounts: What was asked for.
        learned: What quotas hold that learn, or None if none of them does or nothing has been learned. What another
            quota's budget pays instead is the amount that would have been held here.

    Raises:
        AmountError: If an amount does not fit 64 bits.
    """
    measures = amounts.measures()
    if learned is None:
        return tuple([_hold(draw, measures) for draw in draws])
    fewer = learned.measures()
    return tuple([_hold(draw, fewer if draw.applied.quota.learned else measures) for draw in draws])


def _hold(draw: Draw, measures: Sequence[int]) -> Hold:
    amount = measures[draw.measure]
    if not draw.instead:
        return Hold(draw.budget, amount, draw.terms)
    return Hold(draw.budget, amount, draw.terms, tuple([_hold(other, measures) for other in draw.instead]))
