"""Which budgets of an allowed request point something out: the rule behind warnings, without their sentences.

A replay asks this of every request; an answer makes sentences of what it finds.
"""

from collections.abc import Iterator

from governor.core.decisions.decision import ReasonCode
from governor.core.decisions.draws import Draw
from governor.core.decisions.plan import Candidate
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.commands import Admission, Hold
from governor.core.money import AMOUNT_MAX
from governor.core.policy.kinds import WhenReached


def budgets_pointed_out(
    candidate: Candidate, unfit: tuple[int, ...], admission: Admission
) -> Iterator[tuple[int, ReasonCode]]:
    """Yield the holds of a candidate that are worth a warning, by index, with what is the matter.

    Args:
        candidate: The one that was given.
        unfit: Its holds that did not fit.
        admission: With the balances before anything was placed.
    """
    for index in unfit:
        yield index, ReasonCode.QUOTA_EXCEEDED
    draws, holds = candidate.prepared.draws, candidate.holds
    for index in candidate.prepared.points_out:
        if index not in unfit:
            code = pointed_out(index, holds[index], draws[index], admission)
            if code is not None:
                yield index, code


def quiet_up_to(draw: Draw, carried: int) -> int:
    """Return how far a budget may be taken before it points something out; nothing is said of one that others pay for.

    Args:
        draw: The quota's budget.
        carried: What it takes over from the period before.
    """
    applied = draw.applied
    quota = applied.quota
    room = draw.terms.limit + carried
    up_to = AMOUNT_MAX
    if quota.overage is not None and not quota.overage.fund:
        up_to = room
    if quota.when_reached is WhenReached.WARN:
        up_to = min(up_to, room)
    if applied.soft_limit is not None:
        percent = quota.soft_limit_percent
        up_to = min(up_to, applied.soft_limit if percent is None else room * percent // 100)
    return up_to


def pointed_out(index: int, hold: Hold, draw: Draw, admission: Admission) -> ReasonCode | None:
    """Return what a budget that has room points out: overage, a limit that only warns, a soft limit; else None.

    What a grant pays for is not counted in the budget, so that there is nothing to point out.
    """
    applied = draw.applied
    quota = applied.quota
    soft_limit, overage = applied.soft_limit, quota.overage
    warns = quota.when_reached is WhenReached.WARN
    if soft_limit is None and overage is None and not warns:
        return None
    limit, rule = hold.terms.limit, hold.terms.rule
    taken = admission.balances.get(hold.budget.digest, EMPTY).taken + hold.amount
    can_owe = rule is not None and rule.carry is not None and rule.carry.may_owe
    is_quiet = (soft_limit is None or taken <= soft_limit) and (not warns or taken <= limit)
    if is_quiet and overage is None and not can_owe:
        # Most budgets are far from their soft limit; only what a period owes to the one before brings it nearer.
        return None
    payer = admission.payer(index)
    if payer and payer != hold.instead:
        return None
    room = limit + admission.carried_into(hold)
    placed = admission.chosen is not None
    if placed and overage is not None and (taken > room if not overage.fund else bool(payer)):
        return ReasonCode.OVERAGE
    if warns and taken > room:
        return ReasonCode.QUOTA_EXCEEDED
    if soft_limit is not None and quota.soft_limit_percent is not None:
        soft_limit = room * quota.soft_limit_percent // 100
    return ReasonCode.SOFT_LIMIT_EXCEEDED if soft_limit is not None and taken > soft_limit else None
