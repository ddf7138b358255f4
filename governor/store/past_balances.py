"""What budgets had used and held at an instant in the past, and what was posted on them later.

A counter says what is used now. What was used then is that without what was posted since: nothing older is read,
however much there is of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from governor.core.decisions.carry import LENGTHS_KEPT
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.counter import BUCKET_S
from governor.core.ledger.past import OpenHold, Posted
from governor.core.ledger.reservation import HOLD_FOR_S_MAX
from governor.store.chains import budgets_by_digest
from governor.store.decisions import id_floor
from governor.store.ledger.rows import budget_key_from_row
from governor.store.records import decode_buckets, decode_decision, decode_entry
from governor.store.tables import BUDGETS, DECISIONS, ENTRIES

OPEN_FOR_MS = (HOLD_FOR_S_MAX + BUCKET_S) * 1000
"""The longest life of a hold, however often it is extended."""

READ_AT_A_TIME = 2_000
_UNREPORTED = ("held", "expired")


@dataclass(frozen=True, slots=True)
class PostedPage:
    """Postings in the order in which they were made, and the last entry's id, or None where there are no more."""

    posted: tuple[Posted, ...]
    last: bytes | None


def read_used(connection: Connection, at_ms: int) -> list[tuple[BudgetKey, int]]:
    """Return what the budgets had used at an instant that were in force then, or matter to those that were.

    Args:
        connection: One that sees one consistent state.
        at_ms: The instant, Unix milliseconds.
    """
    keys: dict[bytes, BudgetKey] = {}
    used: dict[bytes, int] = {}
    folded_s: dict[bytes, int] = {}
    for *identity, amount, buckets, as_of_s in _stream(connection, _budgets_of(at_ms // 1000)):
        key = budget_key_from_row(tuple(identity))
        charging = decode_buckets(buckets).charging
        keys[key.digest] = key
        used[key.digest] = amount + sum(charged for bucket, charged in charging.items() if bucket * 1000 <= at_ms)
        folded_s[key.digest] = as_of_s
    for (record,) in _stream(connection, select(ENTRIES.c.record).where(ENTRIES.c.id >= id_floor(at_ms))):
        for charge in decode_entry(record).charges:
            if charge.budget in used:
                used[charge.budget] -= charge.amount
    for digest, expired_s, amount in _charged_by_expiry(connection, at_ms):
        if digest in used and expired_s <= folded_s[digest]:
            used[digest] -= amount
    return [(keys[digest], amount) for digest, amount in used.items() if amount]


def read_open_holds(connection: Connection, at_ms: int) -> list[OpenHold]:
    """Return the requests that had been decided at an instant (Unix milliseconds) and had not ended.

    One that was given back later counts as given back then: when that was is not on record.
    """
    columns, entry = DECISIONS.c, ENTRIES.c
    reported = (
        select(func.min(entry.received_at_ms)).where(entry.decision_id == columns.id).correlate(DECISIONS)
    ).scalar_subquery()
    query = select(columns.state, columns.expires_at_s, columns.record, reported).where(
        columns.id >= id_floor(at_ms - OPEN_FOR_MS),
        columns.id < id_floor(at_ms),
        columns.state.not_in(("denied", "released")),
        # A request that was answered late had expired before.
        columns.expires_at_s * 1000 > at_ms,
    )
    found: list[tuple[int, list[tuple[bytes, int, int]]]] = []
    for state, expires_at_s, record, reported_ms in _stream(connection, query):
        if reported_ms is not None and reported_ms < at_ms:
            continue
        ends_at_ms = expires_at_s * 1000 if reported_ms is None else min(reported_ms, expires_at_s * 1000)
        charges = state in _UNREPORTED
        holds = decode_decision(record)[0]
        found.append(
            (
                ends_at_ms,
                [(hold.budget, hold.amount, hold.amount if charges and hold.charge_on_expiry else 0) for hold in holds],
            )
        )
    keys = budgets_by_digest(connection, {digest for _, holds in found for digest, *_ in holds})
    return [
        OpenHold(ends_at_ms, tuple((keys[digest], held, charged) for digest, held, charged in holds if digest in keys))
        for ends_at_ms, holds in found
    ]


def read_posted(connection: Connection, from_ms: int, until_ms: int | None, after: bytes, limit: int) -> PostedPage:
    """Return what was posted from an instant on that no decision of that time or later stands behind.

    Adjustments, use without a decision, and reports on requests that were decided before.

    Args:
        connection: Of one read.
        from_ms: The instant, Unix milliseconds.
        until_ms: First instant that is too late, or None.
        after: The last entry of the page before, or ``id_floor(from_ms)``.
        limit: Entries on a page.
    """
    columns = ENTRIES.c
    query = select(columns.id, columns.received_at_ms, columns.record).where(
        columns.id > after, or_(columns.decision_id.is_(None), columns.decision_id < id_floor(from_ms))
    )
    if until_ms is not None:
        query = query.where(columns.id < id_floor(until_ms))
    rows = [
        (entry_id, at_ms, decode_entry(record).charges)
        for entry_id, at_ms, record in connection.execute(query.order_by(columns.id).limit(limit))
    ]
    keys = budgets_by_digest(connection, {charge.budget for *_, charges in rows for charge in charges})
    posted = tuple(
        Posted(at_ms, tuple((keys[charge.budget], charge.amount) for charge in charges if charge.budget in keys))
        for _, at_ms, charges in rows
    )
    return PostedPage(posted, bytes(rows[-1][0]) if len(rows) == limit else None)


def _budgets_of(at_s: int) -> Select[Any]:
    """Select the budgets of an instant, and those of the periods before theirs."""
    columns = BUDGETS.c
    length = columns.period_end_s - columns.period_start_s
    identity = (columns[name] for name in ("digest", "policy", "scope", "unit", "period_start_s", "period_end_s"))
    return select(*identity, columns.used, columns.buckets, columns.as_of_s).where(
        columns.as_of_s > 0,
        columns.period_start_s <= at_s,
        or_(columns.period_end_s.is_(None), columns.period_end_s + LENGTHS_KEPT * length > at_s),
    )


def _charged_by_expiry(connection: Connection, at_ms: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield budget, expiry (Unix seconds) and amount of what expired after an instant and is charged for it."""
    columns = DECISIONS.c
    query = select(columns.expires_at_s, columns.record).where(
        columns.id >= id_floor(at_ms - OPEN_FOR_MS),
        columns.state.in_(_UNREPORTED),
        columns.expires_at_s * 1000 > at_ms,
    )
    for expires_at_s, record in _stream(connection, query):
        for hold in decode_decision(record)[0]:
            if hold.charge_on_expiry:
                yield hold.budget, expires_at_s, hold.amount


def _stream(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    options = {"stream_results": True, "yield_per": READ_AT_A_TIME}
    yield from connection.execute(query, execution_options=options)
