"""What a quota said of its budgets at an earlier instant: limits live in policy, and policies are edited.

A period that is over keeps the limit of its last instant: what it left over, what it owed and what was stated of it do
not change when somebody edits the quota afterwards.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from governor.core.periods import last_instant
from governor.core.policy.kinds import Former, Quota


def terms_of_period(quota: Quota, period_end_s: int | None) -> Quota:
    """Return a quota as it was in a period's last instant; as it is now, for one that is not over or never ends."""
    if not quota.past or period_end_s is None:
        return quota
    return as_of(quota, last_instant(period_end_s))


def as_of(quota: Quota, at: datetime) -> Quota:
    """Return a quota on the terms that were in force at an instant, the oldest that are known before those."""
    for number, former in enumerate(quota.past):
        if at < former.until:
            return _on_terms_of(quota, former.quota, quota.past[:number])
    return quota


def _on_terms_of(quota: Quota, then: Quota, past: tuple[Former, ...]) -> Quota:
    header = replace(
        quota.header, effective_from=then.header.effective_from, effective_until=then.header.effective_until
    )
    return replace(
        quota,
        header=header,
        limit=then.limit,
        limits=then.limits,
        schedule=then.schedule,
        when_reached=then.when_reached,
        overage=then.overage,
        rollover=then.rollover,
        prorated=then.prorated,
        past=past,
    )


def with_past(quota: Quota, said: Sequence[tuple[datetime, Quota]]) -> Quota:
    """Return a quota with what it said before.

    Args:
        quota: As it is now.
        said: What its budgets were kept by and since when, the oldest first; the last one is the quota as it is now.
    """
    return replace(quota, past=tuple(Former(until, then) for (_, then), (until, _) in pairwise(said)))
