"""Applying commands whatever happens: retries, new connections, and halves until one bad item fails alone."""

import random
import sqlite3
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg
import structlog

from governor.core.errors import LedgerUnavailableError
from governor.core.ledger.book import MissingBudgetError, Outcome, UnhydratedError
from governor.core.ledger.commands import Command
from governor.store.ledger.batch import Batches, CommandError, RaceError
from governor.store.ledger.session import Session, Trouble

TRIES_MAX = 8
"""How often one batch is tried before its commands are answered as unavailable."""

PAUSE_S = 0.005
"""The first pause after a failure; it doubles, and is spread so that workers do not meet again."""

DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)

UNWRITABLE = (OverflowError, struct.error)
"""A sum that does not fit 64 bits, noticed before it reaches the database."""

Result = Outcome | Exception

_log = structlog.get_logger("governor.ledger")


class Writer:
    """Owns the ledger's connection. Used by one thread.

    Args:
        open_session: Opens a connection.
        clock: Returns Unix seconds.
    """

    def __init__(self, open_session: Callable[[], Session], clock: Callable[[], float]) -> None:
        self._open_session = open_session
        self._session: Session | None = None
        self._batches = Batches(clock)

    def apply(self, commands: Sequence[Command]) -> list[Result]:
        """Apply commands in order; every one gets its outcome or the error that is its own."""
        results: list[Result] = []
        tries = 0
        while len(results) < len(commands):
            done = self._attempt(commands[len(results) :], tries)
            results.extend(done)
            tries = 0 if done else tries + 1
        return results

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            with suppress(*DRIVER_ERRORS):
                self._session.close()
            self._session = None

    def _attempt(self, commands: Sequence[Command], tries: int) -> list[Result]:
        """Apply the first commands; return no result if it is worth another try."""
        try:
            return list(self._batches.apply(self._connected(), commands))
        except CommandError as error:
            self._rollback()
            return self._without(commands, error, tries)
        except RaceError:
            self._rollback()
            trouble, reason = Trouble.RETRY, "other workers were faster every time"
        except UNWRITABLE as error:
            self._rollback()
            trouble, reason = Trouble.REFUSED, str(error)
        except DRIVER_ERRORS as error:
            trouble, reason = self._recover(error), str(error)
        if trouble is Trouble.REFUSED and len(commands) > 1:
            half = len(commands) // 2
            return self.apply(commands[:half]) + self.apply(commands[half:])
        if trouble is Trouble.REFUSED or tries >= TRIES_MAX:
            return [_unavailable(reason) for _ in commands]
        time.sleep(PAUSE_S * 2**tries * random.random())  # noqa: S311 - spreads retries, keeps no secret
        return []

    def _without(self, commands: Sequence[Command], error: CommandError, tries: int) -> list[Result]:
        """Apply the commands before the one that raised; it fails alone, unless only its counters were missing."""
        if isinstance(error.error, UnhydratedError | MissingBudgetError):
            if tries < TRIES_MAX:
                self._batches.forget()
                return []
            return [*self.apply(commands[: error.index]), _unavailable("its budgets cannot be loaded")]
        # A future refuses to carry StopIteration.
        own = RuntimeError("a command's plan ended early") if isinstance(error.error, StopIteration) else error.error
        return [*self.apply(commands[: error.index]), own]

    def _connected(self) -> Session:
        if self._session is None:
            self._session = self._open_session()
        return self._session

    def _recover(self, error: Exception) -> Trouble:
        """Roll back, or let go of a connection that is of no use any more."""
        if self._session is None:
            return Trouble.RECONNECT
        trouble = self._session.diagnose(error)
        if trouble is Trouble.RECONNECT:
            self.close()
        else:
            self._rollback()
        return trouble

    def _rollback(self) -> None:
        if self._session is None:
            return
        try:
            self._session.rollback()
        except DRIVER_ERRORS:
            self.close()


def _unavailable(reason: str) -> LedgerUnavailableError:
    # The driver's own words are for the log: they name tables and hosts.
    _log.warning("command_not_stored", reason=reason)
    return LedgerUnavailableError("the ledger could not store the command; try again")
