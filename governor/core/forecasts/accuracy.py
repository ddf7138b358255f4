"""How good forecasts were: errors, bias and coverage, beside those of simple methods.

MAPE is left out on purpose: where most hours are empty it means nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

FORECAST = "forecast"
RUN_RATE = "run_rate"
NAIVE = "naive"
SEASONAL_NAIVE = "seasonal_naive"
BASELINES = (RUN_RATE, NAIVE, SEASONAL_NAIVE)


@dataclass(frozen=True, slots=True)
class Judged:
    """One forecast of one period beside what happened; amounts in any unit, the same for all of one series.

    Attributes:
        actual: The period's total.
        totals: What ``forecast`` and each baseline said that it would be, as far as that was kept.
        lower: Lower end of the interval.
        upper: Upper end.
        path_errors: Mean absolute error of each method's steps, where they are known.
        scale: Mean absolute change from season to season in the history: the unit of MASE; 0 if unknown.
    """

    actual: float
    totals: Mapping[str, float]
    lower: float
    upper: float
    path_errors: Mapping[str, float]
    scale: float


@dataclass(frozen=True, slots=True)
class MethodScore:
    """How one method did.

    Attributes:
        median_error: Median over forecasts of ``|total - actual| / actual``; None if all actuals are 0.
        wape: ``sum |total - actual| / sum actual``: large budgets count more; None likewise.
        bias: ``sum (total - actual) / sum actual``: above 0 it says too much; None likewise.
        mase: Error of the steps in units of the seasonal naive error within the history, the median over forecasts (a
            series that was asleep has almost no unit, and would be all of a mean); None if unknown.
    """

    median_error: float | None
    wape: float | None
    bias: float | None
    mase: float | None


UNKNOWN = MethodScore(None, None, None, None)
"""Of a method that was not tried."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How forecasts of some series did.

    Attributes:
        count: Forecasts that were judged.
        scores: By method: ``forecast`` and the baselines.
        coverage: Share of the intervals that contained what happened; None without forecasts.
        improvement: How much smaller the median error is than the run-rate's, as a share; None if that has none.
    """

    count: int
    scores: Mapping[str, MethodScore]
    coverage: float | None
    improvement: float | None


def accuracy(judged: Sequence[Judged]) -> Accuracy:
    """Sum up how forecasts did, beside the baselines at the same origins."""
    scores = {method: _score(judged, method) for method in (FORECAST, *BASELINES)}
    coverage = fmean(item.lower <= item.actual <= item.upper for item in judged) if judged else None
    return Accuracy(len(judged), scores, coverage, _improvement(scores))


def _score(judged: Sequence[Judged], method: str) -> MethodScore:
    said = [(item.totals[method], item.actual) for item in judged if method in item.totals]
    errors = [abs(total - actual) / actual for total, actual in said if actual > 0]
    happened = sum(abs(actual) for _, actual in said)
    wape = sum(abs(total - actual) for total, actual in said) / happened if happened else None
    bias = sum(total - actual for total, actual in said) / happened if happened else None
    scaled = [item.path_errors[method] / item.scale for item in judged if item.scale > 0 and method in item.path_errors]
    return MethodScore(
        median_error=median(errors) if errors else None,
        wape=wape,
        bias=bias,
        mase=median(scaled) if scaled else None,
    )


def _improvement(scores: Mapping[str, MethodScore]) -> float | None:
    ours, theirs = scores[FORECAST].median_error, scores[RUN_RATE].median_error
    return 1 - ours / theirs if ours is not None and theirs else None
