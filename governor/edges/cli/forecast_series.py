"""Backtests of recorded series: ``governor forecast --backtest --series FILE``."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Group

from governor.clients.series_files import RecordedSeries, read_series
from governor.compiler.public_holidays import countries_with_holidays, public_holidays
from governor.core.errors import InvalidRequestError
from governor.edges.cli.forecast_view import ACCURACY_COLUMNS, accuracy_row
from governor.edges.cli.options import run
from governor.edges.cli.printing import Output, console, print_json, progress, table
from governor.services.forecast.backtest_series import SeriesReport, backtest_series
from governor.services.forecast.process import ForecastProcesses
from governor.services.forecast.series_jobs import Cut, SeriesJob, departments_of
from governor.services.forecast.wire import accuracy_wire

MONTHS_FROM_DAYS = 60
"""Shorter series are one period as a whole."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """How a file's series are forecast again.

    Attributes:
        period: How they are cut into periods, or None: whole, and months where they are long enough.
        departments: Sums of series that are forecast, too.
        interval: In percent.
        holidays: A country, or a part of it, whose holidays count: `DE`, `DE-BE`; ``""``: none.
    """

    period: Cut | None
    departments: int
    interval: int
    holidays: str = ""


def backtest_file(path: Path, value: str, cutting: Cutting, output: Output) -> None:
    """Backtest the series of a file, and print how good the forecasts were.

    Raises:
        SeriesFileError: If the file cannot be read.
        InvalidRequestError: If no holidays are known of a place.
    """
    recorded = read_series(path, value)
    holidays = _holidays(cutting.holidays)
    jobs = [replace(_job(series, cutting, alone=len(recorded) == 1), holidays=holidays) for series in recorded]
    if len(jobs) > 1 and cutting.departments:
        jobs += _departments(recorded, jobs, cutting.departments)
    report = run(_run(jobs))
    document = _wire(path, report)
    if output is Output.JSON:
        print_json(document)
        return
    rows = [(line["group"], f"{line['fraction']:.0%}", *accuracy_row(line)) for line in document["groups"]]
    columns = ("series", "of period", *ACCURACY_COLUMNS)
    notes = f"{report.series:,} series; {report.left_out:,} origins left out: nothing was used before them"
    console().print(Group(table(f"Backtest of {path.name}", columns, rows, right=columns[1:]), "", notes))


def _holidays(place: str) -> frozenset[int]:
    """Return the holidays of a country or a part of it.

    Raises:
        InvalidRequestError: If none are known.
    """
    country, _, part = place.partition("-")
    if not country:
        return frozenset()
    known = countries_with_holidays()
    if country not in known or (part and part not in known[country]):
        raise InvalidRequestError(f"no holidays are known of `{place}`: write DE or DE-BE", field="holidays")
    return frozenset(day.toordinal() for day in public_holidays(country, part))


def _job(series: RecordedSeries, cutting: Cutting, *, alone: bool) -> SeriesJob:
    days = len(series.values) / (24 if series.hourly else 1)
    cut = cutting.period or (Cut.MONTH if days >= MONTHS_FROM_DAYS else Cut.WHOLE)
    starts_on = series.starts_at.date() if series.starts_at is not None else None
    group = series.name if alone else "teams"
    return SeriesJob(series.name, group, series.values, series.hourly, starts_on, cut, cutting.interval)


def _departments(recorded: Sequence[RecordedSeries], jobs: Sequence[SeriesJob], count: int) -> list[SeriesJob]:
    """Return departments of teams that are parts of the same whole."""
    wholes: dict[str, list[SeriesJob]] = {}
    for series, job in zip(recorded, jobs, strict=True):
        wholes.setdefault(series.group, []).append(job)
    return [department for teams in wholes.values() for department in departments_of(teams, count)]


async def _run(jobs: Sequence[SeriesJob]) -> SeriesReport:
    processes = ForecastProcesses(os.cpu_count() or 1)
    try:
        with progress() as shown:
            task = shown.add_task("forecasting the past", total=len(jobs), note="")
            return await backtest_series(
                jobs, processes, lambda done, total: shown.update(task, completed=done, total=total)
            )
    finally:
        await processes.close()


def _wire(path: Path, report: SeriesReport) -> dict[str, Any]:
    return {
        "file": path.name,
        "series": report.series,
        "left_out": report.left_out,
        "groups": [
            {"group": line.group, "fraction": line.fraction, **accuracy_wire(line.accuracy)} for line in report.lines
        ],
    }
