"""The forecast of one series: several experts, weighed by how they did before, and an interval from real errors."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from governor.core.forecasts.conformal import Errors, prior_errors
from governor.core.forecasts.weights import weighted_median, weights_by_loss
from governor.services.forecast.experts import (
    BURSTY,
    FIRST_WEEK,
    GROWING,
    UNEVEN,
    WEEK,
    WEEKLY,
    WEEKLY_DAYS_MIN,
    YOUNG_EVEN,
    YOUNG_HOURS,
    YOUNG_UNEVEN,
    Expert,
    unevenness,
    unevenness_beside_weekends,
)
from governor.services.forecast.history import HOURS_OF_A_DAY, Days, History
from governor.services.forecast.holidays import holiday_factors
from governor.services.forecast.month_rhythm import MONTHLY
from governor.services.forecast.season import YEARLY, YEARLY_DAYS_MIN
from governor.services.forecast.statistical import AGGREGATION, SMOOTHING

ORIGINS = 30
"""Earlier origins from which the experts are tried again."""

LOOK_BACK_DAYS = 52 * WEEK
"""How well an expert did longer ago says little; a year, so that every season is judged."""

POWER = 2.0
"""How much better experts count (see ``weights_by_loss``) at the least,"""

ORIGINS_OF_POWER = 4
"""and by how many origins the power grows by one: the more have shown it, the less is it chance."""

RECENT_DAYS = 28
"""Days by which a series' unrest is measured."""

GROWTH = 0.8
"""How errors of a total grow with its length: noise alone would be 0.5, a level that is wrong 1."""

TINY = 1e-9

_HOUR_ENDS = np.linspace(0.0, 1.0, HOURS_OF_A_DAY + 1)
EVEN = _HOUR_ENDS[1:]
"""The profile of a day whose hours are alike."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the next days use.

    Attributes:
        path: Median of each day, from the instant of the forecast on.
        profile: How much of a day is used by the end of each of its hours, as a share; a day begins now.
        weights: How much each expert counts, by its name.
        unrest: How much a day differs from another: the unit of ``errors``.
        unevenness: The same as a share of an average day.
        history_days: Days that were known.
        horizon_days: The length of what ``errors`` were made on.
        errors: Errors of earlier forecasts of totals of that length, in units of unrest.
        independent: How many of them tell something new.
    """

    path: Days
    profile: Days
    weights: tuple[tuple[str, float], ...]
    unrest: float
    unevenness: float
    history_days: int
    horizon_days: float
    errors: tuple[float, ...]
    independent: float

    def total(self, days: float) -> float:
        """Return the median of what the next days use together; a part of a day counts as that part."""
        return total_of(self.path, days, self.profile)

    def quantile(self, days: float, share: float) -> float:
        """Return what the next days stay below with a probability, never less than nothing."""
        return max(self.total(days) + self._errors(days).quantile(share) * self._unit(days), 0.0)

    def interval(self, days: float, share: float) -> tuple[float, float]:
        """Return the interval that should hold a share of what can happen; the median lies in it."""
        middle = self.total(days)
        tail = (1 - share) / 2
        return min(self.quantile(days, tail), middle), max(self.quantile(days, 1 - tail), middle)

    def probability_above(self, days: float, amount: float) -> float:
        """Return the probability that the next days use more than an amount."""
        unit = self._unit(days)
        if unit <= TINY:
            return float(self.total(days) > amount)
        return 1 - self._errors(days).share_below((amount - self.total(days)) / unit)

    def _errors(self, days: float) -> Errors:
        return Errors(self.errors, self.independent, prior_errors(self.unevenness, days / self.history_days))

    def _unit(self, days: float) -> float:
        return float(self.unrest * max(days, TINY) ** GROWTH)


def total_of(path: Days, days: float, profile: Days = EVEN) -> float:
    """Return the sum of the first days of a path; the last one may be a part of a day, as the profile says."""
    whole = int(days)
    total = float(path[:whole].sum())
    if days <= whole:
        return total
    part = float(np.interp(days - whole, _HOUR_ENDS, [0.0, *profile]))
    return total + part * float(path[whole])


