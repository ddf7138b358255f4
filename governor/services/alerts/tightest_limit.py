"""What somebody may spend at most: all that is known of whom nothing else is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from governor.core.decisions.snapshot import Snapshot
from governor.core.periods import period_at
from governor.core.policy.applicable import apply_quota
from governor.core.policy.kinds import Quota
from governor.core.units import Unit
from governor.core.wording.quotas import limit_noun

SHORTEST = timedelta(days=6, hours=22)
"""Of a week, also of one in which the clocks change. What is for a day or less may well be used within some hours."""


@dataclass(frozen=True, slots=True)
class TightestLimit:
    """The smallest limit in money on what somebody spends: in words whose it is, and in nano-USD."""

    words: str
    nano_usd: int


def tightest_limit(snapshot: Snapshot, attributes: Mapping[str, str], now: datetime) -> TightestLimit | None:
    """Return the smallest limit in money, for a week or longer, of those that somebody's requests surely draw on.

    Args:
        snapshot: The quotas.
        attributes: What is known of the requests, by ``applies_to`` key.
        now: When they are made.
    """
    found = []
    for quota in snapshot.applicable.find(attributes, now).quotas:
        if quota.unit is Unit.USD and _is_long(quota, now) and all(key in attributes for key in quota.per):
            scope = tuple((key, attributes[key]) for key in quota.per)
            limit = apply_quota(quota, scope, snapshot.organization, now).limit
            found.append(TightestLimit(f"the {limit_noun(quota.period)} of {quota.header.ref}", limit))
    return min(found, key=lambda limit: limit.nano_usd, default=None)


def _is_long(quota: Quota, now: datetime) -> bool:
    if quota.period is None:
        return False
    period = period_at(quota.period, now)
    return period.end_at is None or period.end_at - period.start_at >= SHORTEST
