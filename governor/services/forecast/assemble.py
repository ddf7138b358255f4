"""From what the next days use to the forecast of a budget: totals, the limit, the day it runs out, periods ahead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from governor.core.forecasts.forecast import MILLION, Band, Baselines, Forecast, ModelShare, PeriodAhead
from governor.core.forecasts.run_rate import run_rate
from governor.core.units import Unit
from governor.services.forecast.budget_series import OWN, SPEND, TOKENS, BudgetSeries
from governor.services.forecast.experts import WEEK
from governor.services.forecast.history import Days
from governor.services.forecast.predict import Prediction
from governor.services.forecast.tasks import Asked, PriceSteps
from governor.store.use_series import DAY_S

RECENT_DAYS = 28
"""Days by which spend and tokens of a unit are told."""

SEASON_DAYS = WEEK

PAST_DAYS_MAX = 100
"""Days before that are kept with a forecast, for plots."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one budget when its forecast is put together.

    Attributes:
        series: What was used behind it.
        prediction: What its next days use, at today's prices.
        history_days: Days since its first use.
        insufficient: Whether that is too few.
        method: How it was forecast, in words.
        prices: How prices will change.
        mix: Models on which was spent lately.
    """

    series: BudgetSeries
    prediction: Prediction
    history_days: int
    insufficient: bool
    method: str
    prices: PriceSteps
    mix: tuple[ModelShare, ...] = ()


def forecast_of(asked: Asked, known: Known, now: datetime) -> Forecast:
    """Put the forecast of one budget together."""
    now_s = int(now.timestamp())
    remaining = asked.remaining_days(now)
    share = asked.rule.interval_percent / 100
    priced = _at_later_prices(known, now)
    at_todays = _bands(known.prediction, share)
    at_later = _bands(priced, share) if known.prices else at_todays
    own, band = (priced, at_later) if asked.budget.unit is Unit.USD else (known.prediction, at_todays)
    rest = _with_held(band(remaining), asked.held)
    total = Band(asked.used + rest.lower, asked.used + rest.median, asked.used + rest.upper)
    # Money follows the prices to come, whatever the budget counts; tokens never do.
    spend = _in_kind(known, asked, _with_held(at_later(remaining), asked.held), SPEND)
    tokens = _in_kind(known, asked, _with_held(at_todays(remaining), asked.held), TOKENS)
    return Forecast(
        budget=asked.budget,
        department=asked.attributes.get("department", ""),
        team=asked.attributes.get("team", ""),
        user=asked.attributes.get("user", ""),
        made_at=now,
        limit=asked.limit,
        used=asked.used,
        held=asked.held,
        total=total,
        interval_percent=asked.rule.interval_percent,
        exceeds_ppm=_exceeds_ppm(asked, own, remaining),
        runs_out_at=_runs_out_at(asked, own, remaining, now),
        history_days=known.history_days,
        insufficient_data=known.insufficient,
        method=known.method,
        baselines=_baselines(asked, known, now, remaining),
        spend=spend,
        tokens=tokens,
        daily=_cumulated(band, len(own.path)),
        ahead=_ahead(asked, band, now_s),
        past=_past(asked, known, now),
        week=_week(known),
        mix=known.mix,
        scale=_scale(known.series.days[OWN][-known.history_days :]),
    )


def _with_held(rest: Band, held: int) -> Band:
    """Return what is left of a period with what is held: that will be settled, so it is never less."""
    return Band(max(rest.lower, held), max(rest.median, held), max(rest.upper, held))


def _at_later_prices(known: Known, now: datetime) -> Prediction:
    """Return the prediction with what is known of later prices."""
    if not known.prices:
        return known.prediction
    factors = [factor_at(known.prices, now + timedelta(days=day + 0.5)) for day in range(len(known.prediction.path))]
    return replace(known.prediction, path=known.prediction.path * np.array(factors))


def factor_at(prices: PriceSteps, at: datetime) -> float:
    """Return how many times today's price is paid at an instant."""
    return next((factor for from_at, factor in reversed(prices) if from_at <= at), 1.0)


def _bands(prediction: Prediction, share: float) -> Callable[[float], Band]:
    """Return what the next days use together, by their number; longer spans have no lower ends than shorter ones."""
    days = len(prediction.path)
    ends = [prediction.interval(day + 1, share) for day in range(days)]
    lower = np.maximum.accumulate([0.0, *(low for low, _ in ends)])
    upper = np.maximum.accumulate([0.0, *(high for _, high in ends)])
    median = np.concatenate([[0.0], np.cumsum(prediction.path)])
    steps = np.arange(days + 1)

    def band(span: float) -> Band:
        return Band(*(round(float(np.interp(span, steps, ends_at))) for ends_at in (lower, median, upper)))

    return band


