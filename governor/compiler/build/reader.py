"""Reads the fields of one document, and puts problems where the field stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from msgspec import UnsetType

from governor.compiler.problems import Problems
from governor.compiler.quantities import QuantityError, parse_date
from governor.compiler.source import Document, Path
from governor.core.policy.header import Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader:
    """One document that is being built.

    Attributes:
        document: Where the fields stand.
        problems: Takes what is wrong.
        time_zone: The Organization's zone, for dates.
    """

    document: Document
    problems: Problems
    time_zone: str = "UTC"

    def read(self, parse: Callable[[str], T], text: str, path: Path, otherwise: T) -> T:
        """Parse a quantity; a problem and ``otherwise`` if it cannot be."""
        try:
            return parse(text)
        except QuantityError as error:
            where = f"`{path[-1]}`" if isinstance(path[-1], str) else "this value"
            self.problems.add(self.document.problem(error.code, f"{where}: {error.message}", path, hint=error.hint))
            return otherwise

    def maybe(self, parse: Callable[[str], T], text: str | UnsetType, path: Path) -> T | None:
        """Parse a quantity that may be absent."""
        if isinstance(text, UnsetType):
            return None
        try:
            return parse(text)
        except QuantityError as error:
            where = f"`{path[-1]}`" if isinstance(path[-1], str) else "this value"
            self.problems.add(self.document.problem(error.code, f"{where}: {error.message}", path, hint=error.hint))
            return None

    def first_instant(self, text: str | UnsetType, path: Path) -> datetime | None:
        """Return the first instant of a day in the Organization's zone, as UTC."""
        day = self.maybe(parse_date, text, path)
        return None if day is None else midnight(day, self.time_zone)

    def end_of(self, text: str | UnsetType, path: Path) -> datetime | None:
        """Return the first instant after a day: the last day of something belongs to it."""
        day = self.maybe(parse_date, text, path)
        return None if day is None else midnight(day + timedelta(days=1), self.time_zone)

    def add(self, code: str, message: str, path: Path = (), *, hint: str = "", key: bool = False) -> None:
        """Add a problem at a path."""
        self.problems.add(self.document.problem(code, message, path, hint=hint, key=key))

    def twice(self, what: str, name: str, path: Path, *, hint: str = "keep one of them") -> None:
        """Add that a name is there for the second time."""
        self.add("duplicate-name", f"the {what} `{name[:60]}` is listed twice", path, hint=hint)

    def source(self, path: Path = ()) -> Source:
        """Return where a part of the document stands, for explanations."""
        if not path:
            return source_of(self.document)
        place = self.document.locate(path)
        return Source(self.document.file, place.line, place.column)


def midnight(day: date, time_zone: str) -> datetime:
    """Return the first instant of a local day as UTC.

    With ``fold=0`` a midnight that comes twice is the first of them, and one that does not exist is the instant at
    which the clocks jump over it.
    """
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def source_of(document: Document) -> Source:
    """Return where a document stands."""
    return Source(document.file, document.position.line, document.position.column)


def given(value: T | UnsetType, otherwise: T) -> T:
    """Return a field that may be absent, or ``otherwise``."""
    return otherwise if isinstance(value, UnsetType) else value


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in for a date that could not be read; the problem is already recorded."""
