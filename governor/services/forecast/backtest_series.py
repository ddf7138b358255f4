"""Backtest series that are not budgets: recorded ones, from files."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from governor.core.forecasts.accuracy import Accuracy, Judged, accuracy
from governor.services.forecast.entry import run_series
from governor.services.forecast.forecast_budgets import Progress
from governor.services.forecast.process import ForecastProcesses
from governor.services.forecast.series_jobs import SeriesJob, TriedSeries


@dataclass(frozen=True, slots=True)
class Line:
    """How forecasts of a group of series did at a part of their periods."""

    group: str
    fraction: float
    accuracy: Accuracy


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """What came of it.

    Attributes:
        lines: By group and part of the period; the group ``all`` is every forecast.
        series: How many series there were.
        left_out: Origins before which nothing was used, or less than a day was known.
    """

    lines: Sequence[Line]
    series: int
    left_out: int


async def backtest_series(
    jobs: Sequence[SeriesJob], processes: ForecastProcesses, progress: Progress | None = None
) -> SeriesReport:
    """Forecast recorded series again, each from what was known then.

    Args:
        jobs: The series.
        processes: Where numbers are crunched.
        progress: Told how far it is.
    """
    tried: list[TriedSeries] = []
    left_out = done = 0
    async for found, without in processes.each(run_series, jobs):
        tried += found
        left_out += without
        done += 1
        if progress is not None:
            progress(done, len(jobs))
    return SeriesReport(_lines(tried), len(jobs), left_out)


def _lines(tried: Iterable[TriedSeries]) -> list[Line]:
    grouped: defaultdict[tuple[str, float], list[Judged]] = defaultdict(list)
    for one in tried:
        grouped[one.group, one.fraction].append(one.judged)
        grouped["all", one.fraction].append(one.judged)
    return [Line(group, fraction, accuracy(items)) for (group, fraction), items in sorted(grouped.items())]
