"""What a replay of recorded requests begins with, and what happened beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from governor.core.ledger.budget import BudgetKey


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A request that had been decided and had not ended.

    Attributes:
        ends_at_ms: When it was first reported on or, if nobody did, when it expired; Unix milliseconds.
        amounts: What it held on which budget, and what its expiry charged.
    """

    ends_at_ms: int
    amounts: tuple[tuple[BudgetKey, int, int], ...]


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted on which budget, and when (Unix milliseconds)."""

    at_ms: int
    amounts: tuple[tuple[BudgetKey, int], ...]


@dataclass(frozen=True, slots=True)
class Past:
    """What there was at an instant, and what came later.

    Attributes:
        used: What budgets had used.
        held: Requests that had not ended.
        posted: What was posted later and belongs to no request of that time or later, in its order.
    """

    used: Sequence[tuple[BudgetKey, int]]
    held: Sequence[OpenHold]
    posted: Iterator[Posted]
