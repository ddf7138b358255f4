"""Simple forecasts of the next days, each right about something: what it was yesterday, at these hours, on Mondays.

None is best everywhere, and which is best cannot be told from a short history. Together they are hard to beat: see
``docs/forecasts.md`` for what each of them reaches alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from governor.services.forecast.history import Days, History

Forecasting = Callable[[History, int], Days]
"""From a history and a number of days to what each of them will use."""

WEEK = 7
WEEKLY_DAYS_MIN = 3 * WEEK

FADING_DAYS = 30
PROFILE_WEEKS = 8
"""Weeks that tell the weekdays and the level."""

GROWING_WEEKS = 16
"""Weeks that tell growth."""

LOGGED_WEEKS = 12
SATURDAY = 5
TINY = 1e-9


def last_day(history: History, count: int) -> Days:
    """Every day is as the latest."""
    return np.full(count, history.days[-1])


def usual_hours(history: History, count: int) -> Days:
    """Every hour is as it usually is (the median): bursts that come once do not come again."""
    if history.hours is None or not len(history.hours):
        return np.full(count, float(np.median(history.days[-WEEK:])))
    return np.full(count, float(np.median(history.hours, axis=0).sum()))


def fading(keep: float) -> Forecasting:
    """Return a forecast for which every day is as the days before, on a logarithmic scale, the latest counting most."""

    def forecast(history: History, count: int) -> Days:
        days = history.days[-FADING_DAYS:]
        weights = keep ** np.arange(len(days))[::-1]
        unit = unit_of(days)
        return np.full(count, unit * float(np.expm1((weights * np.log1p(days / unit)).sum() / weights.sum())))

    return forecast


def last_week(history: History, count: int) -> Days:
    """Every day is as an average day of the last week."""
    return np.full(count, float(history.days[-WEEK:].mean()))


def half_weekday(history: History, count: int) -> Days:
    """Every day is between the same weekday of last week and an average day of it: one week is a thin proof."""
    return (_repeated(history.days[-WEEK:], count) + last_week(history, count)) / 2


def weekdays_multiplied(history: History, count: int) -> Days:
    """Weekdays are shares of a level that moves quickly."""
    profile, adjusted = weekday_shares(history)
    return _repeated(smoothed(adjusted, 0.4) * profile, count)


def weekdays_slowly(history: History, count: int) -> Days:
    """Weekdays are shares of a level that hardly moves."""
    profile, adjusted = weekday_shares(history)
    return _repeated(smoothed(adjusted, 0.07) * profile, count)


def weekdays_median(history: History, count: int) -> Days:
    """Weekdays are shares of the last week's usual level."""
    profile, adjusted = weekday_shares(history)
    return _repeated(float(np.median(adjusted[-WEEK:])) * profile, count)


def weekdays_logged(history: History, count: int) -> Days:
    """Weekdays are shares of a level that moves slowly, on a logarithmic scale: a burst moves it little."""
    weeks = _weeks(history, LOGGED_WEEKS)
    unit = unit_of(history.days[-4 * WEEK :])
    logged = np.log1p(weeks / unit)
    profile = (logged - logged.mean(axis=1, keepdims=True)).mean(axis=0)
    level = smoothed((logged - profile).ravel(), 0.15)
    return np.maximum(unit * np.expm1(_repeated(level + profile, count)), 0.0)


