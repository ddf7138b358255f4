"""Usage events with everything that was posted for them since: corrections and re-ratings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.entry import Entry, EntryKind
from governor.core.ledger.reservation import Reservation
from governor.store.ledger.rows import budget_key_from_row, reservation_from_row
from governor.store.records import entry_from_row, event_key
from governor.store.tables import BUDGETS, DECISIONS, ENTRIES

AT_ONCE = 5_000
"""Keys in one statement: databases take no more than some ten thousand."""

_FOLLOWING = (EntryKind.CORRECTION.value, EntryKind.RERATING.value)
_NO_USAGE = (EntryKind.ADJUSTMENT.value, EntryKind.CLOSING.value)
_DECISION = tuple(DECISIONS.c[name] for name in ("id", "client", "at_ms", "state", "expires_at_s", "record"))
_BUDGET = tuple(BUDGETS.c[name] for name in ("digest", "policy", "scope", "unit", "period_start_s", "period_end_s"))


@dataclass(frozen=True, slots=True)
class Chain:
    """One event: its entries in order, the original first, and its decision or None."""

    entries: tuple[Entry, ...]
    reservation: Reservation | None


@dataclass(frozen=True, slots=True)
class ChainPage:
    """Some events by their original's id, and the budgets that they charge."""

    chains: tuple[Chain, ...]
    budgets: dict[bytes, BudgetKey]


def read_chains(connection: Connection, *, from_ms: int, until_ms: int, after: bytes, limit: int) -> ChainPage:
    """Return the next events that happened in a stretch of time (Unix milliseconds, half-open)."""
    columns = ENTRIES.c
    query = (
        select(ENTRIES)
        .where(
            columns.id > after,
            columns.occurred_at_ms >= from_ms,
            columns.occurred_at_ms < until_ms,
            columns.kind.not_in((*_FOLLOWING, *_NO_USAGE)),
        )
        .order_by(columns.id)
        .limit(limit)
    )
    roots = [entry_from_row(tuple(row)) for row in connection.execute(query)]
    following = _following(connection, roots)
    reservations = _reservations(connection, {root.decision_id for root in roots if root.decision_id is not None})
    chains = tuple(
        Chain(
            (root, *following.get((root.source, root.event_id), ())),
            reservations.get(root.decision_id) if root.decision_id is not None else None,
        )
        for root in roots
    )
    charged = {charge.budget for chain in chains for entry in chain.entries for charge in entry.charges}
    charged.update(one.budget for chain in chains for one in chain.entries[-1].charged or ())
    return ChainPage(chains, budgets_by_digest(connection, charged))


def _following(connection: Connection, roots: Sequence[Entry]) -> dict[tuple[str, str], list[Entry]]:
    keys = [event_key(root.source, root.event_id) for root in roots]
    found: dict[tuple[str, str], list[Entry]] = {}
    entries: list[Entry] = []
    for kind in _FOLLOWING:
        query = select(ENTRIES).where(ENTRIES.c.root_key.in_(keys), ENTRIES.c.kind == kind)
        entries += [entry_from_row(tuple(row)) for row in connection.execute(query)]
    for entry in sorted(entries, key=lambda entry: entry.id):
        found.setdefault((entry.source, entry.root_event_id), []).append(entry)
    return found


def _reservations(connection: Connection, decision_ids: Iterable[bytes]) -> dict[bytes, Reservation]:
    query = select(*_DECISION).where(DECISIONS.c.id.in_(list(decision_ids)))
    rows = (tuple(row) for row in connection.execute(query))
    return {row[0]: reservation_from_row(row, (b"", b"")) for row in rows}


def budgets_by_digest(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, BudgetKey]:
    """Return the budgets of some digests, as far as they are known."""
    found: dict[bytes, BudgetKey] = {}
    wanted = list(digests)
    for start in range(0, len(wanted), AT_ONCE):
        query = select(*_BUDGET).where(BUDGETS.c.digest.in_(wanted[start : start + AT_ONCE]))
        keys = (budget_key_from_row(tuple(row)) for row in connection.execute(query))
        found.update((key.digest, key) for key in keys)
    return found
