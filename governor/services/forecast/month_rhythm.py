"""The rhythm of months: invoices on the last days, reports on the first, whatever the weekday."""

import numpy as np
import numpy.typing as npt

from governor.services.forecast.experts import TINY, WEEK, Expert, smoothed, weekday_shares
from governor.services.forecast.history import Days, History

DAYS_MIN = 100
"""Three ends of months: one that was unusual is no rhythm."""

DAYS_MAX = 400

DOUBT = 1.5
"""Every day of the month begins with so many ordinary ones: what came twice may be chance."""

MIDDLE = 15
"""Days up to here are counted from a month's first day, later ones from its last: the 28th of February is an end."""

POSITIONS = 32


def days_of_the_month(history: History, count: int) -> Days:
    """Weekdays are shares of a level, and days of the month are more or less than that.

    Args:
        history: With the date on which it ends; without one every day of a month is alike.
        count: How many days come.
    """
    known = min(len(history.days), DAYS_MAX) // WEEK * WEEK
    profile, _ = weekday_shares(history)
    adjusted = history.days[-known:] / np.resize(profile, known)
    factors = _factors(adjusted, history.ends_on, count) if history.ends_on is not None else np.ones(known + count)
    level = smoothed(adjusted[-8 * WEEK :] / factors[:known][-8 * WEEK :], 0.2)
    return np.asarray(level * np.resize(profile, count) * factors[known:])


def _factors(adjusted: Days, ends_on: float, count: int) -> Days:
    """Return how each known day, and each day to come, stands to ordinary days, by its place in its month."""
    known = len(adjusted)
    places = _places(ends_on, known, count)
    padded = np.pad(adjusted, 2 * WEEK, mode="reflect")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 4 * WEEK + 1), axis=1)
    ratios = np.clip(adjusted / np.maximum(usual, TINY), 0.0, 10.0)
    seen = np.bincount(places[:known], minlength=POSITIONS)
    sums = np.bincount(places[:known], weights=ratios, minlength=POSITIONS)
    found: Days = ((sums + DOUBT) / (seen + DOUBT))[places]
    return found


def _places(ends_on: float, known: int, count: int) -> npt.NDArray[np.int64]:
    """Return the place of each day in its month; a day that is not a date is the one in which it mostly lies."""
    ordinals = np.floor(ends_on + np.arange(-known, count) + 0.5).astype(np.int64)
    dates = np.datetime64("0001-01-01") + (ordinals - 1)
    months = dates.astype("datetime64[M]")
    since_first = (dates - months.astype("datetime64[D]")).astype(np.int64)
    until_last = ((months + 1).astype("datetime64[D]") - dates).astype(np.int64)
    return np.asarray(np.where(since_first < MIDDLE, since_first, POSITIONS - until_last))


MONTHLY = Expert("days of the month", days_of_the_month, DAYS_MIN)
"""For series whose dates are known."""
