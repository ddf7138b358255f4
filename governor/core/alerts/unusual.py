"""What a series of spend makes one expect, and when an hour or a day is outside of it. Amounts are nano-USD."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from governor.core.money import NANO_PER_USD

SAMPLES_MIN = {"hour": 21, "day": 10}
"""Fewer hours, or days, that were alike make no expectation."""

FLOOR = {"hour": NANO_PER_USD, "day": 5 * NANO_PER_USD}
"""What is less than this alarms nobody, however unusual it is."""

SPREADS = 9
"""Median absolute deviations above the median: some six standard deviations of a normal series."""

TIMES_MEDIAN = {"hour": 3, "day": 2}

LOUD_NANO_USD = FLOOR["hour"] // 20
"""Who spends less in five minutes is not looked at."""

BURST_SHARE = 2
"""Five minutes are unusual from half of what a whole hour may come to, or at six times its pace, ..."""

EVEN_SHARE = 7
"""... and from a seventh of it, or at less than twice its pace, where such bursts were never usual: ..."""

TIMES_BUSIEST = 2
"""... where they are more than twice the busiest five minutes that there were in such hours."""


LIMIT_SHARE = 10
"""Of whom nothing is known: an hour that takes more than a tenth of a limit for a week or longer is worth a word."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What hours, or days, that are alike come to: the middle one, and what none of them should pass."""

    median: int
    upper: int


def expected(alike: Sequence[int], of: str) -> Expected | None:
    """Return what to expect, or None where too little is known.

    Args:
        alike: What hours (or days) came to that are like the one in question: those without any spend too.
        of: ``hour`` or ``day``.
    """
    if len(alike) < SAMPLES_MIN[of]:
        return None
    middle = median_low(alike)
    spread = median_low([abs(amount - middle) for amount in alike])
    # The busiest that there was, and half as much again, was nobody's alarm.
    busiest = max(alike) * 3 // 2
    return Expected(middle, max(middle + SPREADS * spread, TIMES_MEDIAN[of] * middle, busiest, FLOOR[of]))


def burst_bound(hour: Expected, busiest: int | None) -> int:
    """Return what five minutes of an hour should not pass.

    Args:
        hour: What such hours come to.
        busiest: The busiest five minutes in such hours; None: nobody knows.
    """
    bound = hour.upper // BURST_SHARE
    return bound if busiest is None else min(bound, max(hour.upper // EVEN_SHARE, TIMES_BUSIEST * busiest))
