"""Balances as they stand at an instant, read without locks."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from governor.core.ledger.budget import Balance
from governor.core.ledger.counter import balance_at
from governor.store.records import decode_buckets
from governor.store.tables import BUDGETS


def read_balances(connection: Connection, digests: Sequence[bytes], now_s: float) -> dict[bytes, Balance]:
    """Read balances at an instant, without locks; a budget that nobody touched is left out."""
    columns = BUDGETS.c
    query = select(columns.digest, columns.used, columns.buckets, columns.as_of_s).where(
        columns.digest.in_(bindparam("digests", list(digests), expanding=True)), columns.as_of_s > 0
    )
    balances: dict[bytes, Balance] = {}
    for row in connection.execute(query):
        buckets = decode_buckets(row.buckets)
        balances[row.digest] = balance_at(row.used, buckets.releasing, buckets.charging, max(now_s, row.as_of_s))
    return balances


def read_last_expiries(connection: Connection, digests: Sequence[bytes], now_s: float) -> dict[bytes, int]:
    """Return when the last open hold of each budget expires, in Unix seconds; budgets without any are left out."""
    query = select(BUDGETS.c.digest, BUDGETS.c.buckets).where(BUDGETS.c.digest.in_(list(digests)))
    found: dict[bytes, int] = {}
    for row in connection.execute(query):
        buckets = decode_buckets(row.buckets)
        last_s = max((*buckets.releasing, *buckets.charging), default=0)
        if last_s > now_s:
            found[bytes(row.digest)] = last_s
    return found
