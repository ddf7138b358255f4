"""What entries posted on each budget, by kind and by who used what: booked in the order of the entries.

Ids of entries begin with the milliseconds at which they were made, and a transaction may commit a younger one first. So
what is booked for good ends a minute ago; what is younger is read again whenever somebody asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from governor.core.grants import GRANT_PREFIX
from governor.core.ledger.entry import Charge, Entry, EntryKind, RollupKey
from governor.core.money import NANO_PER_USD
from governor.core.statements.statement import ADJUSTED, GRANTED, LATE, ON_TIME, RERATED, WINDOW_S, Booking
from governor.store.dialects import insert_into
from governor.store.records import entry_from_row, event_key
from governor.store.tables import BUDGET_USAGE, BUDGETS, ENTRIES

BookingKey = tuple[str, str, str, str]
"""Kind, team, use case, model."""

Sums = dict[BookingKey, list[int]]
"""Amount, requests and overrun by key."""


@dataclass(slots=True)
class Bookings:
    """Sums of some entries.

    Attributes:
        sums: By budget.
        late: Budgets on which something was posted after their period's end.
        granted: Grants' counters, each with the hours (Unix seconds) of what it paid.
        last: The last entry, or None if there was none.
        count: Entries that were read.
    """

    sums: dict[bytes, Sums] = field(default_factory=dict)
    late: set[bytes] = field(default_factory=set)
    granted: set[tuple[bytes, int]] = field(default_factory=set)
    last: bytes | None = None
    count: int = 0

    def add(self, digest: bytes, key: BookingKey, amounts: tuple[int, int, int]) -> None:
        """Add what one entry posted on a budget."""
        sums = self.sums.setdefault(digest, {}).setdefault(key, [0, 0, 0])
        for index, amount in enumerate(amounts):
            sums[index] += amount

    def of(self, digest: bytes) -> list[Booking]:
        """Return the sums of one budget."""
        return [Booking(*key, *sums) for key, sums in self.sums.get(digest, {}).items()]


class _Dimensions(msgspec.Struct):
    hour_s: int = 0
    team: str = ""
    use_case: str = ""
    model: str = ""


class _Record(msgspec.Struct, array_like=True):
    """The beginning of ``EntryRecord``; what is not needed is skipped."""

    root_event_id: str
    usage: msgspec.Raw
    charges: tuple[Charge, ...]
    rollup: _Dimensions
    rolled: tuple[msgspec.Raw, ...]


class _Result(msgspec.Struct):
    overrun_usd: str | None = None


_decode = msgspec.msgpack.Decoder(_Record).decode
_decode_result = msgspec.json.Decoder(_Result).decode

_COLUMNS = tuple(ENTRIES.c[name] for name in ("id", "kind", "source", "received_at_ms", "requests", "record", "result"))
_KINDS = {EntryKind.ADJUSTMENT.value: ADJUSTED, EntryKind.RERATING.value: RERATED}


def has_entries(connection: Connection, after: bytes, before: bytes) -> bool:
    """Tell whether there are entries between two ids."""
    query = select(ENTRIES.c.id).where(ENTRIES.c.id > after, ENTRIES.c.id < before).limit(1)
    return connection.execute(query).one_or_none() is not None


def read_bookings(connection: Connection, after: bytes, before: bytes | None, limit: int) -> Bookings:
    """Sum up what entries between two ids posted, reading at most ``limit`` of them, the oldest first."""
    query = select(*_COLUMNS).where(ENTRIES.c.id > after)
    if before is not None:
        query = query.where(ENTRIES.c.id < before)
    rows = connection.execute(query.order_by(ENTRIES.c.id).limit(limit)).all()
    decoded = [(row, _decode(row.record)) for row in rows]
    ends = _budgets(connection, {charge.budget for _, record in decoded for charge in record.charges})
    bookings = Bookings(last=bytes(rows[-1].id) if rows else None, count=len(rows))
    for row, record in decoded:
        if len(record.rolled) > 1:
            _book_moved(connection, bookings, row, record, ends)
            continue
        overrun = _overrun(row.result) if row.kind not in _KINDS else 0
        for charge in record.charges:
            if ends.get(charge.budget, _UNKNOWN).is_window:
                continue
            kind = _kind(bookings, row, charge.budget, ends, record.rollup.hour_s)
            bookings.add(charge.budget, _key(kind, record.rollup), (charge.amount, row.requests, overrun))
    return bookings


@dataclass(frozen=True, slots=True)
class Charged:
    """Which budgets some entries were posted on, the last of the entries (None: there was none), and their number."""

    digests: frozenset[bytes]
    last: bytes | None
    count: int


def read_charged(connection: Connection, after: bytes, limit: int) -> Charged:
    """Return the budgets of the next entries after an id."""
    query = select(ENTRIES.c.id, ENTRIES.c.record).where(ENTRIES.c.id > after).order_by(ENTRIES.c.id).limit(limit)
    rows = connection.execute(query).all()
    digests = frozenset(charge.budget for row in rows for charge in _decode(row.record).charges)
    return Charged(digests, bytes(rows[-1].id) if rows else None, len(rows))


@dataclass(frozen=True, slots=True)
class _Budget:
    """A counter: the end of its period (Unix seconds, or None), and whether it is a grant's or a rate limit's."""

    end_s: int | None
    is_grant: bool
    is_window: bool


_UNKNOWN = _Budget(None, False, False)


def _key(kind: str, who: _Dimensions | RollupKey) -> BookingKey:
    return (kind, who.team, who.use_case, who.model)


def _kind(bookings: Bookings, row: Any, digest: bytes, ends: Mapping[bytes, _Budget], hour_s: int) -> str:
    """Tell what kind of booking an entry is, and note budgets whose period was over.

    A grant has no periods: what it paid is booked by the hour, so that a statement finds what lies in its period.
    """
    budget = ends.get(digest, _UNKNOWN)
    if budget.is_grant:
        bookings.granted.add((digest, hour_s))
        return f"{GRANTED} {hour_s}"
    end_s = budget.end_s
    over = end_s is not None and row.received_at_ms >= end_s * 1000
    if over:
        bookings.late.add(digest)
    return _KINDS.get(row.kind, LATE if over else ON_TIME)


def _book_moved(
    connection: Connection, bookings: Bookings, row: Any, record: _Record, ends: Mapping[bytes, _Budget]
) -> None:
    """Book a correction that names another model: all that the event had posted moves with it."""
    chain = [entry for entry in _chain(connection, row.source, record.root_event_id) if entry.id <= bytes(row.id)]
    before, after = _totals(chain[:-1]), _totals(chain)
    requests = sum(entry.requests for entry in chain[:-1])
    for digest in dict.fromkeys((*before, *after)):
        if ends.get(digest, _UNKNOWN).is_window:
            continue
        kind = _kind(bookings, row, digest, ends, record.rollup.hour_s)
        bookings.add(digest, _key(kind, chain[-2].rollup), (-before.get(digest, 0), -requests, 0))
        bookings.add(digest, _key(kind, record.rollup), (after.get(digest, 0), requests + row.requests, 0))


def _chain(connection: Connection, source: str, root_event_id: str) -> list[Entry]:
    key = event_key(source, root_event_id)
    queries = [select(ENTRIES).where(ENTRIES.c.event_key == key)]
    queries += [
        select(ENTRIES).where(ENTRIES.c.root_key == key, ENTRIES.c.kind == kind.value)
        for kind in (EntryKind.CORRECTION, EntryKind.RERATING)
    ]
    entries = [entry_from_row(tuple(row)) for query in queries for row in connection.execute(query)]
    return sorted(entries, key=lambda entry: entry.id)


def _totals(chain: Iterable[Entry]) -> dict[bytes, int]:
    totals: dict[bytes, int] = {}
    for entry in chain:
        for charge in entry.charges:
            totals[charge.budget] = totals.get(charge.budget, 0) + charge.amount
    return totals


def _overrun(result: bytes) -> int:
    overrun_usd = _decode_result(result).overrun_usd
    if not overrun_usd:
        return 0
    whole, _, nano = overrun_usd.partition(".")
    return int(whole) * NANO_PER_USD + int(nano)


def _budgets(connection: Connection, digests: set[bytes]) -> dict[bytes, _Budget]:
    names = ("digest", "policy", "period_start_s", "period_end_s")
    query = select(*(BUDGETS.c[name] for name in names)).where(BUDGETS.c.digest.in_(list(digests)))
    found = {}
    for row in connection.execute(query):
        end_s = row.period_end_s
        is_window = end_s is not None and end_s - row.period_start_s <= WINDOW_S
        found[bytes(row.digest)] = _Budget(end_s, row.policy.startswith(GRANT_PREFIX), is_window)
    return found


def add_bookings(connection: Connection, bookings: Bookings) -> None:
    """Book sums for good."""
    if not bookings.sums:
        return
    new = insert_into(connection, BUDGET_USAGE)
    names = ("amount", "requests", "overrun_nano_usd")
    added = {name: BUDGET_USAGE.c[name] + new.excluded[name] for name in names}
    keys = ("digest", "kind", "team", "use_case", "model")
    rows = [
        dict(zip((*keys, *names), (digest, *key, *amounts), strict=True))
        for digest, sums in sorted(bookings.sums.items())
        for key, amounts in sorted(sums.items())
    ]
    connection.execute(new.on_conflict_do_update(index_elements=keys, set_=added), rows)


def read_budget_usage(connection: Connection, digests: Sequence[bytes]) -> Bookings:
    """Return what was booked for good on some budgets."""
    bookings = Bookings()
    for row in connection.execute(select(BUDGET_USAGE).where(BUDGET_USAGE.c.digest.in_(list(digests)))):
        key = (row.kind, row.team, row.use_case, row.model)
        bookings.add(bytes(row.digest), key, (row.amount, row.requests, row.overrun_nano_usd))
    return bookings
