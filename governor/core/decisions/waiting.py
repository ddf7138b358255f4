"""When a refused request would have room again, if nobody asked for anything else and what is held is spent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from governor.core.calendar_days import first_instant, local_date
from governor.core.decisions.decision import Reason
from governor.core.decisions.draws import Draw, Part
from governor.core.decisions.messages import resets_at
from governor.core.ledger.admit import fits
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.ceilings import CeilingRule, Pace
from governor.core.ledger.commands import Admission, Hold
from governor.core.periods import period_at
from governor.core.policy.applicable import AppliedQuota

LONGEST_DAYS = 36_600
"""More days than a period has."""


def wait_until(
    refused: Sequence[tuple[Hold, Draw]], blocked: Sequence[Reason], admission: Admission
) -> datetime | None:
    """Return when all budgets that refuse have room and all blocks have ended.

    Waiting does not help where a budget is too small for the request, or never opens again.

    Args:
        refused: What has no room.
        blocked: Blocks, each with its end.
        admission: With the balances that were compared.
    """
    ends: list[datetime | None] = [reason.resets_at for reason in blocked]
    ends += [_opens_at(hold, draw, admission) for hold, draw in refused]
    if any(end is None for end in ends):
        return None
    at = max(end for end in ends if end is not None)
    for hold, draw in refused:
        rule = hold.terms.rule
        if rule is None or rule.pace is None:
            continue
        day = _day_with_room(hold, draw, rule.pace, admission, at)
        if day is None:
            return None
        at = day
    return at


def _opens_at(hold: Hold, draw: Draw, admission: Admission) -> datetime | None:
    """Return the end of a budget's period, or None if the request has no room in the next one either."""
    return resets_at(hold.budget) if draw.part is Part.PACE or has_room_next(hold, draw, admission) else None


def has_room_next(hold: Hold, draw: Draw, admission: Admission) -> bool:
    """Tell whether the next period, with the limit and the carry that it begins with, has room for a request."""
    rule, applied = hold.terms.rule, draw.applied
    ceiling = admission.ceiling(hold)
    if draw.part is Part.FUND_SHARE or ceiling is None:
        return fits(hold.amount, EMPTY, ceiling)
    if rule is None:
        is_capped = ceiling < applied.limit
        ceiling = _capped(applied, applied.next_limit) if is_capped else ceiling + applied.next_limit - applied.limit
        return fits(hold.amount, EMPTY, ceiling)
    cap = None if rule.cap is None else _capped(applied, applied.next_limit)
    then = replace(rule, limit=applied.next_limit, cap=cap)
    carried = 0 if rule.is_fixed else _carried_on(hold, draw, rule, admission)
    return fits(hold.amount, EMPTY, then.ceiling_with(carried, hold.budget.digest, _nobody))


def _capped(applied: AppliedQuota, limit: int) -> int:
    """Return where a downgrade begins for the model asked for."""
    downgrade = applied.quota.downgrade
    return limit if downgrade is None else downgrade.begins_at(limit)


def _day_with_room(hold: Hold, draw: Draw, pace: Pace, admission: Admission, earliest: datetime) -> datetime | None:
    """Return when a day begins whose part is enough: the fewer days are left, the larger is the part of each."""
    rule, definition = hold.terms.rule, draw.applied.quota.period
    assert rule is not None
    assert definition is not None
    period = period_at(definition, earliest)
    assert period.end_at is not None
    is_present = period.contains(datetime.fromtimestamp(hold.budget.period_start_s, UTC))
    left = draw.applied.next_limit + _carried_on(hold, draw, rule, admission)
    if is_present:
        left = rule.limit + admission.carried_into(hold) - admission.balances.get(rule.main, EMPTY).taken
    days_left = pace.burst_percent * left // (100 * hold.amount)
    if days_left >= 1:
        zone = definition.time_zone
        day = local_date(period.end_at, zone) - timedelta(days=min(days_left, LONGEST_DAYS))
        return max(earliest, first_instant(day, zone))
    return _day_with_room(hold, draw, pace, admission, period.end_at) if is_present else None


def _carried_on(hold: Hold, draw: Draw, rule: CeilingRule, admission: Admission) -> int:
    """Return what the next period would take over from this one."""
    rollover = draw.applied.quota.rollover
    if rollover is None:
        return 0
    given, taken = admission.carried_into(hold), admission.balances.get(rule.main, EMPTY).taken
    if not taken and not given:
        # Perhaps nobody has used it before: then it has not begun, and leaves nothing.
        return 0
    rest = rule.limit - taken
    if rest >= 0:
        return min(max(0, rest + min(0, given)), rollover.unused_max(rule.limit))
    return min(0, rest + max(0, given)) if rollover.overspend else 0


def _nobody(_digest: bytes) -> None:
    """Look up a balance for a rule that looks at none."""
