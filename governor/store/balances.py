"""Balances as they stand at an instant, read without locks."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from governor.core.ledger.budget import Balance
from governor.store.records import decode_buckets
from governor.store.tables import BUDGETS


def read_balances(connection: Connection, digests: Sequence[bytes], now_s: float) -> dict[bytes, Balance]:
    """Read balances at an instant, without locks; a budget that nobody touched is left out."""
    columns = BUDGETS.c
    query = select(columns.digest, columns.used, columns.buckets, columns.as_of_s).where(
        columns.digest.in_(bindparam("digests", list(digests), expanding=True)), columns.as_of_s > 0
    )
    return {row.digest: balance_of(row.used, row.buckets, max(now_s, row.as_of_s)) for row in connection.execute(query)}


def balance_of(used: int, blob: bytes, now_s: float) -> Balance:
    """Read a stored counter's balance at an instant: what has passed is not held any more."""
    buckets = decode_buckets(blob)
    charged = sum(amount for bucket, amount in buckets.charging.items() if bucket <= now_s)
    held = sum(amount for bucket, amount in (*buckets.releasing.items(), *buckets.charging.items()) if bucket > now_s)
    return Balance(used + charged, held)


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
