"""Backtests: what would have been said at earlier instants, from what was known then, beside what happened."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from governor.core.forecasts.accuracy import FORECAST, NAIVE, RUN_RATE, SEASONAL_NAIVE, Judged
from governor.core.forecasts.run_rate import run_rate
from governor.services.forecast.experts import WEEK
from governor.services.forecast.history import HISTORY_DAYS, HOURS_OF_A_DAY, Days, History, history_of_hours
from governor.services.forecast.predict import Prediction, predict
from governor.services.forecast.series_jobs import Cut, SeriesJob, TriedSeries

FRACTIONS = (0.25, 0.5, 0.75)
"""How much of a period has passed at the origins."""

FIRST_MONTHS = {Cut.MONTH: range(1, 13), Cut.QUARTER: (1, 4, 7, 10), Cut.YEAR: (1,)}
"""Months with which periods begin."""


@dataclass(frozen=True, slots=True)
class BacktestSeries:
    """One series that is forecast again.

    Attributes:
        name: What it is called.
        group: What its results are summed up with, such as ``teams``.
        values: Use of each step; nan where nothing is known.
        hourly: Whether a step is an hour; else a day.
        starts_on: The date of its first step as a proleptic ordinal, with the part of it that is over, or None.
        holidays: Proleptic ordinals of dates on which fewer people work.
    """

    name: str
    group: str
    values: Days
    hourly: bool
    starts_on: float | None
    holidays: frozenset[int] = frozenset()

    @property
    def steps_of_a_day(self) -> int:
        """How many steps a day has."""
        return HOURS_OF_A_DAY if self.hourly else 1


@dataclass(frozen=True, slots=True)
class Tried:
    """One forecast of one period, and how it turned out."""

    series: str
    group: str
    fraction: float
    judged: Judged


def backtest(series: BacktestSeries, periods: Iterable[tuple[int, int]], interval: float) -> tuple[list[Tried], int]:
    """Forecast some periods of a series at every fraction of them, without knowing anything after the origin.

    Args:
        series: What was used.
        periods: First step of each period, and the first one after it.
        interval: The share of what can happen that should lie in the interval.

    Returns:
        What came of it, and how many origins were left out: nothing was used before them, or less than a day known.
    """
    tried: list[Tried] = []
    left_out = 0
    filled = _filled(series.values)
    for start, end in periods:
        for fraction in FRACTIONS:
            origin = start + int((end - start) * fraction)
            judged = _judge(series, filled, (start, origin, end), interval)
            if judged is None:
                left_out += 1
            else:
                tried.append(Tried(series.name, series.group, fraction, judged))
    return tried, left_out


def _judge(series: BacktestSeries, filled: Days, at: tuple[int, int, int], interval: float) -> Judged | None:
    """Forecast one period from one origin; ``at`` is its first step, the origin, and the first step after it."""
    start, origin, end = at
    step = series.steps_of_a_day
    known = filled[max(0, origin - HISTORY_DAYS * step) : origin]
    actual = series.values[start:end]
    if len(known) < step or not known.any() or np.nansum(actual) <= 0:
        return None
    history = _history(series, known, origin)
    days = (end - origin) / step
    prediction = predict(history, days, holidays=series.holidays)
    # What nobody recorded is left out of the total, and of what was forecast of it.
    seen = ~np.isnan(actual[origin - start :])
    share = float(seen.mean())
    used = float(np.nansum(actual[: origin - start]))
    lower, upper = prediction.interval(days, interval)
    season, count = HOURS_OF_A_DAY if series.hourly else WEEK, end - origin
    elapsed = int((~np.isnan(actual[: origin - start])).sum())
    paths = {
        FORECAST: hourly_path(prediction, history, count) if series.hourly else prediction.path[:count],
        RUN_RATE: np.full(count, used / max(elapsed, 1)),
        NAIVE: np.resize(known[-1:], count),
        SEASONAL_NAIVE: np.resize(known[-season:], count),
    }
    future = actual[origin - start :][seen]
    return Judged(
        actual=float(np.nansum(actual)),
        totals={
            FORECAST: used + prediction.total(days) * share,
            RUN_RATE: run_rate(used, elapsed, elapsed + int(seen.sum())),
            **{method: used + float(paths[method][seen].sum()) for method in (NAIVE, SEASONAL_NAIVE)},
        },
        lower=used + lower * share,
        upper=used + upper * share,
        path_errors={method: _error(path[seen], future) for method, path in paths.items()},
        scale=_error(known[season:], known[:-season]) if len(known) > season else 0.0,
    )


def hourly_path(prediction: Prediction, history: History, count: int) -> Days:
    """Return the median of each of the next hours: the days of the path with the usual hours of the history."""
    assert history.hours is not None
    # Half the usual hours and half the average ones: bursts count, but not as if they always came.
    shares = (_shares(np.median(history.hours, axis=0)), _shares(history.hours.mean(axis=0)))
    known = [share for share in shares if share is not None]
    profile = np.mean(known, axis=0) if known else np.full(HOURS_OF_A_DAY, 1 / HOURS_OF_A_DAY)
    return np.outer(prediction.path, profile).ravel()[:count]


def _shares(hours: Days) -> Days | None:
    total = float(hours.sum())
    return hours / total if total > 0 else None


def _error(forecast: Days, actual: Days) -> float:
    return float(np.abs(forecast - actual).mean()) if len(actual) else 0.0


def _history(series: BacktestSeries, known: Days, origin: int) -> History:
    ends_on = None
    if series.starts_on is not None:
        ends_on = series.starts_on + origin / series.steps_of_a_day
    return history_of_hours(known, ends_on) if series.hourly else History(known, None, ends_on)


def _filled(values: Days) -> Days:
    """Return the values with gaps drawn straight across, for methods that need every step."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    steps = np.arange(len(values))
    return np.interp(steps, steps[~missing], values[~missing]) if (~missing).any() else np.zeros(len(values))


def periods_of(series: BacktestSeries, cut: Cut) -> Iterator[tuple[int, int]]:
    """Yield first and last step of the whole periods of a series."""
    step, count = series.steps_of_a_day, len(series.values)
    if cut is Cut.WHOLE:
        yield 0, count
        return
    if cut is Cut.WEEK or series.starts_on is None:
        length = WEEK * step if cut is Cut.WEEK else 28 * step
        yield from ((start, start + length) for start in range(0, count - length + 1, length))
        return
    first_months = FIRST_MONTHS[cut]
    first = date.fromordinal(int(series.starts_on))
    bounds = [(day - first).days * step for day in _months(first, count // step) if day.month in first_months]
    yield from pairwise(bounds)


def _months(starts_on: date, days: int) -> list[date]:
    """Return the first days of the months that lie in so many days, with the one after the last."""
    ends_on = starts_on + timedelta(days=days)
    first = starts_on if starts_on.day == 1 else _next_month(starts_on)
    found = []
    while first <= ends_on:
        found.append(first)
        first = _next_month(first)
    return found


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def series_job(job: SeriesJob) -> tuple[list[TriedSeries], int]:
    """Forecast the periods of a recorded series again; see ``backtest``."""
    values = np.array([np.nan if value is None else value for value in job.values], dtype=np.float64)
    starts_on = float(job.starts_on.toordinal()) if job.starts_on is not None else None
    series = BacktestSeries(job.name, job.group, values, job.hourly, starts_on, job.holidays)
    tried, left_out = backtest(series, periods_of(series, job.cut), job.interval_percent / 100)
    return [TriedSeries(one.group, one.fraction, one.judged) for one in tried], left_out
