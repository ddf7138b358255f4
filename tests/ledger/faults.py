"""Storage that fails on request: wraps the driver's own session, so that everything above it is the real thing."""

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

import psycopg

from governor.core.ledger.commands import Option, Place
from governor.store.ledger import SqlLedger
from governor.store.ledger.session import Row, Session, Trouble
from governor.store.ledger.statements import Insert, Lookup, Update
from tests.ledger.factory import budget, hold, place


class FailingSession:
    """A driver's session that fails at some calls, before or after it has done them."""

    def __init__(self, session: Session, calls: "Calls") -> None:
        self._session = session
        self._calls = calls
        self.errors = session.errors
        is_sqlite = sqlite3.Error in session.errors
        self._error: type[Exception] = sqlite3.OperationalError if is_sqlite else psycopg.OperationalError

    def _pass(self) -> None:
        if self._calls.fails():
            raise self._error("the disk is gone")

    def begin(self) -> None:
        """Begin, or fail."""
        self._pass()
        self._session.begin()

    def commit(self) -> None:
        """Commit, or fail before; or commit, and fail before anybody knows."""
        self._pass()
        self._session.commit()
        self._pass()

    def rollback(self) -> None:
        """Roll back."""
        self._session.rollback()

    def close(self) -> None:
        """Close."""
        self._session.close()

    def changed_elsewhere(self) -> bool:
        """Ask, or fail."""
        self._pass()
        return self._session.changed_elsewhere()

    def find(self, *lookups: tuple[Lookup, Iterable[bytes]]) -> list[list[Row]]:
        """Find one after the other, or fail on the way."""
        found: list[list[Row]] = []
        for lookup in lookups:
            self._pass()
            found.extend(self._session.find(lookup))
        return found

    def write(self, *writes: tuple[Insert | Update, Sequence[Row]]) -> list[int]:
        """Write one after the other, or fail on the way."""
        changed: list[int] = []
        for write in writes:
            self._pass()
            changed.extend(self._session.write(write))
        return changed

    def empty_ring_table(self, index: int) -> None:
        """Empty a table, or fail."""
        self._pass()
        self._session.empty_ring_table(index)

    def diagnose(self, error: Exception) -> Trouble:
        """Say what to do, as the driver does."""
        return self._session.diagnose(error)


class Calls:
    """Counts storage calls; those from ``first`` to ``last`` fail."""

    def __init__(self, first: int, last: float) -> None:
        self.first, self.last, self.made = first, last, 0

    def fails(self) -> bool:
        """Count a call and tell whether it fails."""
        self.made += 1
        return self.first <= self.made <= self.last


def sabotage(ledger: SqlLedger, calls: Calls) -> None:
    """Let a ledger's storage fail from its next connection on."""
    open_session = ledger._open_session
    ledger._writer.close()
    ledger._writer._open_session = lambda: FailingSession(open_session(), calls)


def stuck(hanging: threading.Event, entered: threading.Event) -> Place:
    """Return a command that keeps the ledger's thread until it is let go."""
    other = budget("other")

    def options() -> tuple[Option, ...]:
        entered.set()
        hanging.wait(10)
        return (Option(placeable=True, holds=(hold(other, 1),)),)

    return replace(place(hold(other, 1)), options=options)
