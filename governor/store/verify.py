"""Recomputing every balance and every hourly sum from the records, by code that shares nothing with the rules.

The records are read as a stream; sums are kept for a part of the budgets and hours at a time, so that memory is
bounded however much is stored. One consistent state of the database is seen throughout.
"""

from collections import defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, func, select

from governor.core.ledger.changes import ROLLUP_SUMS
from governor.core.ledger.entry import RollupKey
from governor.store.differences import Difference, readable, stream
from governor.store.records import Buckets, EntryRecord, decode_buckets, decode_decision, decode_entry
from governor.store.tables import BUDGETS, DECISIONS, ENTRIES, USAGE_HOURLY, USAGE_UNITS_HOURLY
from governor.store.verify_records import verify_records

SUMS_MAX = 200_000
"""Budgets and hours whose sums are kept at a time."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the keys, so that only its sums are in memory."""

    number: int
    of: int

    def has(self, key: bytes) -> bool:
        return crc32(key) % self.of == self.number


@dataclass(slots=True)
class _Sums:
    """What a budget has used, and what it holds by when that ends (Unix seconds) and whether it is charged then."""

    used: int = 0
    holds: dict[tuple[int, bool], int] = field(default_factory=dict)

    @property
    def held(self) -> int:
        return sum(self.holds.values())

    def hold(self, expires_at_s: int, amount: int, now_s: float, *, charged: bool) -> None:
        """Add a hold: as held, or as charged by its expiry."""
        if expires_at_s > now_s and amount:
            key = (expires_at_s, charged)
            self.holds[key] = self.holds.get(key, 0) + amount
        elif charged:
            self.used += amount


_NOTHING = _Sums()


def verify(connection: Connection, now_s: float, *, sums_max: int = SUMS_MAX) -> Generator[Difference]:
    """Compare everything derived with what the records come to.

    Args:
        connection: One that sees one consistent state, as those of ``Database.read`` do.
        now_s: The instant of the balances, Unix seconds.
        sums_max: Sums that are kept in memory at a time.

    Yields:
        Every difference; a sound ledger has none.
    """
    # A counter never goes back in time, and what it has dropped must not be expected of it.
    latest_s = connection.execute(select(func.coalesce(func.max(BUDGETS.c.as_of_s), 0))).scalar_one()
    now_s = max(now_s, latest_s)
    size = max(
        connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (BUDGETS, USAGE_HOURLY)
    )
    parts = 1 + size // sums_max
    for number in range(parts):
        part = _Part(number, parts)
        yield from _verify_budgets(connection, now_s, part)
        yield from _verify_hours(connection, part)
    yield from verify_records(connection, now_s)


def _verify_budgets(connection: Connection, now_s: float, part: _Part) -> Iterator[Difference]:
    """Compare used and held of some budgets with decisions and entries."""
    expected = _expected_balances(connection, now_s, part)
    columns = BUDGETS.c
    counters = select(columns.digest, columns.used, columns.buckets, columns.as_of_s)
    for digest, used, blob, as_of_s in stream(connection, counters):
        if not part.has(digest):
            continue
        recomputed = expected.pop(digest, _NOTHING)
        buckets = readable(decode_buckets, blob)
        if buckets is None:
            yield Difference("buckets", digest.hex(), "unreadable", str(recomputed.held))
            continue
        if any(expires_at_s <= as_of_s for expires_at_s in (*buckets.releasing, *buckets.charging)):
            yield Difference("as_of_s", digest.hex(), str(as_of_s), "before every hold that is summed up")
        yield from _compare(digest, _stored_balance(used, buckets, now_s), recomputed)
    for digest, sums in expected.items():
        if sums != _NOTHING:
            yield Difference("used", digest.hex(), "no such budget", str(sums.used))


def _compare(digest: bytes, stored: _Sums, recomputed: _Sums) -> Iterator[Difference]:
    for what, left, right in (
        ("used", stored.used, recomputed.used),
        ("held", stored.held, recomputed.held),
        ("buckets", stored.holds, recomputed.holds),
    ):
        if left != right:
            yield Difference(what, digest.hex(), str(left), str(right))
            # When what is held ends is only looked at where as much is held as there should be.
            if what == "held":
                return


