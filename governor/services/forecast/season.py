"""The season: what the same dates of earlier years brought, whatever the level is now."""

from functools import lru_cache

import numpy as np

from governor.services.forecast.experts import PROFILE_WEEKS, WEEK, Expert, Forecasting, along, unit_of
from governor.services.forecast.history import Days, History

YEAR = 364
"""Whole weeks, so that a day of last year was the same weekday."""

YEARS_MAX = 3

BASE_DAYS = 4 * WEEK
"""A season is what differs from these days of its year."""

YEARLY_DAYS_MIN = YEAR + BASE_DAYS

FORTNIGHT = np.array([0.5, *[1.0] * (2 * WEEK - 1), 0.5]) / (2 * WEEK)
"""Each weekday counts alike, and no day more than the same one a week before and after it."""

CHANGE_MAX = float(np.log(4.0))


def season(part: float, speed: float) -> Forecasting:
    """Return a forecast for which the level moves as at this time of earlier years, or by a part of that."""
    return lambda history, count: along(history, part * _curve(history, count), speed)


@lru_cache(maxsize=1)
def _curve(history: History, count: int) -> Days:
    """Return how the latest days, and those to come, stood to the weeks before an instant a year ago, or some."""
    days, known = history.days, PROFILE_WEEKS * WEEK
    around = len(FORTNIGHT) // 2
    curves = []
    for back in range(YEAR, YEARS_MAX * YEAR + 1, YEAR):
        now = len(days) - back
        if now >= BASE_DAYS:
            places = np.arange(now - known - around, now + count + around)
            smooth = np.convolve(days[np.clip(places, 0, len(days) - 1)], FORTNIGHT, mode="valid")
            logged = np.log(smooth + unit_of(days))
            curves.append(np.clip(logged - logged[known - BASE_DAYS : known].mean(), -CHANGE_MAX, CHANGE_MAX))
    return np.asarray(np.mean(curves, axis=0))


YEARLY = tuple(
    Expert(f"{whole}, {level}", season(part, speed), YEARLY_DAYS_MIN)
    for speed, level in ((0.4, "quick level"), (0.2, "slow level"), (0.07, "still level"))
    for part, whole in ((1.0, "season"), (0.5, "half the season"))
)
"""For series that are older than a year: where the season explains most, the level beside it hardly moves."""
