"""Which budgets were ever drawn on, for listings. Their balances are the ledger's to tell."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, collate, func, or_, select

from governor.core.scopes import Scope
from governor.store.records import NO_BUCKETS, decode_scope
from governor.store.tables import BUDGETS

BYTE_ORDER = {"postgresql": "C", "sqlite": "BINARY"}
"""Collations in which texts sort as in Python."""


def read_considered(connection: Connection, digests: Sequence[bytes]) -> set[bytes]:
    """Return those of some budgets that a request could once have drawn on, whether or not it did."""
    query = select(BUDGETS.c.digest).where(BUDGETS.c.digest.in_(list(digests)))
    return {bytes(row.digest) for row in connection.execute(query)}


def read_scopes(
    connection: Connection, policies: Sequence[str], at_s: Collection[int], first: str, limit: int
) -> list[tuple[bytes, str]]:
    """Return digest and scope text of the budgets of some quotas whose period contains one of some instants.

    A budget and its part of a day have the same scope text: the budgets of one text are never torn apart.

    Args:
        connection: A reading connection.
        policies: Names that the quota has and had (``Quota/x``).
        at_s: Unix seconds.
        first: Only this scope text, and those that sort after it; ``""`` for all.
        limit: The most scope texts, in their order.
    """
    ordered = collate(BUDGETS.c.scope, BYTE_ORDER[connection.dialect.name])
    wanted = (
        BUDGETS.c.policy.in_(list(policies)),
        or_(
            BUDGETS.c.period_end_s.is_(None),
            *(and_(BUDGETS.c.period_start_s <= each, BUDGETS.c.period_end_s > each) for each in at_s),
        ),
    )
    text = ordered.label("text")
    page = select(text).where(*wanted, ordered >= first).distinct().order_by(text).limit(limit)
    texts = [str(found) for found in connection.execute(page).scalars()]
    if not texts:
        return []
    rows = connection.execute(
        select(BUDGETS.c.digest, BUDGETS.c.scope)
        .where(*wanted, ordered >= texts[0], ordered <= texts[-1])
        .order_by(ordered, BUDGETS.c.digest)
    )
    return [(bytes(row.digest), row.scope) for row in rows]


@dataclass(frozen=True, slots=True)
class LiveBudget:
    """A counter whose period goes on, or has just ended; ``end_s`` is None for a lifetime."""

    digest: bytes
    policy: str
    scope: Scope
    end_s: int | None


_LIVE = tuple(BUDGETS.c[name] for name in ("digest", "policy", "scope", "period_end_s"))


def read_live_budgets(connection: Connection, digests: Sequence[bytes], ended_after_s: int) -> list[LiveBudget]:
    """Return those of some budgets whose period goes on, or ended after an instant (Unix seconds)."""
    end_s = BUDGETS.c.period_end_s
    query = select(*_LIVE).where(BUDGETS.c.digest.in_(list(digests)), or_(end_s.is_(None), end_s > ended_after_s))
    return [_live(row) for row in connection.execute(query.order_by(BUDGETS.c.digest))]


def read_present_budgets(
    connection: Connection, policies: Sequence[str], at_s: int, after: bytes, limit: int, *, taken: bool = False
) -> list[LiveBudget]:
    """Return budgets of some quotas whose period contains an instant (Unix seconds), in the order of their digests.

    Args:
        connection: A reading connection.
        policies: Names that the quotas have and had (``Quota/x``).
        at_s: The instant.
        after: The last digest of the page before, or ``b""``.
        limit: The most of them.
        taken: Only those of which something is used or held.
    """
    columns = BUDGETS.c
    # An expression, so that pages follow the key: by the index of policies each page would sort all that come after it.
    query = select(*_LIVE).where(
        (columns.policy + "").in_(list(policies)),
        columns.period_start_s <= at_s,
        func.coalesce(columns.period_end_s, at_s + 1) > at_s,
        columns.digest > after,
    )
    if taken:
        query = query.where(or_(columns.used > 0, columns.buckets != NO_BUCKETS))
    return [_live(row) for row in connection.execute(query.order_by(columns.digest).limit(limit))]


def _live(row: Row[Any]) -> LiveBudget:
    return LiveBudget(bytes(row.digest), row.policy, decode_scope(row.scope), row.period_end_s)
