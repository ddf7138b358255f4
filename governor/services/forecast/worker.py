"""What the process that forecasts does with one job: read the rollups, and forecast each budget."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from governor.core.forecasts.forecast import Forecast, ModelShare
from governor.core.forecasts.run_rate import run_rate
from governor.core.scopes import NONE_VALUE, Scope
from governor.services.forecast.assemble import Known, factor_at, forecast_of, words_of
from governor.services.forecast.backtest import BacktestSeries, backtest
from governor.services.forecast.budget_series import (
    HOURS,
    OWN,
    BudgetSeries,
    Key,
    SeriesCollector,
    SeriesPlan,
    plan_of,
)
from governor.services.forecast.history import HISTORY_DAYS, HOURS_OF_A_DAY, Days, History
from governor.services.forecast.parent_share import is_new, parent_factors
from governor.services.forecast.predict import Prediction, predict
from governor.services.forecast.tasks import RUN_RATE_WORDS, Asked, ForecastJob, PriceSteps, Served, TriedBudget
from governor.store.database import Database
from governor.store.use_series import DAY_S, HOUR_S, MODEL_SUMS, read_use_by_model, read_use_steps

TINY = 1e-9

SHARE_WORDS = "share of everybody's use"

PERIOD_DAYS_MIN = 4
"""Shorter periods have no quarter that is a day long."""

PRICED_DAYS = 28
"""Days whose spend tells how much a budget is about each model."""

MIX_MAX = 12
"""Models that are told apart; the rest is little."""


def forecast_job(job: ForecastJob) -> list[Forecast]:
    """Forecast the budgets of a job that were ever used; the others have no history."""
    world = _look(job)
    if world is None:
        return []
    forecasts = (_forecast(asked, world) for asked in job.asked)
    return [forecast for forecast in forecasts if forecast is not None]


def backtest_job(job: ForecastJob) -> list[TriedBudget]:
    """Forecast the past periods of the budgets of a job again, each from what was known then."""
    world = _look(job)
    if world is None:
        return []
    return [tried for asked in job.asked for tried in _tried(asked, world)]


def _look(job: ForecastJob) -> "_World | None":
    """Read the rollups once; None if nothing was ever used."""
    plan = plan_of(job.quota)
    collector = SeriesCollector(job.quota, plan, job.known)
    database = Database(job.database_url)
    try:
        mixes = database.read_now(lambda connection: _read(connection, job, plan, collector))
    finally:
        database.engine.dispose()
    if not collector.series:
        return None
    return _World(job, plan, collector.series, _history(collector.whole(), job), mixes)


def _tried(asked: Asked, world: "_World") -> Iterator[TriedBudget]:
    series = world.series.get(_key(asked.budget.scope, world.plan))
    known = series.known_days() if series is not None else 0
    if series is None or not known:
        return
    values = series.days[OWN][-known:]
    name, department = asked.budget.policy, asked.attributes.get("department", "")
    # Days end at the hour of the forecast; a period is taken to begin with the day in which it mostly lies.
    bounds = [tuple(known - round((world.job.until_s - at_s) / DAY_S) for at_s in period) for period in asked.behind]
    periods = [(start, end) for start, end in bounds if start >= 0 and end - start >= PERIOD_DAYS_MIN]
    starts_on = _ends_on(world.job) - known
    past = BacktestSeries(name, department, values, hourly=False, starts_on=starts_on, holidays=world.job.holidays)
    tried, _ = backtest(past, periods, _share(asked))
    for one in tried:
        yield TriedBudget(name, department, one.fraction, one.judged)


def _share(asked: Asked) -> float:
    return asked.rule.interval_percent / 100


@dataclass(slots=True)
class _World:
    """What the budgets of a job have in common."""

    job: ForecastJob
    plan: SeriesPlan
    series: Mapping[Key, BudgetSeries]
    parent: History
    mixes: Mapping[Key, Sequence[ModelShare]]
    _ahead: Days | None = None

    def parent_ahead(self, days: int) -> Days:
        """Return what everybody will use on the next days; worked out once, when the first new budget asks."""
        if self._ahead is None or len(self._ahead) < days:
            self._ahead = predict(self.parent, days, holidays=self.job.holidays).path
        return self._ahead[:days]


def _read(
    connection: Connection, job: ForecastJob, plan: SeriesPlan, collector: SeriesCollector
) -> dict[Key, list[ModelShare]]:
    """Read days and hours into the collector; return which models each budget was spent on lately."""
    days = read_use_steps(connection, plan.by, until_s=job.until_s, steps=HISTORY_DAYS, step_s=DAY_S)
    collector.add_days(days)
    hours = read_use_steps(connection, plan.by, until_s=job.until_s, steps=HOURS, step_s=HOUR_S)
    collector.add_hours(hours)
    by = tuple(dict.fromkeys((*plan.by, "model", "provider")))
    from_s = job.until_s - PRICED_DAYS * DAY_S
    return _mixes(read_use_by_model(connection, by, from_s=from_s, until_s=job.until_s), by, collector)


def _mixes(
    rows: Sequence[tuple[tuple[str, ...], tuple[int, ...]]], by: Sequence[str], collector: SeriesCollector
) -> dict[Key, list[ModelShare]]:
    spent: defaultdict[Key, dict[Served, ModelShare]] = defaultdict(dict)
    for values, sums in rows:
        row, amounts = dict(zip(by, values, strict=True)), dict(zip(MODEL_SUMS, sums, strict=True))
        key = collector.key(tuple(row[name] for name in collector.plan.by))
        if key is not None:
            served = (row["model"], row["provider"])
            known = spent[key].get(served, ModelShare(*served, 0, 0))
            spent[key][served] = ModelShare(
                *served,
                known.cost_nano_usd + amounts["cost_nano_usd"],
                known.tokens + amounts["input_tokens"] + amounts["output_tokens"],
            )
    return {
        key: sorted(shares.values(), key=lambda share: -share.cost_nano_usd)[:MIX_MAX] for key, shares in spent.items()
    }


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


def _forecast(asked: Asked, world: _World) -> Forecast | None:
    job, plan = world.job, world.plan
    key = _key(asked.budget.scope, plan)
    series = world.series.get(key)
    if series is None:
        return None
    if not plan.is_exact:
        series = _share_of(series, asked, job)
    history_days = series.known_days()
    if not history_days:
        return None
    history = _history(series, job)
    remaining = asked.remaining_days(job.now)
    insufficient = history_days < asked.rule.min_history_days
    ahead = max(ceil(remaining), asked.rule.horizon_days, 1)
    factors = (
        parent_factors(history, world.parent, world.parent_ahead(ahead)) if is_new(history, world.parent) else None
    )
    prediction = predict(history, remaining, asked.rule.horizon_days, holidays=job.holidays, factors=factors)
    if insufficient:
        prediction = _plain(prediction, asked, job.now, history_days)
    method = RUN_RATE_WORDS if insufficient else words_of(prediction.weights)
    if factors is not None and not insufficient:
        method = f"{SHARE_WORDS}; {method}"
    if not plan.is_exact:
        method = f"share of what else was used; {method}"
    mix = tuple(world.mixes.get(key, ()))
    known = Known(series, prediction, history_days, insufficient, method, _price_steps(mix, job), mix)
    return forecast_of(asked, known, job.now)


def _key(scope: Scope, plan: SeriesPlan) -> Key:
    values = dict(scope)
    return tuple(values.get(name, NONE_VALUE) for name in plan.per)


def _share_of(series: BudgetSeries, asked: Asked, job: ForecastJob) -> BudgetSeries:
    """Return the part of a series that is a budget's, by what both used in the period so far."""
    elapsed_h = max(1, int(job.now.timestamp() - asked.budget.period_start_s) // HOUR_S)
    if elapsed_h <= series.hours.shape[1]:
        together = float(series.hours[OWN, -elapsed_h:].sum())
    else:
        together = float(series.days[OWN, -(elapsed_h // HOURS_OF_A_DAY + 1) :].sum())
    share = min(asked.used / together, 1.0) if together > 0 else 0.0
    return BudgetSeries(series.days * share, series.hours * share)


def _history(series: BudgetSeries, job: ForecastJob) -> History:
    """Return the history of what a budget counts, from its first use on."""
    known = max(series.known_days(), 1)
    hours = series.hours[OWN].reshape(-1, HOURS_OF_A_DAY)[-known:]
    return History(series.days[OWN][-known:].copy(), hours, _ends_on(job))


def _ends_on(job: ForecastJob) -> float:
    """Return the local date up to which use is counted, with the part of it that is over."""
    local = datetime.fromtimestamp(job.until_s, UTC).astimezone(ZoneInfo(job.time_zone))
    return local.toordinal() + (local.hour * HOUR_S + local.minute * 60) / DAY_S


def _plain(prediction: Prediction, asked: Asked, now: datetime, history_days: int) -> Prediction:
    """Return a run-rate with the interval that so little history allows."""
    remaining = max(asked.remaining_days(now), TINY)
    elapsed = asked.elapsed_days(now, history_days)
    rest = run_rate(asked.used, elapsed, elapsed + remaining) - asked.used
    path = np.full(len(prediction.path), rest / remaining)
    return replace(prediction, path=path, weights=((RUN_RATE_WORDS, 1.0),))
