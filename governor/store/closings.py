"""Closing budgets for good, in the transaction that says why: what a worker knows of it does not matter any more.

A marker is a counter beside the budgets that it closes (``CeilingRule.closed_by``). It is used up by an entry like all
others, so that ``verify`` recomputes it, and what was paid stays what it is.
"""

from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, insert

from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.entry import Charge, Entry, EntryKind, RollupKey
from governor.core.usage import Usage
from governor.store.ledger.rows import entry_row
from governor.store.records import budget_row
from governor.store.tables import BUDGETS, ENTRIES

CLOSINGS_SOURCE = "(closings)"
"""The source of closings; no client is called so, because a key's name has no brackets."""


def close_budgets(connection: Connection, marker: BudgetKey, event_id: str, at: datetime) -> None:
    """Use up a marker that nobody has used.

    Args:
        connection: Of the transaction that ends what is closed.
        marker: What the ceilings of the budgets follow from.
        event_id: What is closed; it is closed once.
        at: When.
    """
    at_ms = int(at.timestamp() * 1000)
    entry = Entry(
        # Time-ordered like all ids, and the same for whoever tries again at the same instant.
        id=at_ms.to_bytes(6, "big") + blake2b(event_id.encode(), digest_size=10).digest(),
        kind=EntryKind.CLOSING,
        source=CLOSINGS_SOURCE,
        event_id=event_id,
        body_digest=b"",
        root_event_id=event_id,
        decision_id=None,
        received_at_ms=at_ms,
        occurred_at_ms=at_ms,
        model="",
        provider="",
        usage=Usage(),
        cost_nano_usd=0,
        requests=0,
        charges=(Charge(marker.digest, 1),),
        rollup=RollupKey(0),
        rolled=(),
        unpriced=False,
        estimated=False,
        result=b"{}",
    )
    budget = dict(zip(BUDGETS.columns.keys(), budget_row(marker), strict=True))
    connection.execute(insert(BUDGETS).values({**budget, "used": 1, "as_of_s": max(1, at_ms // 1000)}))
    connection.execute(insert(ENTRIES).values(dict(zip(ENTRIES.columns.keys(), entry_row(entry), strict=True))))
