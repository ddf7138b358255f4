"""One batch of commands in one transaction: load, lock, decide in order, write in bulk, commit."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from governor.core.ledger.book import Book, MissingBudgetError, Outcome, UnhydratedError
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.changes import Changes
from governor.core.ledger.commands import Command
from governor.core.ledger.counter import Counter
from governor.store.ledger import statements
from governor.store.ledger.hydrate import fill_counters, fill_records, find_budget_keys
from governor.store.ledger.ring import Ring, ring_at
from governor.store.ledger.rows import (
    claim_rows,
    counter_row,
    decision_row,
    entry_row,
    moved_rows,
    rollup_rows,
    unit_rows,
)
from governor.store.ledger.session import Row, Session
from governor.store.records import budget_row

KNOWN_MAX = 200_000
"""Identities of budgets that are remembered, so that they are neither created nor read again."""

COUNTERS_MAX = 20_000
"""Counters that are kept from one transaction to the next."""

Write = tuple[statements.Insert | statements.Update, list[Row]]


class RaceError(Exception):
    """Another worker wrote the same key in the meantime: the transaction must be done again."""


class CommandError(Exception):
    """A command's own functions raised: it fails alone. ``index`` is its place in the batch."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__(str(error))
        self.index = index
        self.error = error


class Batches:
    """Applies batches on a session, one at a time.

    It remembers the identities of budgets, and counters from one transaction to the next: a counter is used again only
    if the database says that nobody else has written meanwhile.

    Args:
        clock: Returns Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[bytes, BudgetKey] = {}
        self._counters: dict[bytes, Counter] = {}
        self._absent: set[bytes] = set()
        """Budgets that were looked for and that nobody had: most are periods in which a scope was not used."""
        self._surely_absent: set[bytes] = set()
        """Those of them that nobody has had since; as fresh as the counters."""
        self._every_option = False
        """Whether to load what requests need that are given another model because budgets are full."""
        self._emptied_day = -1

    def apply(self, session: Session, commands: Sequence[Command]) -> list[Outcome]:
        """Apply commands in order, durably.

        Returns:
            The outcomes of the first commands: one at least, fewer than asked where a command turned out to need
            counters that are not loaded. The rest must be applied again, after these: then more is loaded.

        Raises:
            CommandError: If a command's own functions raise; nothing was changed.
            RaceError: If another worker was faster; nothing was changed.
            sqlite3.Error, psycopg.Error: If the database fails.
        """
        self._empty_ring(session)
        try:
            return self._apply(session, commands)
        except BaseException:
            # What failed half way has changed them in memory, and nowhere else.
            self._forget_state()
            raise

    def _apply(self, session: Session, commands: Sequence[Command]) -> list[Outcome]:
        wanted: dict[bytes, BudgetKey | None] = {}
        every_option = self._every_option
        while True:
            session.begin()
            if session.changed_elsewhere() or len(self._counters) > COUNTERS_MAX:
                self._forget_state()
            book = Book(complete=False)
            book.counters = self._counters
            book.now_s = self._clock()
            ring = ring_at(book.now_s)
            fill_records(book, session, commands, ring)
            wanted.update(_budgets(book, commands, every_option=every_option))
            new = self._learn(session, wanted)
            if new:
                self._create(session, new)
            elif self._fill(session, book, wanted):
                break
            else:
                session.rollback()
        outcomes, missing = _apply(book, commands)
        self._every_option = missing is not None or (every_option and book.tried_others)
        if outcomes:
            _write(session, book.changes, ring, book.counters)
            session.commit()
            return outcomes
        if missing is not None and every_option:
            raise CommandError(0, missing)
        session.rollback()
        return self._apply(session, commands)

    def _fill(self, session: Session, book: Book, wanted: Iterable[bytes]) -> bool:
        """Lock and load counters; False if a budget is there that nobody had: then its identity must be learned first.

        What was absent is looked for together with what is locked, so that it costs no question of its own.
        """
        keys = [self._known[digest] for digest in wanted if digest in self._known]
        absent = {digest for digest in wanted if digest not in self._known}
        appeared = fill_counters(book, session, keys, absent - self._surely_absent)
        self._absent -= appeared
        self._surely_absent |= absent - appeared
        book.absent = absent
        return not appeared

    def forget(self) -> None:
        """Forget the identities of budgets: somebody may have changed the tables behind the ledger."""
        self._known.clear()
        self._absent.clear()
        self._forget_state()

    def _forget_state(self) -> None:
        """Forget what the database may say otherwise by now."""
        self._counters.clear()
        self._surely_absent.clear()

    def _learn(self, session: Session, wanted: dict[bytes, BudgetKey | None]) -> list[BudgetKey]:
        """Return the budgets that may have to be created or renamed; learn the identities of the others."""
        known, absent = self._known, self._absent
        if len(known) > KNOWN_MAX:
            known.clear()
        if len(absent) > KNOWN_MAX:
            absent.clear()
            self._surely_absent.clear()
        unknown = [
            digest for digest, key in wanted.items() if key is None and digest not in known and digest not in absent
        ]
        if unknown:
            known.update((key.digest, key) for key in find_budget_keys(session, unknown))
            nobodys = {digest for digest in unknown if digest not in known}
            absent |= nobodys
            self._surely_absent |= nobodys
        return [
            key
            for digest, key in wanted.items()
            if key is not None and (digest not in known or known[digest].policy != key.policy)
        ]

    def _create(self, session: Session, new: list[BudgetKey]) -> None:
        """Create counters in a transaction of their own.

        A worker that creates holds no other lock, or two workers could wait for each other in a circle: one for a
        counter that the other has locked, the other for a counter that the first is creating.
        """
        session.rollback()
        session.begin()
        session.write((statements.CREATE_BUDGETS, [budget_row(key) for key in sorted(new, key=_digest)]))
        session.commit()
        for key in new:
            self._known[key.digest] = key
            # A counter under its former name.
            self._counters.pop(key.digest, None)

    def _empty_ring(self, session: Session) -> None:
        """Empty the table of the ring whose day has come round, once a day; nothing depends on it."""
        now_s = self._clock()
        emptied = ring_at(now_s).emptied
        day = int(now_s // (24 * 3600))
        if emptied is not None and day != self._emptied_day:
            session.empty_ring_table(emptied)
            self._emptied_day = day


def _digest(key: BudgetKey) -> bytes:
    return key.digest


def _budgets(book: Book, commands: Sequence[Command], *, every_option: bool) -> dict[bytes, BudgetKey | None]:
    budgets: dict[bytes, BudgetKey | None] = {}
    for index, command in enumerate(commands):
        try:
            needed = book.budgets_of(command, every_option=every_option)
        except Exception as error:  # whatever a command's own functions raise is its own outcome
            raise CommandError(index, error) from error
        for digest, key in needed.items():
            if key is not None or digest not in budgets:
                budgets[digest] = key
    return budgets


def _apply(book: Book, commands: Sequence[Command]) -> tuple[list[Outcome], Exception | None]:
    """Apply commands up to the first whose counters are missing; the order is kept, so the rest waits with it.

    Returns:
        The outcomes, and what says that counters were missing.
    """
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        try:
            outcomes.append(book.apply(command))
        except (UnhydratedError, MissingBudgetError) as error:
            return outcomes, error
        except Exception as error:
            raise CommandError(index, error) from error
    return outcomes, None


def _write(session: Session, changes: Changes, ring: Ring, counters: Mapping[bytes, Counter]) -> None:
    """Write in bulk: first what is locked already, then the keys whose conflicts tell that another was faster.

    Raises:
        RaceError: If it was.
    """
    writes: list[Write] = []
    if changes.counters:
        writes.append(
            (statements.UPDATE_BUDGETS, [counter_row(counters[digest]) for digest in sorted(changes.counters)])
        )
    if changes.moved:
        writes.append((statements.MOVE_DECISIONS, moved_rows(changes.moved)))
    if changes.placed:
        writes.append((statements.INSERT_DECISIONS, [decision_row(placed) for placed in changes.placed.values()]))
    if changes.claims:
        claims = claim_rows(changes.claims)
        writes.extend((statements.INSERT_CLAIMS[index], claims) for index in ring.claimed)
    if changes.entries:
        entries = sorted((entry_row(entry) for entry in changes.entries), key=_event_key)
        writes.append((statements.INSERT_ENTRIES, entries))
    if changes.rollups:
        writes.append((statements.ADD_ROLLUPS, rollup_rows(changes.rollups)))
    if changes.units:
        writes.append((statements.ADD_UNITS, unit_rows(changes.units)))
    if any(changed != len(rows) for changed, (_, rows) in zip(session.write(*writes), writes, strict=True)):
        raise RaceError


def _event_key(row: Row) -> bytes:
    key: bytes = row[1]
    return key
