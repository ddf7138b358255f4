"""How far the budgets of a reservation may go now."""

from datetime import UTC, datetime

from governor.core.decisions.budget_keys import budget_key, scope_of
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.reservation import Reservation
from governor.core.policy.applicable import apply_quota


def ceilings_now(snapshot: Snapshot, reservation: Reservation, now: datetime) -> dict[bytes, int | None]:
    """Return the ceilings in force for a reservation's budgets, by digest; None is no ceiling.

    A budget whose period is over has the limit of its last second. One whose quota is gone is not among them.
    """
    attributes = reservation.facts.attributes
    decided_at = datetime.fromtimestamp(reservation.at_ms / 1000, UTC)
    ceilings: dict[bytes, int | None] = {}
    for quota in snapshot.applicable.find(attributes, now).quotas:
        key = budget_key(quota, scope_of(quota, attributes), decided_at)
        at = now if key.period_end_s is None else min(now, datetime.fromtimestamp(key.period_end_s - 1, UTC))
        applied = apply_quota(quota, key.scope, snapshot.organization, at)
        ceilings[key.digest] = applied.ceiling if applied.must_fit else None
    return ceilings
