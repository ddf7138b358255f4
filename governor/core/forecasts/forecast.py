"""A forecast of a budget as it is kept, shown, and later compared with what happened."""

from dataclasses import dataclass
from datetime import datetime

from governor.core.ledger.budget import BudgetKey

MILLION = 1_000_000
"""Probabilities are kept in parts per million: whole numbers."""


@dataclass(frozen=True, slots=True)
class Band:
    """A median with the interval around it, in the unit of what is forecast."""

    lower: int
    median: int
    upper: int


@dataclass(frozen=True, slots=True)
class PeriodAhead:
    """A later period of the same budget, as far as the horizon reaches; the last one may be cut by it.

    Attributes:
        start_s: First second, Unix time.
        end_s: First second after it, or where the horizon ends.
        total: What it will use, in the budget's unit.
        limit: What it may use, as far as policies say today.
    """

    start_s: int
    end_s: int
    total: Band
    limit: int


@dataclass(frozen=True, slots=True)
class ModelShare:
    """What was lately used of one model: which prices a budget depends on."""

    model: str
    provider: str
    cost_nano_usd: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Baselines:
    """What simple methods said at the same time: the forecast must beat them, or they should be used.

    Attributes:
        run_rate: The period's total if it goes on at its average so far.
        seasonal_naive: The period's total if every day is as the same weekday was last.
        naive: The period's total if every day is as the last one, or None: older forecasts did not keep it.
        run_rate_path_error: Mean absolute error of the days that it said, or None: the period is not over.
        seasonal_naive_path_error: Likewise; None also if less than a week was known.
        naive_path_error: Likewise.
    """

    run_rate: int
    seasonal_naive: int
    naive: int | None = None
    run_rate_path_error: int | None = None
    seasonal_naive_path_error: int | None = None
    naive_path_error: int | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """One budget's forecast; amounts are integers of the budget's unit.

    Attributes:
        budget: Which budget, in which period.
        department: Whose it is, as far as its scope tells; ``""`` otherwise, also for ``team`` and ``user``.
        made_at: When; everything before was known, nothing after.
        limit: The limit with what was carried into the period, or None: there is none.
        used: Used in the period so far.
        held: Held at that time, and not yet settled.
        total: The period's total; of a lifetime, what it has used at the horizon.
        interval_percent: How often the interval should contain what happens.
        exceeds_ppm: Probability that the total passes the limit, in parts per million; None without a limit.
        runs_out_at: When the median passes the limit, or None: not before the period (or the horizon) ends.
        history_days: Days of use that were known.
        insufficient_data: Too little history for more than a run-rate.
        method: What it was made with, in words.
        baselines: What simple methods said.
        spend: The period's total in nano-USD, where the rollups tell.
        tokens: The period's total in tokens, where the rollups tell.
        daily: What will have been used since ``made_at`` after one day, two days, ... up to the horizon.
        past: What each of the days before was used, the latest last, as far as they belong to the period.
        week: What the last seven days were used, the latest last, or nothing: fewer are known.
        mix: The models on which most was spent in the last four weeks.
        ahead: The periods after this one.
        scale: Mean change from one day to the same weekday of the next week in the history: the unit of MASE; 0 if
            unknown.
        actual: What the period's total was, or None: it is not over.
        path_error: Mean absolute error of the days that were forecast, or None: the period is not over.
    """

    budget: BudgetKey
    department: str
    team: str
    user: str
    made_at: datetime
    limit: int | None
    used: int
    held: int
    total: Band
    interval_percent: int
    exceeds_ppm: int | None
    runs_out_at: datetime | None
    history_days: int
    insufficient_data: bool
    method: str
    baselines: Baselines
    spend: Band | None = None
    tokens: Band | None = None
    daily: tuple[Band, ...] = ()
    past: tuple[int, ...] = ()
    week: tuple[int, ...] = ()
    mix: tuple[ModelShare, ...] = ()
    ahead: tuple[PeriodAhead, ...] = ()
    scale: int = 0
    actual: int | None = None
    path_error: int | None = None
