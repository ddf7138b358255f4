"""New teams: their share of what their department, or everybody, uses, whose rhythm is known."""

from governor.services.forecast.experts import TINY, WEEKLY_DAYS_MIN, unevenness
from governor.services.forecast.history import Days, History


def is_new(own: History, parent: History) -> bool:
    """Tell whether a series is too young for a rhythm of its own, and its parent is old enough to lend one."""
    return len(own.days) < WEEKLY_DAYS_MIN <= len(parent.days) - len(own.days)


def parent_factors(own: History, parent: History, ahead: Days) -> tuple[Days, Days] | None:
    """Return how the days of a new series, and the next days, stand to an average day of its parent.

    What is left of its days without them is its share of the parent. None if that is less even than the days
    themselves: then it has a rhythm of its own.

    Args:
        own: The new series.
        parent: What everybody used up to the same instant.
        ahead: What the parent will use on the next days.
    """
    together = parent.days[-len(own.days) :]
    mean = float(together.mean())
    if mean <= TINY or float(together.min()) <= 0.01 * mean:
        return None
    past = together / mean
    return (past, ahead / mean) if unevenness(own.days / past) <= unevenness(own.days) + TINY else None
