"""When a refused request would have room again, if nobody asked for anything else and what is held is spent."""

from collections.abc import Sequence
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
    rule = hold.terms.rule
    ceiling = admission.ceiling(hold)
    if draw.part is not Part.PACE and rule is not None and not rule.is_fixed:
        ceiling = rule.ceiling_with(_carried_on(hold, draw, rule, admission), hold.budget.digest, _nobody)
    is_enough = draw.part is Part.PACE or fits(hold.amount, EMPTY, ceiling)
    return resets_at(hold.budget) if is_enough else None


def _day_with_room(hold: Hold, draw: Draw, pace: Pace, admission: Admission, earliest: datetime) -> datetime | None:
    """Return when a day begins whose part is enough: the fewer days are left, the larger is the part of each."""
    rule, definition = hold.terms.rule, draw.applied.quota.period
    assert rule is not None
    assert definition is not None
    period = period_at(definition, earliest)
    assert period.end_at is not None
    is_present = period.contains(datetime.fromtimestamp(hold.budget.period_start_s, UTC))
    left = rule.limit + _carried_on(hold, draw, rule, admission)
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
