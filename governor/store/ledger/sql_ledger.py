"""The durable ledger: commands queue up, one thread applies what is waiting in one transaction, then answers all.

As load grows the batch grows; a lone command waits for nothing. An answer is given only after the commit.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue

import structlog
from sqlalchemy.exc import SQLAlchemyError

from governor.core.errors import LedgerUnavailableError
from governor.core.ledger.book import Outcome
from governor.core.ledger.budget import Balance
from governor.core.ledger.commands import Command, Placed, Release
from governor.core.ledger.reservation import ReservationState
from governor.store.balances import read_balances
from governor.store.database import Database
from governor.store.ledger.postgres_session import PostgresSession
from governor.store.ledger.session import Session
from governor.store.ledger.sqlite_session import SqliteSession
from governor.store.ledger.writer import Result, Writer

BATCH_MAX = 256
"""Commands in one transaction."""

QUEUE_MAX = 10_000
"""Commands that may wait; more are refused at once, because their answer would come too late."""


_log = structlog.get_logger("governor.ledger")


class Ticket:
    """A waiting command."""

    __slots__ = ("command", "future")

    def __init__(self, command: Command, future: asyncio.Future[Outcome]) -> None:
        self.command = command
        self.future = future


class SqlLedger:
    """The ledger on SQLite or PostgreSQL; see ``core.ledger.port.Ledger``. Belongs to one event loop.

    Args:
        database: Where it is stored; its schema must be current.
        clock: Returns Unix seconds.
        queue_max: Commands that may wait.
        batch_max: Commands in one transaction.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        *,
        queue_max: int = QUEUE_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._database = database
        self._clock = clock
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._queue: SimpleQueue[Ticket | None] = SimpleQueue()
        self._writer = Writer(self._open_session, clock)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._accepting = False
        self._in_hand = 0
        self._idle = asyncio.Event()
        self.on_batch: Callable[[int, float], None] | None = None
        """Called in the ledger's thread after each batch, with its size and its seconds: for metrics."""

    @property
    def queue_depth(self) -> int:
        """Commands that wait."""
        return self._queue.qsize()

    async def start(self) -> None:
        """Start taking commands."""
        self._loop = asyncio.get_running_loop()
        self._idle.set()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._accepting = True
        self._thread.start()

    async def close(self) -> None:
        """Take no more commands, finish what was accepted, and close the connection."""
        if self._thread is None:
            return
        self._accepting = False
        await self._idle.wait()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._thread = None

    async def submit(self, command: Command, *, deadline_s: float | None = None) -> Outcome:
        """Apply one command; see ``Ledger.submit``."""
        if not self._accepting:
            raise LedgerUnavailableError("the ledger is closed; try another worker")
        if self._queue.qsize() >= self._queue_max:
            raise LedgerUnavailableError("too many requests wait for the ledger; try again in a moment")
        ticket = self._enqueue(command)
        if deadline_s is None:
            return await ticket.future
        timer = ticket.future.get_loop().call_later(deadline_s, _give_up, ticket)
        try:
            return await ticket.future
        finally:
            timer.cancel()

    async def submit_many(self, commands: Sequence[Command], *, deadline_s: float | None = None) -> list[Outcome]:
        """Apply commands in order; see ``Ledger.submit_many``."""
        outcomes = await asyncio.gather(
            *(self.submit(command, deadline_s=deadline_s) for command in commands), return_exceptions=True
        )
        answered = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        if len(answered) == len(commands):
            return answered
        for outcome in answered:
            self._give_back(outcome)
        raise next(outcome for outcome in outcomes if isinstance(outcome, BaseException))

    async def balances(self, digests: Sequence[bytes]) -> Mapping[bytes, Balance]:
        """Read balances now, without locks; a budget that nobody touched is left out."""
        now_s = self._clock()
        try:
            return await self._database.read(lambda connection: read_balances(connection, digests, now_s))
        except SQLAlchemyError as error:
            _log.warning("balances_not_read", problem=str(error))
            raise LedgerUnavailableError("balances cannot be read; try again in a moment") from error

    # The loop's side

    def _enqueue(self, command: Command) -> Ticket:
        assert self._loop is not None
        ticket = Ticket(command, self._loop.create_future())
        self._in_hand += 1
        self._idle.clear()
        self._queue.put(ticket)
        return ticket

    def _answer(self, tickets: Sequence[Ticket], results: Sequence[Result]) -> None:
        for ticket, result in zip(tickets, results, strict=True):
            if ticket.future.done():
                # The caller was told that there was no answer, or went away.
                if not isinstance(result, Exception):
                    self._give_back(result)
            elif isinstance(result, Exception):
                ticket.future.set_exception(result)
            else:
                ticket.future.set_result(result)
        self._done(len(tickets))

    def _done(self, count: int) -> None:
        self._in_hand -= count
        if not self._in_hand:
            self._idle.set()

    def _give_back(self, outcome: Outcome) -> None:
        """Release what was placed for a caller who does not know of it."""
        placed = outcome if isinstance(outcome, tuple) else (outcome,)
        for one in placed:
            if isinstance(one, Placed) and not one.replayed and one.state is ReservationState.HELD:
                ticket = self._enqueue(Release(one.reservation.id, one.reservation.client))
                # Nobody waits for it: if it fails, the hold expires by itself.
                ticket.future.add_done_callback(asyncio.Future.exception)

    # The thread's side

    def _run(self) -> None:
        try:
            while tickets := self._next_batch():
                self._apply(tickets)
        finally:
            self._writer.close()

    def _next_batch(self) -> list[Ticket]:
        """Wait for a command and take what else is waiting; nothing at the end."""
        tickets: list[Ticket] = []
        ticket = self._queue.get()
        while ticket is not None:
            tickets.append(ticket)
            if len(tickets) >= self._batch_max:
                break
            try:
                ticket = self._queue.get_nowait()
            except Empty:
                break
        return tickets

    def _apply(self, tickets: Sequence[Ticket]) -> None:
        assert self._loop is not None
        # Those who were told that there was no answer have withdrawn.
        waiting = [ticket for ticket in tickets if not ticket.future.done()]
        started_s = time.perf_counter()
        results = self._results([ticket.command for ticket in waiting]) if waiting else []
        if self.on_batch is not None and waiting:
            self.on_batch(len(waiting), time.perf_counter() - started_s)
        self._loop.call_soon_threadsafe(self._answer, waiting, results)
        self._loop.call_soon_threadsafe(self._done, len(tickets) - len(waiting))

    def _results(self, commands: Sequence[Command]) -> Sequence[Result]:
        try:
            return self._writer.apply(commands)
        except Exception:  # noqa: BLE001 - whatever is wrong with one batch, the thread must go on for the next
            self._writer.close()
            _log.exception("batch_failed", commands=len(commands))
            return [LedgerUnavailableError("the ledger failed; its log says why") for _ in commands]

    def _open_session(self) -> Session:
        if self._database.is_sqlite:
            return SqliteSession(self._database.open_sqlite())
        return PostgresSession(self._database.open_postgres())


def _give_up(ticket: Ticket) -> None:
    if not ticket.future.done():
        ticket.future.set_exception(LedgerUnavailableError("the ledger did not answer in time; try again"))