def _cumulated(band: Callable[[float], Band], days: int) -> tuple[Band, ...]:
    return tuple(band(day + 1) for day in range(days))


def _exceeds_ppm(asked: Asked, prediction: Prediction, remaining: float) -> int | None:
    if asked.limit is None:
        return None
    room = asked.limit - asked.used
    if room < asked.held:
        return MILLION
    return round(MILLION * prediction.probability_above(remaining, room))


def _runs_out_at(asked: Asked, prediction: Prediction, remaining: float, now: datetime) -> datetime | None:
    """Return when the median passes the limit, within the period."""
    if asked.limit is None:
        return None
    room = float(asked.limit - asked.used)
    if room < asked.held:
        return now
    for day, amount in enumerate(prediction.path.tolist()):
        if day >= remaining:
            return None
        if amount > room:
            after = day + room / amount
            return now + timedelta(days=after) if after < remaining else None
        room -= amount
    return None


def _in_kind(known: Known, asked: Asked, rest: Band, kind: int) -> Band | None:
    """Return the period's spend or tokens: what was so far, and as much of it for a unit as lately."""
    recent = known.series.days[:, -RECENT_DAYS:].sum(axis=1)
    if recent[OWN] <= 0:
        return None
    elapsed = max(1, min(ceil(known.prediction.history_days), RECENT_DAYS))
    so_far = known.series.days[:, -elapsed:].sum(axis=1)
    each = float(recent[kind] / recent[OWN])
    before = float(asked.used) * (float(so_far[kind] / so_far[OWN]) if so_far[OWN] > 0 else each)
    return Band(*(round(before + each * amount) for amount in (rest.lower, rest.median, rest.upper)))


def _past(asked: Asked, known: Known, now: datetime) -> tuple[int, ...]:
    """Return what the whole days before were used, from the period's beginning or the first use on."""
    days = min(int(asked.elapsed_days(now, known.history_days)), PAST_DAYS_MAX)
    return tuple(round(amount) for amount in known.series.days[OWN][-days:].tolist()) if days else ()


def _week(known: Known) -> tuple[int, ...]:
    days = known.series.days[OWN][-SEASON_DAYS:]
    return tuple(round(amount) for amount in days.tolist()) if known.history_days >= SEASON_DAYS else ()


def _baselines(asked: Asked, known: Known, now: datetime, remaining: float) -> Baselines:
    elapsed = asked.elapsed_days(now, known.history_days)
    days = known.series.days[OWN][-SEASON_DAYS:]
    count = ceil(remaining)
    week = np.resize(days, max(count, 1))[:count]
    last_week = float(week.sum()) * (remaining / count if count else 0.0)
    return Baselines(
        run_rate=round(run_rate(asked.used, elapsed, elapsed + remaining)),
        seasonal_naive=round(asked.used + last_week),
        naive=round(asked.used + float(days[-1]) * remaining),
    )


def _ahead(asked: Asked, band: Callable[[float], Band], now_s: int) -> tuple[PeriodAhead, ...]:
    found = []
    last = asked.rule.horizon_days * DAY_S + now_s
    for start_s, end_s, limit in asked.ahead:
        ends_s = min(end_s, last)
        if start_s >= last:
            break
        found.append(
            PeriodAhead(start_s, ends_s, _between(band, (start_s - now_s) / DAY_S, (ends_s - now_s) / DAY_S), limit)
        )
    return tuple(found)


def _between(band: Callable[[float], Band], start: float, end: float) -> Band:
    """Return what is used between two days: errors of the whole span, in the proportion of what lies between them."""
    until, before = band(end), band(start)
    median = until.median - before.median
    part = median / until.median if until.median else 0.0
    lower, upper = (round(part * amount) for amount in (until.lower, until.upper))
    return Band(min(lower, median), median, max(upper, median))


def _scale(days: Days) -> int:
    """Return the mean change from a day to the same weekday of the next week."""
    if len(days) <= SEASON_DAYS:
        return 0
    return round(float(np.abs(days[SEASON_DAYS:] - days[:-SEASON_DAYS]).mean()))


def words_of(weights: Sequence[tuple[str, float]]) -> str:
    """Say in words what a forecast was made with: the experts that count most."""
    ordered = sorted(weights, key=lambda weight: -weight[1])
    named = ", ".join(f"{name} {round(weight * 100)}%" for name, weight in ordered[:3])
    return f"combined: {named}" if len(ordered) > 1 else named
