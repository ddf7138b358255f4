"""Which budgets were ever drawn on, for listings. Their balances are the ledger's to tell."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Row, and_, cast, collate, func, or_, select

from governor.core.scopes import Scope
from governor.store.records import NO_BUCKETS, decode_scope, encode_scope
from governor.store.tables import BUDGETS

BYTE_ORDER = {"postgresql": "C", "sqlite": "BINARY"}
"""Collations in which texts sort as in Python."""


def read_considered(connection: Connection, digests: Sequence[bytes]) -> set[bytes]:
    """Return those of some budgets that a request could once have drawn on, whether or not it did."""
    query = select(BUDGETS.c.digest).where(BUDGETS.c.digest.in_(list(digests)))
    return {bytes(row.digest) for row in connection.execute(query)}


def read_scopes(
    connection: Connection,
    policies: Sequence[str],
    at_s: Collection[int],
    first: str,
    limit: int,
    *,
    former_use_cases: Mapping[str, str],
) -> list[tuple[bytes, str]]:
    """Return digest and scope text of the budgets of some quotas whose period contains one of some instants.

    A budget and its part of a day have the same scope text: the budgets of one text are never torn apart.

    Args:
        connection: A reading connection.
        policies: Names that the quota has and had (``Quota/x``).
        at_s: Unix seconds.
        first: Only this scope text, and those that sort after it; ``""`` for all.
        limit: The most scope texts, in their order.
        former_use_cases: The present name of a use case by every former one: rows say the name of their time, texts
            and their order the present one.
    """
    wanted = (
        BUDGETS.c.policy.in_(list(policies)),
        or_(
            BUDGETS.c.period_end_s.is_(None),
            *(and_(BUDGETS.c.period_start_s <= each, BUDGETS.c.period_end_s > each) for each in at_s),
        ),
    )
    if not former_use_cases:
        return _page(connection, wanted, first, limit)
    # Only rows with a former name stand elsewhere than their texts sort: they are few, and all of them are read.
    use_case, formers = _use_case(connection), list(former_use_cases)
    renamed = connection.execute(select(BUDGETS.c.digest, BUDGETS.c.scope).where(*wanted, use_case.in_(formers)))
    named = [(bytes(row.digest), _named_now(row.scope, former_use_cases)) for row in renamed]
    rows = _page(connection, (*wanted, use_case.not_in(formers)), first, limit)
    rows += [(digest, text) for digest, text in named if text >= first]
    texts = set(sorted({text for _, text in rows})[:limit])
    return sorted((row for row in rows if row[1] in texts), key=lambda row: (row[1], row[0]))


def _page(
    connection: Connection, wanted: Sequence[ColumnElement[bool]], first: str, limit: int
) -> list[tuple[bytes, str]]:
    ordered = collate(BUDGETS.c.scope, BYTE_ORDER[connection.dialect.name])
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


def _use_case(connection: Connection) -> ColumnElement[str]:
    """Return the use case that a row's scope says, or ``""``."""
    if connection.dialect.name == "sqlite":
        said: ColumnElement[Any] = func.json_extract(BUDGETS.c.scope, "$.use_case")
    else:
        said = func.json_extract_path_text(cast(BUDGETS.c.scope, JSON), "use_case")
    return func.coalesce(said, "")


def _named_now(text: str, former_use_cases: Mapping[str, str]) -> str:
    return encode_scope(
        tuple(
            (key, former_use_cases.get(value, value) if key == "use_case" else value)
            for key, value in decode_scope(text)
        )
    )


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


Place = tuple[str, str, bytes]
"""Policy, scope text and digest: the order in which budgets are passed by."""


@dataclass(frozen=True, slots=True)
class PresentBudgets:
    """Budgets whose period goes on, and the place of the last one; None: there are no more."""

    rows: list[LiveBudget]
    next: Place | None


def read_present_budgets(
    connection: Connection, at_s: int, after: Place, limit: int, *, alone: bool = False, taken: bool = False
) -> PresentBudgets:
    """Return budgets whose period contains an instant, in the order of an index, so that no page sorts what follows.

    Args:
        connection: A reading connection.
        at_s: The instant, Unix seconds.
        after: Where the page before ended; ``(policy, "", b"")`` begins with a policy.
        limit: The most of them.
        alone: Only those of the policy that ``after`` names.
        taken: Only those of which something is used or held.
    """
    columns = BUDGETS.c
    policy, scope, digest = after
    present = select(*_LIVE).where(
        columns.period_start_s <= at_s, or_(columns.period_end_s.is_(None), columns.period_end_s > at_s)
    )
    if taken:
        present = present.where(or_(columns.used > 0, columns.buckets != NO_BUCKETS))
    present = present.order_by(columns.policy, columns.scope, columns.digest)
    # The rest of a policy, then the policies behind it: both are stretches of the index.
    rest = present.where(
        columns.policy == policy, columns.scope >= scope, or_(columns.scope > scope, columns.digest > digest)
    )
    rows = list(connection.execute(rest.limit(limit)))
    if not alone and len(rows) < limit:
        rows += connection.execute(present.where(columns.policy > policy).limit(limit - len(rows)))
    last = rows[-1] if len(rows) == limit else None
    following = (last.policy, last.scope, bytes(last.digest)) if last is not None else None
    return PresentBudgets([_live(row) for row in rows], following)


def _live(row: Row[Any]) -> LiveBudget:
    return LiveBudget(bytes(row.digest), row.policy, decode_scope(row.scope), row.period_end_s)
