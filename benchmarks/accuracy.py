"""How good forecasts are on public series, beside simple methods: ``python -m benchmarks.accuracy FOLDER``.

The folder is the one of the recorded series (``servegen-hourly.csv.gz`` and ``daily/*.csv``). Clients are taken for
teams and their sums for departments, whose period is their fortnight; the daily series are cut into months, and once
more into quarters. Nothing after an origin is known. The aims stand beside what all of them come to together.
"""

import asyncio
import os
import sys
from pathlib import Path

from rich.console import Console

from governor.clients.series_files import RecordedSeries, read_series
from governor.core.forecasts.accuracy import Accuracy
from governor.edges.cli.forecast_view import ACCURACY_COLUMNS, accuracy_row
from governor.edges.cli.printing import table
from governor.services.forecast.backtest_series import SeriesReport, backtest_series
from governor.services.forecast.process import ForecastProcesses
from governor.services.forecast.series_jobs import Cut, SeriesJob, departments_of
from governor.services.forecast.wire import accuracy_wire

DEPARTMENTS = 8
AIMS = {0.25: 0.08, 0.5: 0.25, 0.75: 0.40}
"""By how much less the median error of a total is to be than the run-rate's, at each part of the period."""


def job_of(series: RecordedSeries, group: str, cut: Cut) -> SeriesJob:
    """Return a recorded series to be forecast again."""
    starts_on = series.starts_at.date() if series.starts_at is not None else None
    return SeriesJob(series.name, group, series.values, series.hourly, starts_on, cut)


def teams_and_departments(path: Path) -> list[SeriesJob]:
    """Return the clients of a service, and sums of those that it served with the same model."""
    models: dict[str, list[SeriesJob]] = {}
    for series in read_series(path):
        models.setdefault(series.group, []).append(job_of(series, "teams", Cut.WHOLE))
    sums = [job for teams in models.values() for job in departments_of(teams, DEPARTMENTS)]
    return [*(job for teams in models.values() for job in teams), *sums]


def daily(folder: Path, cut: Cut) -> list[SeriesJob]:
    """Return the daily series, cut into periods."""
    found = [(path, series) for path in sorted(folder.glob("*.csv")) for series in read_series(path)]
    return [job_of(series, path.stem.removeprefix("example_"), cut) for path, series in found]


async def foreseen(jobs: list[SeriesJob]) -> SeriesReport:
    """Forecast all series again, on all cores."""
    processes = ForecastProcesses(os.cpu_count() or 1)
    try:
        return await backtest_series(jobs, processes)
    finally:
        await processes.close()


def reached(fraction: float, found: Accuracy) -> str:
    """Tell whether the aim of a part of the period is reached."""
    is_reached = found.improvement is not None and found.improvement >= AIMS[fraction]
    return f"{AIMS[fraction]:.0%}: {'reached' if is_reached else 'missed'}"


def main(folder: Path) -> None:
    """Measure and print."""
    service = teams_and_departments(folder / "servegen-hourly.csv.gz")
    columns = ("series", "of period", *ACCURACY_COLUMNS, "aim")
    for cut in (Cut.MONTH, Cut.QUARTER):
        report = asyncio.run(foreseen([*service, *daily(folder / "daily", cut)]))
        rows = [
            (
                line.group,
                f"{line.fraction:.0%}",
                *accuracy_row(accuracy_wire(line.accuracy)),
                reached(line.fraction, line.accuracy),
            )
            for line in report.lines
        ]
        Console(width=200).print(table(f"daily series by {cut}", columns, rows, right=columns[1:]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