def growing(history: History, count: int) -> Days:
    """Weekdays are shares of a level that grows, or falls, half as fast as of late: growth comes to an end."""
    profile, _ = weekday_shares(history)
    weeks = min(len(history.days) // WEEK, GROWING_WEEKS)
    usual = np.median(history.days[-weeks * WEEK :].reshape(weeks, WEEK) / profile, axis=1)
    logged = np.log(usual + unit_of(history.days))
    before, after = np.triu_indices(weeks, 1)
    growth = float(np.median((logged[after] - logged[before]) / (after - before))) / WEEK
    return along(history, np.clip(growth / 2 * np.arange(-PROFILE_WEEKS * WEEK, count), -1.0, 1.0), 0.3)


def along(history: History, curve: Days, speed: float) -> Days:
    """Weekdays are shares of a level that moves along a curve, and at a speed beside it.

    Args:
        history: Of it the latest ``PROFILE_WEEKS`` count, or all.
        curve: What the level comes to on each of these days, and on the days to come, on a logarithmic scale.
        speed: How much of the level the latest day tells.
    """
    profile, adjusted = weekday_shares(history)
    factors = np.exp(curve)
    ahead = factors[PROFILE_WEEKS * WEEK :]
    level = smoothed(adjusted / factors[: PROFILE_WEEKS * WEEK][-len(adjusted) :], speed)
    return np.asarray(level * ahead * _repeated(profile, len(ahead)))


@dataclass(frozen=True, slots=True)
class Expert:
    """One way to forecast.

    Attributes:
        name: For people.
        forecast: What it says.
        days_min: The shortest history that it can say something about.
    """

    name: str
    forecast: Forecasting
    days_min: int = 1


BURSTY = 0.8
"""Unevenness from which an old series is taken to come in bursts, and not in a rhythm alone."""

UNEVEN = 0.25
"""Unevenness from which a young series is: its last days, and its usual hours, say more than its average."""

YOUNG_UNEVEN = (
    Expert("last day", last_day),
    Expert("fading", fading(0.7)),
    Expert("usual hours", usual_hours),
    Expert("fading fast", fading(0.5)),
)
"""For young series whose days differ much: what is now goes on."""

FIRST_WEEK = (
    Expert("fading slowly", fading(0.85)),
    Expert("fading hardly", fading(0.93)),
    Expert("last week", last_week),
)
"""For the first days of series whose days are alike: the last of them say little more than the others."""

YOUNG_EVEN = (
    Expert("fading hardly", fading(0.93), WEEK + 1),
    Expert("last week", last_week),
    Expert("half weekday", half_weekday, WEEK),
    Expert("weekdays multiplied", weekdays_multiplied, 2 * WEEK),
    Expert("weekdays median", weekdays_median, 2 * WEEK),
)
"""For such series from a week on: a whole week is no more of its quiet days than of its busy ones."""

YOUNG_HOURS = Expert("usual hours", usual_hours)
"""Beside them where hours are known."""

WEEKLY = (
    Expert("weekdays multiplied", weekdays_multiplied, WEEKLY_DAYS_MIN),
    Expert("weekdays median", weekdays_median, WEEKLY_DAYS_MIN),
    Expert("weekdays slowly", weekdays_slowly, WEEKLY_DAYS_MIN),
    Expert("weekdays logged", weekdays_logged, WEEKLY_DAYS_MIN),
)
"""For series that have a rhythm of weeks."""

GROWING = Expert("growing", growing, 6 * WEEK)
"""For series that are old enough to tell growth from chance."""


def unevenness(days: Days) -> float:
    """Return the mean deviation of a day from the median day, as a share of the mean day."""
    mean = float(days.mean())
    return float(np.abs(days - np.median(days)).mean()) / mean if mean > TINY else 0.0


def unevenness_beside_weekends(history: History, count: int) -> float:
    """Return the unevenness of the latest days that a rhythm of weeks does not explain."""
    days = history.days[-count:]
    mean = float(days.mean())
    found = [unevenness(days)]
    if len(days) >= WEEK + 3:
        # Two days differ by the square root of two times as much as one day from what is usual.
        found.append(float(np.abs(days[WEEK:] - days[:-WEEK]).mean()) / max(mean, TINY) / 2**0.5)
    elif history.ends_on is not None and len(days) >= WEEK:
        weekend = weekends(history.ends_on, len(days))
        parts = [days[weekend], days[~weekend]]
        found.append(sum(float(np.abs(part - np.median(part)).sum()) for part in parts) / len(days) / max(mean, TINY))
    return min(found)


def weekends(ends_on: float, count: int) -> npt.NDArray[np.bool_]:
    """Tell which of the days before an instant lie mostly on a Saturday or a Sunday."""
    middles = np.floor(ends_on - np.arange(count, 0, -1) + 0.5)
    # The first of January of the year 1, number 1, was a Monday.
    return np.asarray((middles - 1) % WEEK >= SATURDAY)


def unit_of(days: Days) -> float:
    """Return where a logarithmic scale begins: at a thousandth of an average day, whatever the unit."""
    return max(float(days.mean()) / 1000, TINY)


def _weeks(history: History, weeks: int = PROFILE_WEEKS) -> Days:
    count = min(weeks, len(history.days) // WEEK)
    return history.days[-count * WEEK :].reshape(count, WEEK)


@lru_cache(maxsize=1)
def weekday_shares(history: History) -> tuple[Days, Days]:
    """Return each weekday's share of an average day, and the days as they would be without them."""
    weeks = _weeks(history)
    shares = weeks / np.maximum(weeks.mean(axis=1, keepdims=True), TINY)
    profile = shares.mean(axis=0)
    # Weeks that differ much tell little of a weekday: what chance explains is no rhythm.
    chance = float(shares.var(axis=0).mean()) / len(weeks)
    profile = 1 + (profile - 1) * max(1 - chance / max(float(profile.var()), TINY), 0.0)
    # A weekday on which nothing happens would make its own days endless: it keeps a twentieth of an average day.
    profile = np.maximum(profile, 0.05)
    profile /= profile.mean()
    return profile, (weeks / profile).ravel()


def smoothed(days: Days, alpha: float) -> float:
    """Return the level of the latest days: each counts less than the one after it, by a share of ``alpha``."""
    weights = (1 - alpha) ** np.arange(len(days))[::-1]
    return float((weights * days).sum() / weights.sum())


def _repeated(cycle: Days, count: int) -> Days:
    return np.resize(cycle, count)
