"""Recorded series from CSV files: by day (``ds,y``), by hour and client (ServeGen), or any with a time and a value.

Source: the formats of facebook/prophet's examples and of alibaba/ServeGen aggregated to hours.
"""

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, cast

from governor.core.errors import GovernorError

GZIP_MAGIC = b"\x1f\x8b"
STEPS_MAX = 1_000_000
"""Steps of one series; more are a mistake in a date."""

_TIMES = ("ds", "date", "day", "time", "timestamp", "hour")
_VALUES = ("y", "value", "requests", "cost_usd", "tokens", "amount")
_NAMES = ("category", "model", "department", "team", "client", "series", "name")


class SeriesFileError(GovernorError):
    """A file of series that cannot be read."""

    code = "invalid_series"


@dataclass(frozen=True, slots=True)
class RecordedSeries:
    """One series of a file.

    Attributes:
        name: The values of its naming columns, or the file's name.
        group: What it is a part of: all naming values but the last; ``""`` where it stands alone.
        hourly: Whether a step is an hour; else it is a day.
        starts_at: When its first step begins, or None where the file counts hours from its own beginning.
        values: One for each step; None where the file has none.
    """

    name: str
    group: str
    hourly: bool
    starts_at: datetime | None
    values: tuple[float | None, ...]


def read_series(path: Path, value: str = "") -> list[RecordedSeries]:
    """Read every series of a CSV file, plain or gzipped.

    Args:
        path: The file; its first line names the columns.
        value: The column of values, or ``""``: the first that is known (``y``, ``requests``, ``cost_usd``, ...).

    Raises:
        SeriesFileError: If it is no such file, or a line cannot be read.
    """
    with _stream(path) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        columns = tuple(reader.fieldnames or ())
        time_column = _column(columns, _TIMES, "time", path)
        value_column = _column(columns, (value,) if value else _VALUES, "value", path)
        names = [name for name in _NAMES if name in columns and name not in {time_column, value_column}]
        found: dict[tuple[str, ...], dict[object, float | None]] = {}
        for row in _rows(reader, path):
            key = tuple(row[name] for name in names)
            at = _instant(row[time_column], path, reader.line_num)
            found.setdefault(key, {})[at] = _number(row[value_column], path, reader.line_num)
    return [_series(path, key, points) for key, points in found.items()]


def _stream(path: Path) -> BinaryIO:
    with path.open("rb") as raw:
        compressed = raw.read(2) == GZIP_MAGIC
    return cast("BinaryIO", gzip.GzipFile(path)) if compressed else path.open("rb")


def _rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[Mapping[str, str]]:
    try:
        for row in reader:
            if None in row or None in row.values():
                raise SeriesFileError(f"`{path.name}` line {reader.line_num}: it has not as many fields as the first")
            yield row
    except (UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
        raise SeriesFileError(f"`{path.name}` cannot be read after line {reader.line_num}: give a CSV file") from error


def _column(columns: Sequence[str], wanted: Sequence[str], what: str, path: Path) -> str:
    for name in wanted:
        if name in columns:
            return name
    listed = ", ".join(columns) or "none"
    raise SeriesFileError(f"`{path.name}` has no column for the {what}: expected {' or '.join(wanted)}, found {listed}")


def _instant(text: str, path: Path, line: int) -> object:
    """Return hours from the file's own beginning as a number, and everything else as an instant."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"`{path.name}` line {line}: `{text[:40]}` is no time; write 2026-11-20, 2026-11-20T09:00Z or an hour"
        raise SeriesFileError(message) from error
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _number(text: str, path: Path, line: int) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise SeriesFileError(f"`{path.name}` line {line}: `{text[:40]}` is no number") from error
    if not 0 <= number < float("inf"):
        raise SeriesFileError(f"`{path.name}` line {line}: `{text[:40]}` is not 0 or more")
    return number


def _series(path: Path, key: tuple[str, ...], points: Mapping[object, float | None]) -> RecordedSeries:
    name, group = " ".join(key) or path.name.split(".")[0], " ".join(key[:-1])
    if all(isinstance(at, int) for at in points):
        numbered = {at: number for at, number in points.items() if isinstance(at, int)}
        values = _laid_out(path, {at - min(numbered): number for at, number in numbered.items()})
        return RecordedSeries(name, group, hourly=True, starts_at=None, values=values)
    dated = sorted(at for at in points if isinstance(at, datetime))
    if len(dated) < len(points):
        raise SeriesFileError(f"`{path.name}`: the times of `{name}` are partly hours and partly dates")
    step = min((b - a for a, b in pairwise(dated)), default=timedelta(days=1))
    hourly = step < timedelta(days=1)
    unit = timedelta(hours=1) if hourly else timedelta(days=1)
    values = _laid_out(path, {(at - dated[0]) // unit: points[at] for at in dated})
    return RecordedSeries(name, group, hourly=hourly, starts_at=dated[0], values=values)


def _laid_out(path: Path, points: Mapping[int, float | None]) -> tuple[float | None, ...]:
    last = max(points)
    if last >= STEPS_MAX:
        raise SeriesFileError(
            f"`{path.name}` reaches over more than {STEPS_MAX:,} steps: look for a date that is wrong"
        )
    return tuple(points.get(step) for step in range(last + 1))
