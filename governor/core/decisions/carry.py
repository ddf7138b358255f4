"""What a period takes over from those before it, as far as policies tell: their limits, and what may be carried.

Limits are those in force at the last instant of each period, and so is what was carried into it: an edit moves the
present period alone.
"""

from governor.core.decisions.budget_keys import budgets_before
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.ceilings import Carry, Predecessor
from governor.core.periods import last_instant
from governor.core.policy.applicable import apply_quota
from governor.core.policy.as_of import as_of
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.scopes import Scope

BEFORE_MAX = 13
"""Periods looked back for what is carried; a scope that nobody has used for longer begins anew."""

LENGTHS_KEPT = BEFORE_MAX + 2
"""How many times its own length a period that is over is kept for: until nothing looks back at it. Two more than the
periods looked back, because those after a February, or after a day of 23 hours, are longer than it."""

_REMEMBERED_MAX = 4_096
"""Quotas whose former limits are remembered; past it the memory starts anew."""

_Terms = tuple[tuple[int, int, bool], ...]
"""Limit, the most that was taken over of what was left, and whether a debt was, of each period before."""

_remembered: dict[int, tuple[Quota, int, _Terms]] = {}


def carry_of(quota: Quota, scope: Scope, key: BudgetKey, organization: Organization) -> Carry | None:
    """Return what the period of a budget takes over, or None if nothing can be."""
    if quota.rollover is None:
        return None
    former = budgets_before(quota, key, BEFORE_MAX)
    terms = _terms(quota, scope, key.period_start_s, [end_s for _, end_s in former], organization)
    before = tuple([Predecessor(digest, *each) for (digest, _), each in zip(former, terms, strict=False)])
    return Carry(before) if before else None


def _terms(quota: Quota, scope: Scope, start_s: int, ends_s: list[int], organization: Organization) -> _Terms:
    """Return the terms of the periods before; the same for all scopes of a quota that has one limit for all."""
    if quota.limits or any(former.quota.limits for former in quota.past):
        return _work_out(quota, scope, ends_s, organization)
    found = _remembered.get(id(quota))
    if found is not None and found[0] is quota and found[1] == start_s:
        return found[2]
    if len(_remembered) >= _REMEMBERED_MAX:
        _remembered.clear()
    terms = _work_out(quota, scope, ends_s, organization)
    _remembered[id(quota)] = (quota, start_s, terms)
    return terms


def _work_out(quota: Quota, scope: Scope, ends_s: list[int], organization: Organization) -> _Terms:
    terms: list[tuple[int, int, bool]] = []
    rollover = quota.rollover
    for end_s in ends_s:
        at = last_instant(end_s)
        then = as_of(quota, at)
        if not then.header.in_force(at):
            break
        limit = apply_quota(then, scope, organization, at).limit
        terms.append((limit, rollover.unused_max(limit), rollover.overspend) if rollover else (limit, 0, False))
        rollover = then.rollover
    return tuple(terms)
