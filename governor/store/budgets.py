"""Which budgets were ever drawn on, for listings. Their balances are the ledger's to tell."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, collate, or_, select

from governor.store.tables import BUDGETS

BYTE_ORDER = {"postgresql": "C", "sqlite": "BINARY"}
"""Collations in which texts sort as in Python."""


def read_scopes(
    connection: Connection, policies: Sequence[str], at_s: int, after: str, limit: int
) -> list[tuple[bytes, str]]:
    """Return digest and scope text of the budgets of some quotas whose period contains an instant.

    Args:
        connection: A reading connection.
        policies: Names that the quota has and had (``Quota/x``).
        at_s: Unix seconds.
        after: Only scope texts that sort after this one; ``""`` for all.
        limit: The most that is returned, in the order of the scope texts.
    """
    ordered = collate(BUDGETS.c.scope, BYTE_ORDER[connection.dialect.name])
    rows = connection.execute(
        select(BUDGETS.c.digest, BUDGETS.c.scope)
        .where(
            BUDGETS.c.policy.in_(list(policies)),
            or_(
                BUDGETS.c.period_end_s.is_(None),
                and_(BUDGETS.c.period_start_s <= at_s, BUDGETS.c.period_end_s > at_s),
            ),
            ordered > after,
        )
        .order_by(ordered)
        .limit(limit)
    )
    return [(bytes(row.digest), row.scope) for row in rows]
