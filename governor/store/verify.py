"""Recomputing every balance and every hourly sum from the records, by code that shares nothing with the rules.

The records are read as a stream; sums are kept for a part of the budgets and hours at a time, so that memory is
bounded however much is stored. One consistent state of the database is seen throughout.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Select, and_, exists, func, not_, select

from governor.core.ledger.changes import CLAIM_KEPT_S, ROLLUP_SUMS
from governor.core.ledger.entry import RollupKey
from governor.store.records import decode_buckets, decode_decision, decode_entry
from governor.store.tables import BUDGETS, DECISIONS, ENTRIES, REQUEST_KEYS, USAGE_HOURLY

SUMS_MAX = 200_000
"""Budgets and hours whose sums are kept at a time."""

READ_AT_A_TIME = 2_000
"""Rows of a stream that are in memory at a time."""

_SETTLED = ("settled", "settled_late")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the tables say and the records do not.

    Attributes:
        what: ``used``, ``held``, a sum of ``usage_hourly``, ``claim``, ``decision`` or ``entry``.
        key: Whose it is: a digest in hex, the dimensions of an hour, an event's id.
        stored: What the table says.
        recomputed: What the records come to.
    """

    what: str
    key: str
    stored: str
    recomputed: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the keys, so that only its sums are in memory."""

    number: int
    of: int

    def has(self, key: bytes) -> bool:
        return crc32(key) % self.of == self.number


def verify(connection: Connection, now_s: float, *, sums_max: int = SUMS_MAX) -> Iterator[Difference]:
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
    yield from _verify_claims(connection, now_s)
    yield from _verify_states(connection)


def _verify_budgets(connection: Connection, now_s: float, part: _Part) -> Iterator[Difference]:
    """Compare used and held of some budgets with decisions and entries."""
    expected = _expected_balances(connection, now_s, part)
    for digest, used, blob in _stream(connection, select(BUDGETS.c.digest, BUDGETS.c.used, BUDGETS.c.buckets)):
        if part.has(digest):
            stored = _stored_balance(used, blob, now_s)
            recomputed = expected.pop(digest, [0, 0])
            for what, left, right in zip(("used", "held"), stored, recomputed, strict=True):
                if left != right:
                    yield Difference(what, digest.hex(), str(left), str(right))
    for digest, sums in expected.items():
        if any(sums):
            yield Difference("used", digest.hex(), "no such budget", str(sums[0]))


def _expected_balances(connection: Connection, now_s: float, part: _Part) -> dict[bytes, list[int]]:
    """Sum up used and held of some budgets from decisions and entries."""
    expected: dict[bytes, list[int]] = {}
    for digest, used, held in _open_holds(connection, now_s):
        if part.has(digest):
            _add(expected, digest, (used, held))
    for (record,) in _stream(connection, select(ENTRIES.c.record)):
        for charge in decode_entry(record).charges:
            if part.has(charge.budget):
                _add(expected, charge.budget, (charge.amount, 0))
    return expected


def _open_holds(connection: Connection, now_s: float) -> Iterator[tuple[bytes, int, int]]:
    """Yield budget, used and held of every hold that still counts: as held, or as charged by its expiry."""
    columns = DECISIONS.c
    query = select(columns.state, columns.expires_at_s, columns.record).where(columns.state.in_(("held", "expired")))
    for state, expires_at_s, record in _stream(connection, query):
        is_held = state == "held" and expires_at_s > now_s
        for hold in decode_decision(record)[0]:
            if is_held:
                yield hold.budget, 0, hold.amount
            elif hold.charge_on_expiry:
                yield hold.budget, hold.amount, 0


def _stored_balance(used: int, blob: bytes, now_s: float) -> tuple[int, int]:
    buckets = decode_buckets(blob)
    held = 0
    for expires_at_s, amount in buckets.releasing.items():
        held += amount if expires_at_s > now_s else 0
    for expires_at_s, amount in buckets.charging.items():
        if expires_at_s > now_s:
            held += amount
        else:
            used += amount
    return used, held


def _verify_hours(connection: Connection, part: _Part) -> Iterator[Difference]:
    """Compare the sums of some hours with entries."""
    expected: dict[tuple[Any, ...], list[int]] = {}
    for (record,) in _stream(connection, select(ENTRIES.c.record)):
        for posting in decode_entry(record).rolled:
            key = _dimensions(posting.key)
            if part.has(repr(key).encode()):
                _add(expected, key, posting.amounts)
    width = len(USAGE_HOURLY.columns) - len(ROLLUP_SUMS)
    for row in _stream(connection, select(USAGE_HOURLY)):
        key, stored = row[:width], row[width:]
        if part.has(repr(key).encode()):
            recomputed = expected.pop(key, [0] * len(ROLLUP_SUMS))
            for name, left, right in zip(ROLLUP_SUMS, stored, recomputed, strict=True):
                if left != right:
                    yield Difference(name, repr(key), str(left), str(right))
    for key, sums in expected.items():
        if any(sums):
            yield Difference("requests", repr(key), "no such hour", str(sums[0]))


def _dimensions(key: RollupKey) -> tuple[Any, ...]:
    who = (key.department, key.team, key.user, key.project, key.environment)
    return (key.hour_s, *who, key.use_case, key.model, key.provider)


def _verify_claims(connection: Connection, now_s: float) -> Iterator[Difference]:
    """Every remembered request key has its decision."""
    for table in REQUEST_KEYS:
        missing = select(table.c.claim).where(
            table.c.at_ms > int((now_s - CLAIM_KEPT_S) * 1000),
            not_(exists().where(DECISIONS.c.id == table.c.decision_id)),
        )
        for (claim,) in _stream(connection, missing):
            yield Difference("claim", claim.hex(), "remembered", "no decision")


def _verify_states(connection: Connection) -> Iterator[Difference]:
    """A decision is settled exactly if a settlement was posted for it."""
    settles = and_(ENTRIES.c.decision_id == DECISIONS.c.id, ENTRIES.c.kind.in_(("settlement", "settled_late")))
    unsettled = select(ENTRIES.c.event_id, DECISIONS.c.state).where(settles, DECISIONS.c.state.not_in(_SETTLED))
    for event_id, state in _stream(connection, unsettled):
        yield Difference("entry", event_id, "settles its decision", f"the decision is {state}")
    unposted = select(DECISIONS.c.id, DECISIONS.c.state).where(
        DECISIONS.c.state.in_(_SETTLED), not_(exists().where(settles))
    )
    for decision_id, state in _stream(connection, unposted):
        yield Difference("decision", decision_id.hex(), state, "nothing settles it")


def _add(sums: dict[Any, list[int]], key: Any, amounts: tuple[int, ...]) -> None:
    known = sums.setdefault(key, [0] * len(amounts))
    for index, amount in enumerate(amounts):
        known[index] += amount


def _stream(connection: Connection, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    options = {"stream_results": True, "yield_per": READ_AT_A_TIME}
    for row in connection.execute(query, execution_options=options):
        yield tuple(row)