def predict(
    history: History,
    horizon_days: float,
    days: int | None = None,
    *,
    holidays: Collection[int] = (),
    factors: tuple[Days, Days] | None = None,
) -> Prediction:
    """Forecast one series.

    Args:
        history: What is known.
        horizon_days: What matters: how many days are left of the period. Experts are chosen, and errors measured, by
            totals of this length.
        days: How many days are forecast at least; None: ``horizon_days``.
        holidays: Proleptic ordinals of dates on which fewer people work.
        factors: How the days that are known, and those to come, stand to ordinary days, where something else tells.
    """
    count = max(ceil(horizon_days), days or 0, 1)
    factors = factors if factors is not None else holiday_factors(history, holidays, count)
    if factors is not None:
        plain = predict(history.divided(factors[0]), horizon_days, days)
        return replace(plain, path=plain.path * factors[1][:count])
    experts = experts_for(history)
    forecasts = np.array([expert.forecast(history, count) for expert in experts])
    trials = _trials(history, experts, horizon_days)
    errors = [(trial.back, trial.error) for trial in trials if trial.error is not None]
    power = max(POWER, len(trials) / ORIGINS_OF_POWER)
    weights = weights_by_loss([trial.losses for trial in trials], len(experts), power)
    path = np.array([weighted_median(column, weights) for column in forecasts.T.tolist()])
    unrest, uneven = _unrest(history.days, forecasts)
    return Prediction(
        path=path,
        profile=_profile(history),
        weights=tuple((expert.name, weight) for expert, weight in zip(experts, weights, strict=True)),
        unrest=unrest,
        unevenness=uneven,
        history_days=len(history.days),
        horizon_days=horizon_days,
        errors=tuple(error for _, error in errors),
        independent=1 + (errors[-1][0] - errors[0][0]) / max(horizon_days, 1) if errors else 0.0,
    )


def experts_for(history: History) -> list[Expert]:
    """Return the experts for a series, by its age and its character, with room for origins to try them from."""
    known = len(history.days)
    uneven = unevenness_beside_weekends(history, RECENT_DAYS)
    if known < WEEKLY_DAYS_MIN + WEEK:
        young = YOUNG_UNEVEN if uneven >= UNEVEN else YOUNG_EVEN if known >= WEEK else FIRST_WEEK
        if history.hours is not None and uneven < UNEVEN:
            young = (*young, YOUNG_HOURS)
        return [expert for expert in young if expert.days_min <= known]
    experts = [*WEEKLY, SMOOTHING]
    if uneven >= BURSTY:
        experts.append(AGGREGATION)
    if known >= GROWING.days_min + 2 * WEEK:
        experts.append(GROWING)
    if known >= MONTHLY.days_min + 4 * WEEK and history.ends_on is not None:
        experts.append(MONTHLY)
    if known >= YEARLY_DAYS_MIN:
        experts += YEARLY
    return experts


@dataclass(frozen=True, slots=True)
class _Trial:
    """What the experts would have said some days ago: their losses, and the error of their median."""

    back: int
    losses: list[float | None]
    error: float | None


def _trials(history: History, experts: Sequence[Expert], horizon_days: float) -> list[_Trial]:
    """Try the experts from earlier origins; nothing after an origin is known to them."""
    first = min(expert.days_min for expert in experts)
    backs = _backs(len(history.days), first, horizon_days)
    return [_trial(history, experts, horizon_days, back) for back in backs]


def _trial(history: History, experts: Sequence[Expert], horizon_days: float, back: int) -> _Trial:
    earlier = history.until(back)
    length = min(float(back), horizon_days)
    actual = total_of(history.days[-back:], length)
    tried = [expert.days_min <= len(earlier.days) for expert in experts]
    forecasts = np.array(
        [expert.forecast(earlier, ceil(length)) for expert, is_tried in zip(experts, tried, strict=True) if is_tried]
    )
    totals = [total_of(path, length) for path in forecasts]
    found = iter(totals)
    losses = [_loss(next(found), actual) if is_tried else None for is_tried in tried]
    if length < horizon_days:
        return _Trial(back, losses, None)
    unrest, _ = _unrest(earlier.days, forecasts)
    unit = unrest * length**GROWTH
    return _Trial(back, losses, (actual - float(np.median(totals))) / unit if unit > TINY else None)


def _loss(total: float, actual: float) -> float:
    """Return an error as a share of both, between 0 and 1: one that is far off counts once, not endlessly."""
    return abs(total - actual) / (actual + total + TINY)


def _backs(known: int, first: int, horizon_days: float) -> list[int]:
    """Return how many days ago the origins are: the whole horizon behind each, where the history is long enough."""
    farthest = min(known - first, LOOK_BACK_DAYS + ceil(horizon_days))
    if farthest < 1:
        return []
    nearest = min(max(ceil(horizon_days), 1), farthest)
    if farthest - nearest < ORIGINS // 2:
        nearest = max(1, farthest - ORIGINS + 1)
    return sorted({round(back) for back in np.linspace(nearest, farthest, ORIGINS)})


def _profile(history: History) -> Days:
    """Return how much of a day is used by the end of each of its hours."""
    hours = history.hours.sum(axis=0) if history.hours is not None else EVEN
    total = float(hours.sum())
    return np.asarray(np.cumsum(hours) / total) if history.hours is not None and total > TINY else EVEN


def _unrest(days: Days, forecasts: Days) -> tuple[float, float]:
    """Return by how much days differ, and experts disagree; and the former as a share of an average day."""
    recent = days[-RECENT_DAYS:]
    mean = float(recent.mean())
    uneven = unevenness(recent)
    change = float(np.abs(np.diff(recent)).mean()) if len(recent) > 1 else mean
    daily = forecasts.mean(axis=1)
    disagreement = float(daily.max() - daily.min())
    return uneven * mean + change / 2 + mean / 5 + disagreement / 2, uneven
