"""Whether the same work takes more tokens than it did: the economics changed under the name."""

from dataclasses import dataclass

REQUESTS_MIN = 200
"""Fewer calls in either stretch say nothing."""

CHANGE_PERCENT = 25
"""A smaller change is what work is like."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a use case did with a model in a stretch of time."""

    requests: int
    tokens: int
    cost_nano_usd: int

    @property
    def tokens_each(self) -> int:
        """Tokens for one call, rounded down."""
        return self.tokens // self.requests if self.requests else 0

    @property
    def cost_each_nano_usd(self) -> int:
        """What one call cost, rounded down."""
        return self.cost_nano_usd // self.requests if self.requests else 0


def drifted_percent(before: Work, after: Work) -> int | None:
    """Return by how many percent the tokens of a call changed, or None where that is not worth a word."""
    if min(before.requests, after.requests) < REQUESTS_MIN or not before.tokens_each:
        return None
    change = (after.tokens_each - before.tokens_each) * 100 // before.tokens_each
    return change if abs(change) >= CHANGE_PERCENT else None
