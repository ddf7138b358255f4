"""How good the forecasts are: those that were made, beside what happened, and the past forecast again."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from governor.core.forecasts.accuracy import Accuracy, Judged, accuracy
from governor.core.forecasts.closing import judged
from governor.core.forecasts.forecast import Forecast
from governor.core.scopes import Scope
from governor.services.forecast.entry import run_backtest
from governor.services.forecast.forecast_budgets import Progress, Write
from governor.services.forecast.gather import ForecastJobs
from governor.services.forecast.process import ForecastProcesses
from governor.services.forecast.tasks import TriedBudget
from governor.store.database import Database
from governor.store.forecast_scores import Score, keep_scores, read_scores
from governor.store.forecasts import read_closed

REMEMBERED = timedelta(days=400)
"""Forecasts older than this say little about those of today."""

ENOUGH = 12
"""Forecasts that were really made speak for themselves from so many on; before, the backtest is shown."""

Group = tuple[str, str, str]
"""Quota, department and method."""


@dataclass(frozen=True, slots=True)
class BacktestRun:
    """What a backtest of all budgets came to."""

    scores: Sequence[Score]

    def __str__(self) -> str:
        return f"{sum(score.accuracy.count for score in self.scores):,} forecasts of the past were made again"


class Basis(StrEnum):
    """What an accuracy was measured on."""

    RECORD = "record"
    BACKTEST = "backtest"


@dataclass(frozen=True, slots=True)
class Measured:
    """An accuracy, what it was measured on, and what it should be.

    Attributes:
        target_bp: The median error to stay below, in basis points; None: nobody said.
    """

    basis: Basis
    accuracy: Accuracy
    target_bp: int | None = None


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How good forecasts have been.

    Attributes:
        scores: The latest backtest of each quota and department, by the part of the period that had passed.
        made: Forecasts that were made and whose periods are over, by quota, department and method.
        target_of: Tells the ``accuracy_target`` of budgets of a scope.
    """

    scores: Sequence[Score]
    made: Mapping[Group, Accuracy]
    target_of: Callable[[Scope], int | None]
    _by_place: Mapping[tuple[str, str], Accuracy] = field(default_factory=dict)

    def beside(self, forecast: Forecast) -> Measured | None:
        """Return what stands beside a forecast: its quota's and department's record, else their backtest."""
        target_bp = self.target_of(forecast.budget.scope)
        made = self._by_place.get((forecast.budget.policy, forecast.department))
        if made is not None and made.count >= ENOUGH:
            return Measured(Basis.RECORD, made, target_bp)
        near = [
            score
            for score in self.scores
            if (score.policy, score.department) == (forecast.budget.policy, forecast.department)
        ]
        if near:
            passed = _passed_percent(forecast)
            best = min(near, key=lambda score: abs(score.fraction - passed))
            return Measured(Basis.BACKTEST, best.accuracy, target_bp)
        return Measured(Basis.RECORD, made, target_bp) if made is not None else None


class ForecastJudge:
    """Tells how good forecasts are.

    Args:
        jobs: Makes jobs of budgets.
        database: Where forecasts and scores are kept.
        processes: Where numbers are crunched.
    """

    def __init__(self, jobs: ForecastJobs, database: Database, processes: ForecastProcesses) -> None:
        self._jobs = jobs
        self._database = database
        self._processes = processes

    async def record(self, now: datetime, policies: Sequence[str] = ()) -> TrackRecord:
        """Return how good the forecasts of some quotas, or of all, have been."""
        since_s = int((now - REMEMBERED).timestamp())
        scores = await self._database.read(partial(read_scores, policies=policies))
        closed = await self._database.read(lambda connection: list(read_closed(connection, since_s, policies)))
        by_group: defaultdict[Group, list[Judged]] = defaultdict(list)
        by_place: defaultdict[tuple[str, str], list[Judged]] = defaultdict(list)
        for forecast in closed:
            one = judged(forecast)
            policy, department = forecast.budget.policy, forecast.department
            by_group[policy, department, _method(forecast)].append(one)
            by_place[policy, department].append(one)
        return TrackRecord(
            scores,
            {group: accuracy(items) for group, items in sorted(by_group.items())},
            lambda scope: self._jobs.rule_of(scope, now).accuracy_target_bp,
            {place: accuracy(items) for place, items in by_place.items()},
        )

    async def backtest(
        self, now: datetime, write: Write | None = None, progress: Progress | None = None
    ) -> BacktestRun:
        """Forecast the past periods of every budget again, and keep how good that was.

        Args:
            now: Nothing after it is known.
            write: How scores are written; None: in a transaction of the database.
            progress: Told how far it is.
        """
        views = [view async for view in self._jobs.all_budgets(now)]
        jobs = await self._jobs.jobs(views, now)
        tried: list[TriedBudget] = []
        done = 0
        async for some in self._processes.each(run_backtest, jobs):
            tried += some
            done += 1
            if progress is not None:
                progress(done, len(jobs))
        scores = _scores(tried, int(now.timestamp()))
        keep = partial(keep_scores, scores=scores)
        await (write(keep) if write is not None else self._database.write(keep))
        return BacktestRun(scores)


def _scores(tried: Iterable[TriedBudget], made_at_s: int) -> list[Score]:
    grouped: defaultdict[tuple[str, str, int], list[Judged]] = defaultdict(list)
    for one in tried:
        grouped[one.policy, one.department, round(one.fraction * 100)].append(one.judged)
    return [
        Score(policy, department, fraction, made_at_s, accuracy(items))
        for (policy, department, fraction), items in sorted(grouped.items())
    ]


def _method(forecast: Forecast) -> str:
    """Return the kind of method: whose share it is, and the expert that counted most; how much it did differs daily."""
    *parts, last = forecast.method.split("; ")
    kind, _, experts = last.partition(": ")
    if experts:
        last = f"{kind}, {_without_share(experts.split(', ')[0])} first"
    return "; ".join([*parts, _without_share(last)])


def _without_share(words: str) -> str:
    name, _, share = words.rpartition(" ")
    return name if share.endswith("%") and name else words


def _passed_percent(forecast: Forecast) -> float:
    budget = forecast.budget
    if budget.period_end_s is None:
        return 0.0
    passed_s = forecast.made_at.timestamp() - budget.period_start_s
    return 100 * passed_s / (budget.period_end_s - budget.period_start_s)
