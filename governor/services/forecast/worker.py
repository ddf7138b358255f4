"""What the process that forecasts does with one job: read the rollups, and forecast each budget."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil

import numpy as np

from governor.core.forecasts.forecast import Forecast, ModelShare
from governor.core.forecasts.run_rate import run_rate
from governor.services.forecast.assemble import Known, factor_at, forecast_of, words_of
from governor.services.forecast.backtest import BacktestSeries, backtest
from governor.services.forecast.budget_series import OWN, BudgetSeries
from governor.services.forecast.history import HOURS_OF_A_DAY
from governor.services.forecast.job_series import JobSeries, ends_on, history_of, key_of, look
from governor.services.forecast.predict import Prediction, predict
from governor.services.forecast.tasks import RUN_RATE_WORDS, Asked, ForecastJob, PriceSteps, TriedBudget
from governor.store.use_series import DAY_S, HOUR_S

TINY = 1e-9

PERIOD_DAYS_MIN = 4
"""Shorter periods have no quarter that is a day long."""


def forecast_job(job: ForecastJob) -> list[Forecast]:
    """Forecast the budgets of a job that were ever used; the others have no history."""
    world = look(job)
    if world is None:
        return []
    forecasts = (_forecast(asked, world) for asked in job.asked)
    return [forecast for forecast in forecasts if forecast is not None]


def backtest_job(job: ForecastJob) -> list[TriedBudget]:
    """Forecast the past periods of the budgets of a job again, each from what was known then."""
    world = look(job)
    if world is None:
        return []
    return [tried for asked in job.asked for tried in _tried(asked, world)]


def _tried(asked: Asked, world: JobSeries) -> Iterator[TriedBudget]:
    series = world.series.get(key_of(asked.budget.scope, world.plan))
    known = series.known_days() if series is not None else 0
    if series is None or not known:
        return
    values = series.days[OWN][-known:]
    name, department = asked.budget.policy, asked.attributes.get("department", "")
    # Days end at the hour of the forecast; a period is taken to begin with the day in which it mostly lies.
    bounds = [tuple(known - round((world.job.until_s - at_s) / DAY_S) for at_s in period) for period in asked.behind]
    periods = [(start, end) for start, end in bounds if start >= 0 and end - start >= PERIOD_DAYS_MIN]
    starts_on = ends_on(world.job) - known
    past = BacktestSeries(name, department, values, hourly=False, starts_on=starts_on, holidays=world.job.holidays)
    tried, _ = backtest(past, periods, _share(asked))
    for one in tried:
        yield TriedBudget(name, department, one.fraction, one.judged)


def _share(asked: Asked) -> float:
    return asked.rule.interval_percent / 100


def _price_steps(mix: Sequence[ModelShare], job: ForecastJob) -> PriceSteps:
    """Weigh the price changes of models by what a budget spent on them."""
    total = sum(share.cost_nano_usd for share in mix)
    if total <= 0:
        return ()
    steps = []
    for at in sorted({at for changes in job.prices.values() for at, _ in changes}):
        later = sum(
            share.cost_nano_usd * factor_at(job.prices.get((share.model, share.provider), ()), at) for share in mix
        )
        steps.append((at, later / total))
    return tuple(steps)


def _forecast(asked: Asked, world: JobSeries) -> Forecast | None:
    job, plan = world.job, world.plan
    key = key_of(asked.budget.scope, plan)
    series = world.series.get(key)
    if series is None:
        return None
    if not plan.is_exact:
        series = _share_of(series, asked, job)
    history_days = series.known_days()
    if not history_days:
        return None
    history = history_of(series, job)
    remaining = asked.remaining_days(job.now)
    insufficient = history_days < asked.rule.min_history_days
    parent = world.parent_of(asked, history)
    factors = world.lent(history, parent, max(ceil(remaining), asked.rule.horizon_days, 1))
    prediction = predict(history, remaining, asked.rule.horizon_days, holidays=job.holidays, factors=factors)
    if insufficient:
        prediction = _plain(prediction, asked, job.now, history_days)
    method = RUN_RATE_WORDS if insufficient else words_of(prediction.weights)
    if factors is not None and not insufficient:
        method = f"share of {parent or 'everybody'}'s use; {method}"
    if not plan.is_exact:
        method = f"share of what else was used; {method}"
    mix = tuple(world.mixes.get(key, ()))
    known = Known(series, prediction, history_days, insufficient, method, _price_steps(mix, job), mix)
    return forecast_of(asked, known, job.now)


def _share_of(series: BudgetSeries, asked: Asked, job: ForecastJob) -> BudgetSeries:
    """Return the part of a series that is a budget's, by what both used in the period so far."""
    elapsed_h = max(1, int(job.now.timestamp() - asked.budget.period_start_s) // HOUR_S)
    if elapsed_h <= series.hours.shape[1]:
        together = float(series.hours[OWN, -elapsed_h:].sum())
    else:
        together = float(series.days[OWN, -(elapsed_h // HOURS_OF_A_DAY + 1) :].sum())
    share = min(asked.used / together, 1.0) if together > 0 else 0.0
    return BudgetSeries(series.days * share, series.hours * share)


def _plain(prediction: Prediction, asked: Asked, now: datetime, history_days: int) -> Prediction:
    """Return a run-rate with the interval that so little history allows."""
    remaining = max(asked.remaining_days(now), TINY)
    elapsed = asked.elapsed_days(now, history_days)
    rest = run_rate(asked.used, elapsed, elapsed + remaining) - asked.used
    path = np.full(len(prediction.path), rest / remaining)
    return replace(prediction, path=path, weights=((RUN_RATE_WORDS, 1.0),))
