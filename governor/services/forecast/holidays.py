"""What holidays do to a series: measured where its history has some, else taken to be as its quietest weekday."""

from collections.abc import Collection

import numpy as np

from governor.services.forecast.experts import TINY, WEEK
from governor.services.forecast.history import Days, History

DAYS_MIN = 4 * WEEK
"""A shorter history does not tell what a usual weekday is."""

NEIGHBOUR_WEEKS = 3
"""A holiday is compared with the same weekday so many weeks before and after."""

LEAST_EFFECT = 0.05


def holiday_factors(history: History, holidays: Collection[int], count: int) -> tuple[Days, Days] | None:
    """Return how the days of a history, and the next days, stand to days without holidays; None if all do alike.

    Args:
        history: What is known, with the date on which it ends.
        holidays: Proleptic ordinals of dates.
        count: How many days come.
    """
    known = len(history.days)
    if history.ends_on is None or known < DAYS_MIN or not holidays:
        return None
    shares = _shares(history.ends_on, holidays, known, count)
    if not shares.any():
        return None
    factors = 1 - shares * (1 - _effect(history.days, shares[:known]))
    return factors[:known], factors[known:]


def _shares(ends_on: float, holidays: Collection[int], known: int, count: int) -> Days:
    """Return how much of each day is a holiday: days end when the forecast is made, dates at midnight."""
    last = int(ends_on)
    phase = ends_on - last
    return np.array(
        [
            (1 - phase) * (last + step in holidays) + phase * (last + step + 1 in holidays)
            for step in range(-known, count)
        ],
        dtype=np.float64,
    )


def _effect(days: Days, shares: Days) -> float:
    """Return what is left of a day that is a holiday: the quietest weekday's share, and what the history shows."""
    weeks = days[len(days) % WEEK :].reshape(-1, WEEK)[-8:]
    profile = np.median(weeks, axis=0)
    quietest = min(float(profile.min()) / max(float(profile.mean()), TINY), 1.0)
    measured = [ratio for index in np.flatnonzero(shares > 0.5).tolist() if (ratio := _ratio(days, shares, index)) >= 0]
    return min(max((sum(measured) + quietest) / (len(measured) + 1), LEAST_EFFECT), 2.0)


def _ratio(days: Days, shares: Days, index: int) -> float:
    """Return a holiday's use as a share of that of the same weekday around it; -1 if that is not known."""
    apart = [week * WEEK for week in range(-NEIGHBOUR_WEEKS, NEIGHBOUR_WEEKS + 1) if week]
    around = [
        float(days[index + step]) for step in apart if 0 <= index + step < len(days) and shares[index + step] == 0
    ]
    usual = float(np.median(around)) if around else 0.0
    return float(days[index]) / usual if usual > TINY else -1.0
