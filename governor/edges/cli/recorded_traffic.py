"""Recorded requests for a command: from a file that others publish, or from the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from governor.clients.clock import SystemClock
from governor.clients.recordings import open_recording
from governor.core.decisions.recorded import Recorded
from governor.core.errors import InvalidRequestError
from governor.core.ledger.past import Past
from governor.edges.cli.printing import complain
from governor.services.past import recorded_past
from governor.services.recorded_decisions import recorded_decisions
from governor.store.database import Database

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests in their order.

    Attributes:
        name: What is said about where they come from.
        offset_s: Added to every recorded time.
        total: How much there is, in the unit of ``done``, or None if nobody knows.
        done: How much was read so far.
        past: What a replay begins with; None: with nothing used.
    """

    name: str
    rows: Iterator[Recorded]
    offset_s: float
    total: float | None
    done: Callable[[], float]
    past: Past | None = None


@contextmanager
def from_file(
    path: Path, *, start: str, skip_bad: bool, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Traffic]:
    """Open a recording.

    Args:
        path: The file.
        start: Where a recording without a calendar begins; ``""``: today, 00:00 UTC.
        skip_bad: Leave out lines that cannot be read, and say how many.
        since: Requests before it are left out.
        until: Requests from it on are left out.

    Raises:
        GovernorError: If it cannot be read.
    """
    with open_recording(path) as recording:
        offset_s = 0.0 if recording.dated else start_of(start).timestamp()
        rows = recording.rows(skip_bad=skip_bad)
        if since is not None or until is not None:
            rows = _within(rows, offset_s, since, until)
        yield Traffic(path.name, rows, offset_s, recording.bytes_total, lambda: recording.bytes_read)
        if recording.skipped:
            complain(f"{recording.skipped:,} lines could not be read and were left out")


def from_database(database: Database, since: datetime | None, until: datetime | None) -> Traffic:
    """Return the decisions of a span."""
    position_s = since.timestamp() if since is not None else 0.0

    def followed() -> Iterator[Recorded]:
        nonlocal position_s
        for row in recorded_decisions(database.read_now, since, until):
            position_s = row.at_s
            yield row

    total = until.timestamp() - since.timestamp() if since is not None and until is not None else None
    return Traffic(
        "the decisions on record",
        followed(),
        0.0,
        total,
        lambda: position_s - since.timestamp() if since is not None else position_s,
        recorded_past(database.read_now, since or _BEGINNING, until),
    )


def start_of(text: str) -> datetime:
    """Read where a recording without a calendar begins.

    Raises:
        InvalidRequestError: If it is no time.
    """
    if not text:
        return datetime.combine(SystemClock().now().date(), time(), UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"`{text}` is not a time; write it like 2026-11-20T09:00:00Z") from error
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _within(
    rows: Iterator[Recorded], offset_s: float, since: datetime | None, until: datetime | None
) -> Iterator[Recorded]:
    first_s = since.timestamp() if since is not None else float("-inf")
    end_s = until.timestamp() if until is not None else float("inf")
    return (row for row in rows if first_s <= row.at_s + offset_s < end_s)