def _expected_balances(connection: Connection, now_s: float, part: _Part) -> dict[bytes, _Sums]:
    """Sum up used and held of some budgets from decisions and entries."""
    expected: dict[bytes, _Sums] = defaultdict(_Sums)
    columns = DECISIONS.c
    query = select(columns.state, columns.expires_at_s, columns.record).where(columns.state.in_(("held", "expired")))
    for state, expires_at_s, record in stream(connection, query):
        until_s = expires_at_s if state == "held" else 0
        holds, _ = readable(decode_decision, record) or ((), None)
        for hold in holds:
            if part.has(hold.budget):
                expected[hold.budget].hold(until_s, hold.amount, now_s, charged=hold.charge_on_expiry)
    for entry in _entries(connection):
        for charge in entry.charges:
            if part.has(charge.budget):
                expected[charge.budget].used += charge.amount
    return expected


def _entries(connection: Connection) -> Iterator[EntryRecord]:
    """Yield the records of all entries; one that cannot be read is a difference of its own."""
    for (record,) in stream(connection, select(ENTRIES.c.record)):
        entry = readable(decode_entry, record)
        if entry is not None:
            yield entry


def _stored_balance(used: int, buckets: Buckets, now_s: float) -> _Sums:
    sums = _Sums(used)
    for charged, summed in ((False, buckets.releasing), (True, buckets.charging)):
        for expires_at_s, amount in summed.items():
            sums.hold(expires_at_s, amount, now_s, charged=charged)
    return sums


def _expected_hours(connection: Connection, part: _Part) -> tuple[dict[Any, list[int]], dict[Any, int]]:
    """Sum up what entries have added to some hours, and the units beside."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    units: dict[tuple[Any, ...], int] = {}
    for record in _entries(connection):
        for posting in record.rolled:
            key = _dimensions(posting.key)
            if part.has(repr(key).encode()):
                _add(sums, key, posting.amounts)
                for unit, amount in posting.units:
                    units[*key, unit] = units.get((*key, unit), 0) + amount
    return sums, units


def _verify_hours(connection: Connection, part: _Part) -> Iterator[Difference]:
    """Compare the sums of some hours, and the units beside them, with entries."""
    expected, units = _expected_hours(connection, part)
    yield from _compare_units(connection, part, units)
    width = len(USAGE_HOURLY.columns) - len(ROLLUP_SUMS)
    for row in stream(connection, select(USAGE_HOURLY)):
        key, stored = row[:width], row[width:]
        if part.has(repr(key).encode()):
            recomputed = expected.pop(key, [0] * len(ROLLUP_SUMS))
            for name, left, right in zip(ROLLUP_SUMS, stored, recomputed, strict=True):
                if left != right:
                    yield Difference(name, repr(key), str(left), str(right))
    for key, sums in expected.items():
        if any(sums):
            yield Difference("requests", repr(key), "no such hour", str(sums[0]))


def _compare_units(connection: Connection, part: _Part, expected: dict[tuple[Any, ...], int]) -> Iterator[Difference]:
    """Compare the units of some hours, which stand beside their sums."""
    for *dimensions, unit, amount in stream(connection, select(USAGE_UNITS_HOURLY)):
        if not part.has(repr(tuple(dimensions)).encode()):
            continue
        recomputed = expected.pop((*dimensions, unit), 0)
        if recomputed != amount:
            yield Difference("units", repr((*dimensions, unit)), str(amount), str(recomputed))
    for key, amount in expected.items():
        if amount:
            yield Difference("units", repr(key), "no such hour", str(amount))


def _dimensions(key: RollupKey) -> tuple[Any, ...]:
    who = (key.department, key.team, key.user, key.project, key.environment)
    return (key.hour_s, *who, key.use_case, key.model, key.provider)


def _add(sums: dict[Any, list[int]], key: Any, amounts: tuple[int, ...]) -> None:
    known = sums.setdefault(key, [0] * len(amounts))
    for index, amount in enumerate(amounts):
        known[index] += amount
