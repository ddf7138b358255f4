"""Questions whose answer follows from the room in their budgets alone: most requests of a recording.

A replay asks for millions of verdicts and for few of the words around them. What ``evaluate`` and ``admit`` would find
for such a request is known before: the model asked for, and its whole price held on every budget. Whatever is not as
plain, they are asked. A test holds the one against the other on random policies and requests.
"""

from typing import NamedTuple

from governor.core.decisions.context import output_within
from governor.core.decisions.draws import Draw, Part
from governor.core.decisions.holds import Amounts
from governor.core.decisions.pointed_out import quiet_up_to
from governor.core.decisions.prepare import Prepared
from governor.core.decisions.prepare_model import PreparedCandidate
from governor.core.decisions.request import DecideRequest, Operation
from governor.core.errors import AmountError
from governor.core.money import AMOUNT_MAX
from governor.core.prices import Price, held_nano_usd


class ClearSize(NamedTuple):
    """A request on a clear path: the output that the gateway must send on, its cost, and what it holds by measure."""

    max_output_tokens: int
    cost_nano_usd: int
    measures: tuple[int, ...]


def clear_path(prepared: Prepared) -> PreparedCandidate | None:
    """Return the model asked for if only its size and its balances can refuse it or change it, else None."""
    if prepared.routing is not None or prepared.routed_from is not None:
        return None
    [asked, *others] = prepared.candidates
    if others or asked.reasons or asked.learning is not None or not asked.within_abilities:
        return None
    return asked


def clear_size(
    asked: PreparedCandidate, request: DecideRequest, price: Price | None, default_output: int
) -> ClearSize | None:
    """Return what a request on a clear path is held for, or None where that takes a closer look.

    Args:
        asked: What ``clear_path`` gave for it.
        request: What is asked.
        price: Of the model, at the request's instant.
        default_output: See ``default_output_of``.
    """
    input_tokens = request.input_tokens
    if input_tokens is None or price is None or request.units or request.operation is Operation.BATCH:
        return None
    output = output_within(asked.bounds, input_tokens, request.max_output_tokens, default_output)
    if output is None:
        return None
    output_tokens = output * request.n
    try:
        cost = held_nano_usd(price, input_tokens, output_tokens)
        if cost is None:
            return None
        return ClearSize(output, cost, Amounts(input_tokens, output_tokens, cost, 1).measures())
    except AmountError:
        return None


def ceiling_at_rest(draw: Draw) -> int | None:
    """Return how far a budget may be taken, or None where that follows from other budgets."""
    terms = draw.terms
    if terms.rule is None:
        return AMOUNT_MAX if terms.ceiling is None else terms.ceiling
    return terms.rule.ceiling(draw.budget.digest, _nobody) if terms.rule.is_fixed else None


def quiet_under(draw: Draw, ceiling: int, carried: int = 0) -> int:
    """Return how far a budget may be taken under a ceiling with nothing to point out; its parts never do."""
    return min(ceiling, quiet_up_to(draw, carried)) if draw.part is Part.WHOLE else ceiling


def _nobody(_digest: bytes) -> None:
    """Look up a balance for a rule that looks at none."""
