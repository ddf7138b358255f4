"""Simple forecasts of the next days, each right about something: what it was yesterday, at these hours, on Mondays.

None is best everywhere, and which is best cannot be told from a short history. Together they are hard to beat: see
``docs/forecasts.md`` for what each of them reaches alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from governor.services.forecast.history import Days, History

Forecasting = Callable[[History, int], Days]
"""From a history and a number of days to what each of them will use."""

WEEK = 7
YEAR = 364
"""Whole weeks, so that a day of last year was the same weekday."""

WEEKLY_DAYS_MIN = 3 * WEEK
YEARLY_DAYS_MIN = YEAR + 4 * WEEK

FADING_DAYS = 30
PROFILE_WEEKS = 8
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
        # The scale begins at a thousandth of an average day: what is said does not depend on the unit.
        unit = max(float(days.mean()) / 1000, TINY)
        return np.full(count, unit * float(np.expm1((weights * np.log1p(days / unit)).sum() / weights.sum())))

    return forecast


def same_weekday(history: History, count: int) -> Days:
    """Every day is as the same weekday was last: the seasonal naive forecast."""
    return _repeated(history.days[-WEEK:], count)


def weekdays_added(history: History, count: int) -> Days:
    """Weekdays are above or below a level that moves slowly."""
    weeks = _weeks(history)
    profile = np.median(weeks - weeks.mean(axis=1, keepdims=True), axis=0)
    profile -= profile.mean()
    level = _smoothed((weeks - profile).ravel(), 0.2)
    return np.maximum(_repeated(level + profile, count), 0.0)


def weekdays_multiplied(history: History, count: int) -> Days:
    """Weekdays are shares of a level that moves quickly."""
    profile, adjusted = _shares(history)
    return _repeated(_smoothed(adjusted, 0.4) * profile, count)


def weekdays_median(history: History, count: int) -> Days:
    """Weekdays are shares of the last week's usual level."""
    profile, adjusted = _shares(history)
    return _repeated(float(np.median(adjusted[-WEEK:])) * profile, count)


def last_year(history: History, count: int) -> Days:
    """Weekdays are shares of a level that changes as it did at this time of last year."""
    days = history.days
    before = days[-YEAR - 2 * WEEK : -YEAR].mean()
    after = _repeated(days[-YEAR:], count)
    # A smooth change: weekly means of last year, compared with the fortnight before it.
    padded = np.concatenate([days[-YEAR - WEEK // 2 : -YEAR], after, after[-(WEEK // 2) :]])
    smooth = np.convolve(padded, np.full(WEEK, 1 / WEEK), mode="valid")[:count]
    change = np.clip(smooth / max(before, TINY), 0.25, 4.0)
    forecast: Days = weekdays_multiplied(history, count) * change
    return forecast


@dataclass(frozen=True, slots=True)
class Expert:
    """One way to forecast.

    Attributes:
        name: For people.
        forecast: What it says.
        days_min: The shortest history that it can say something about.
        is_slow: Whether it is tried again from a few earlier origins only.
    """

    name: str
    forecast: Forecasting
    days_min: int = 1
    is_slow: bool = False


STEADY = (Expert("last day", last_day), Expert("fading", fading(0.7)))
"""For young series: what is now goes on."""

CAUTIOUS = (Expert("usual hours", usual_hours), Expert("fading fast", fading(0.5)))
"""For young series, and for those that come in bursts however old they are."""

WEEKLY = (
    Expert("same weekday", same_weekday, WEEKLY_DAYS_MIN),
    Expert("weekdays added", weekdays_added, WEEKLY_DAYS_MIN),
    Expert("weekdays multiplied", weekdays_multiplied, WEEKLY_DAYS_MIN),
    Expert("weekdays median", weekdays_median, WEEKLY_DAYS_MIN),
)
"""For series that have a rhythm of weeks."""

LAST_YEAR = Expert("last year", last_year, YEARLY_DAYS_MIN)


def _weeks(history: History) -> Days:
    count = min(PROFILE_WEEKS, len(history.days) // WEEK)
    return history.days[-count * WEEK :].reshape(count, WEEK)


def _shares(history: History) -> tuple[Days, Days]:
    """Return each weekday's share of an average day, and the days as they would be without them."""
    weeks = _weeks(history)
    profile = np.median(weeks / np.maximum(weeks.mean(axis=1, keepdims=True), TINY), axis=0)
    mean = profile.mean()
    # A weekday on which nothing happens would make its own days endless: it keeps a twentieth of an average day.
    profile = np.maximum(profile / mean, 0.05) if mean > TINY else np.ones(WEEK)
    return profile, (weeks / profile).ravel()


def _smoothed(days: Days, alpha: float) -> float:
    level = float(days[0])
    for day in days[1:].tolist():
        level = alpha * day + (1 - alpha) * level
    return level


def _repeated(cycle: Days, count: int) -> Days:
    return np.resize(cycle, count)
