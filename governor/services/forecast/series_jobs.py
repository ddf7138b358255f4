"""Recorded series as they are handed to the process that forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from governor.core.forecasts.accuracy import Judged

HOURS_OF_A_DAY = 24


class Cut(StrEnum):
    """How a series is cut into periods."""

    WHOLE = "whole"
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class SeriesJob:
    """One series that is forecast again.

    Attributes:
        name: What it is called.
        group: What its results are summed up with, such as ``teams``.
        values: Use of each step; None where nothing is known.
        hourly: Whether a step is an hour; else a day.
        starts_on: The date of its first step, or None.
        cut: How it is cut into periods.
        interval_percent: How often what happens should lie in the interval.
        holidays: Proleptic ordinals of dates on which fewer people work.
    """

    name: str
    group: str
    values: Sequence[float | None]
    hourly: bool
    starts_on: date | None
    cut: Cut
    interval_percent: int = 80
    holidays: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class TriedSeries:
    """One period that was forecast again, and how that turned out."""

    group: str
    fraction: float
    judged: Judged


def departments_of(teams: Sequence[SeriesJob], count: int) -> list[SeriesJob]:
    """Return sums of teams, every so many teams together: the departments that they could make up."""
    found = []
    for number in range(min(count, len(teams))):
        parts = teams[number::count]
        length = min(len(part.values) for part in parts)
        values = [sum(part.values[step] or 0.0 for part in parts) for step in range(length)]
        first = parts[0]
        name = f"department {number + 1}"
        found.append(replace(first, name=name, group="departments", values=values))
    return found
