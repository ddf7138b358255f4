"""What made the budgets of each lineage the same budgets, and since when; see ``core.policy_changes.renewals``."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from governor.core.decisions.budget_keys import Identity
from governor.core.policy_changes.renewals import Reign
from governor.store.dialects import insert_into
from governor.store.tables import QUOTA_IDENTITIES


def read_reigns(connection: Connection) -> dict[str, list[Reign]]:
    """Return the reigns of every lineage by its root, the oldest first."""
    table = QUOTA_IDENTITIES.c
    query = select(table.root, table.at_ms, table.unit, table.counts, table.per, table.period)
    found: dict[str, list[Reign]] = {}
    for root, at_ms, *identity in connection.execute(query.order_by(table.root, table.sequence)):
        found.setdefault(root, []).append(Reign(datetime.fromtimestamp(at_ms / 1000, UTC), Identity(*identity)))
    return found


def write_reigns(connection: Connection, reigns: Mapping[str, tuple[int, Reign]]) -> None:
    """Write down that reigns began, each with its number in its lineage; the first worker to write one is right."""
    rows = [
        {"root": root, "sequence": sequence, "at_ms": int(reign.at.timestamp() * 1000), **reign.identity._asdict()}
        for root, (sequence, reign) in sorted(reigns.items())
    ]
    connection.execute(insert_into(connection, QUOTA_IDENTITIES).on_conflict_do_nothing(), rows)
