"""How far the budgets of a reservation may go now."""

from datetime import UTC, datetime

from governor.core.decisions.budget_keys import budget_key, scope_of
from governor.core.decisions.draws import DrawContext, draws_of
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import GRANT_PREFIX
from governor.core.ledger.reservation import Reservation


def ceilings_now(snapshot: Snapshot, reservation: Reservation, now: datetime) -> dict[bytes, int | None]:
    """Return the ceilings in force for a reservation's budgets, by digest; None is no ceiling.

    A budget whose period is over has the limit of its last second. One whose quota is gone, or whose ceiling follows
    from other counters, is not among them: it keeps the ceiling that it was placed with. A grant that is over gives no
    more than it holds.
    """
    attributes = reservation.facts.attributes
    decided_at = datetime.fromtimestamp(reservation.at_ms / 1000, UTC)
    of_grants = [held for held in reservation.holds if held.policy.startswith(GRANT_PREFIX)]
    over = [held.budget for held in of_grants if not snapshot.grants.acts(held.policy, now)]
    ceilings: dict[bytes, int | None] = dict.fromkeys(over, 0)
    for quota in snapshot.applicable.find(attributes, now).quotas:
        key = budget_key(quota, scope_of(quota, attributes), decided_at)
        at = now if key.period_end_s is None else min(now, datetime.fromtimestamp(key.period_end_s - 1, UTC))
        context = DrawContext(snapshot.organization, snapshot.quota, at)
        for draw in draws_of(quota, attributes, context):
            terms = draw.terms
            if terms.rule is None:
                ceilings[draw.budget.digest] = terms.ceiling if terms.must_fit else None
    return ceilings
