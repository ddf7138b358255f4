"""Filling a book with what the commands of a batch touch. Locks are taken in one order by every worker.

The order is: roots of corrected entries, decisions, budgets; within each by key. So two batches never wait for each
other in a circle.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from governor.core.ledger.adjustments import ADJUSTMENTS_SOURCE, Adjust, Rerate
from governor.core.ledger.book import Book
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.commands import Command, Extend, Place, PlaceAll, Release, Settle
from governor.store.ledger import statements
from governor.store.ledger.ring import Ring
from governor.store.ledger.rows import (
    budget_key_from_row,
    claims_from_rows,
    counter_from_row,
    reservation_from_row,
)
from governor.store.ledger.session import Row, Session
from governor.store.records import entry_from_row, event_key


@dataclass(slots=True)
class _Needs:
    """The keys that the commands of a batch name."""

    claims: set[bytes] = field(default_factory=set)
    events: set[bytes] = field(default_factory=set)
    corrected: set[tuple[str, str]] = field(default_factory=set)
    decisions: set[bytes] = field(default_factory=set)
    with_bodies: set[bytes] = field(default_factory=set)


def fill_records(book: Book, session: Session, commands: Sequence[Command], ring: Ring) -> None:
    """Load the claims, entries and reservations that the commands name."""
    needs = _needs(commands)
    *claimed, posted = session.find(
        *((statements.FIND_CLAIMS[index], needs.claims) for index in ring.looked_up),
        (statements.FIND_ENTRIES, needs.events),
    )
    book.claims = claims_from_rows(row for rows in claimed for row in rows)
    for claim in book.claims.values():
        if claim.is_kept(book.now_s):
            needs.decisions.add(claim.decision_id)
            needs.with_bodies.add(claim.decision_id)
    _fill_entries(book, session, needs, posted)
    _fill_reservations(book, session, needs)


def _needs(commands: Sequence[Command]) -> _Needs:
    needs = _Needs()
    for command in commands:
        match command:
            case Place():
                needs.claims.add(command.claim)
            case PlaceAll():
                needs.claims.update(place.claim for place in command.places)
            case Settle():
                needs.events.add(event_key(command.source, command.event_id))
                if command.corrects is not None:
                    needs.events.add(event_key(command.source, command.corrects))
                    needs.corrected.add((command.source, command.corrects))
                if command.decision_id is not None:
                    needs.decisions.add(command.decision_id)
            case Adjust():
                needs.events.add(event_key(ADJUSTMENTS_SOURCE, command.event_id))
            case Rerate():
                needs.events.add(event_key(command.source, command.event_id))
                needs.corrected.add((command.source, command.event_id))
            case Release() | Extend():
                needs.decisions.add(command.decision_id)
                needs.with_bodies.add(command.decision_id)
    return needs


def _fill_entries(book: Book, session: Session, needs: _Needs, posted: list[Row]) -> None:
    for row in posted:
        entry = entry_from_row(row)
        book.entries[entry.source, entry.event_id] = entry
    targets = [book.entries[key] for key in needs.corrected if key in book.entries]
    if not targets:
        return
    roots = {event_key(entry.source, entry.root_event_id) for entry in targets}
    # Two corrections of one chain must see each other: its root is locked before its corrections are read.
    [locked] = session.find((statements.LOCK_ROOTS, sorted(roots)))
    for row in locked:
        entry = entry_from_row(row)
        book.entries[entry.source, entry.event_id] = entry
        book.chains[entry.source, entry.event_id] = [entry]
        if entry.decision_id is not None:
            needs.decisions.add(entry.decision_id)
    corrections, reratings = session.find((statements.FIND_CORRECTIONS, roots), (statements.FIND_RERATINGS, roots))
    for row in sorted((*corrections, *reratings), key=_entry_id):
        entry = entry_from_row(row)
        book.entries[entry.source, entry.event_id] = entry
        book.chains[entry.source, entry.root_event_id].append(entry)


def _entry_id(row: Row) -> bytes:
    """Return what entries are ordered by: their ids are time-ordered."""
    entry_id: bytes = row[0]
    return entry_id


def _fill_reservations(book: Book, session: Session, needs: _Needs) -> None:
    if not needs.decisions:
        return
    locked, with_bodies = session.find(
        (statements.LOCK_DECISIONS, sorted(needs.decisions)), (statements.FIND_BODIES, needs.with_bodies)
    )
    bodies = {row[0]: (row[1], row[2]) for row in with_bodies}
    for row in locked:
        book.reservations[row[0]] = reservation_from_row(row, bodies.get(row[0], (b"", b"")))


def fill_counters(
    book: Book, session: Session, keys: Iterable[BudgetKey], absent: Collection[bytes] = ()
) -> frozenset[bytes]:
    """Lock and load counters that exist; those that the book has already are known to be up to date.

    Returns:
        Which of the absent ones exist by now.
    """
    by_digest = {key.digest: key for key in keys if key.digest not in book.counters}
    if not by_digest and not absent:
        return frozenset()
    [locked] = session.find((statements.LOCK_BUDGETS, sorted((*by_digest, *absent))))
    appeared = frozenset(row[0] for row in locked if row[0] not in by_digest)
    if not appeared:
        for row in locked:
            book.counters[row[0]] = counter_from_row(by_digest[row[0]], row)
    return appeared


def find_budget_keys(session: Session, digests: Iterable[bytes]) -> list[BudgetKey]:
    """Load identities of counters that are known by their digests only."""
    [rows] = session.find((statements.FIND_BUDGET_KEYS, digests))
    return [budget_key_from_row(row) for row in rows]
