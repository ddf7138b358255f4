"""When a refused request would have room again, if nobody asked for anything else and what is held is spent."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from governor.core.calendar_days import first_instant, local_date
from governor.core.decisions.decision import Reason
from governor.core.decisions.draws import Draw, Part
from governor.core.decisions.messages import resets_at
from governor.core.ledger.admit import fits
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.ceilings import CeilingRule, Lookup, Pace
from governor.core.ledger.commands import Admission, Hold
from governor.core.periods import period_at
from governor.core.policy.applicable import AppliedQuota

LONGEST_DAYS = 36_600
"""More days than a period has."""

ROUNDS_MAX = 64
"""How often budgets are asked one after the other for an instant that suits them all; the days of paced ones may never
fall together."""


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
    ends += [opens_at(hold, draw, admission) for hold, draw in refused]
    if any(end is None for end in ends):
        return None
    at = max(end for end in ends if end is not None)
    # A budget that had room may have none at the later instant that another one needs: where its day's part is too
    # small in the period after, or its schedule lowers the limit again.
    for _ in range(ROUNDS_MAX):
        found = [_open_from(hold, draw, admission, at) for hold, draw in refused]
        if any(each is None for each in found):
            return None
        latest = max((each for each in found if each is not None), default=at)
        if latest == at:
            return at
        at = latest
    return None


def opens_at(hold: Hold, draw: Draw, admission: Admission) -> datetime | None:
    """Return when a budget may have room: a later limit of its schedule, or the end of its period; None: not so."""
    if draw.part is Part.PACE:
        return resets_at(hold.budget)
    for from_at, _, limit in _later(hold, draw):
        if _has_room_under(limit, hold, draw, admission):
            return from_at
    return resets_at(hold.budget) if _has_room_next(hold, draw, admission) else None


def _open_from(hold: Hold, draw: Draw, admission: Admission, earliest: datetime) -> datetime | None:
    """Return the first instant from one on at which a budget has room, or None."""
    rule, end_at = hold.terms.rule, resets_at(hold.budget)
    if rule is not None and rule.pace is not None:
        return _day_with_room(hold, draw, rule.pace, admission, earliest)
    for from_at, until_at, limit in _later(hold, draw):
        if (until_at is None or earliest < until_at) and _has_room_under(limit, hold, draw, admission):
            return max(earliest, from_at)
    if end_at is None or not _has_room_next(hold, draw, admission):
        return None
    return max(earliest, end_at)


def _later(hold: Hold, draw: Draw) -> Iterator[tuple[datetime, datetime | None, int]]:
    """Yield the later limits of a running period, each from when until when; a fund's counter has none."""
    if draw.part is Part.FUND_SHARE:
        return
    limits = draw.applied.later_limits
    ends = [*[from_at for from_at, _ in limits[1:]], _period_end(hold, draw)]
    for (from_at, limit), until_at in zip(limits, ends, strict=False):
        yield from_at, until_at, limit


def _period_end(hold: Hold, draw: Draw) -> datetime | None:
    """Return the end of the running period of a budget, or of the one that a day belongs to."""
    definition = draw.applied.quota.period
    if draw.part is not Part.PACE or definition is None:
        return resets_at(hold.budget)
    return period_at(definition, datetime.fromtimestamp(hold.budget.period_start_s, UTC)).end_at


def _has_room_under(limit: int, hold: Hold, draw: Draw, admission: Admission) -> bool:
    """Tell whether a request would have room beside what is taken now, if the running period had another limit."""
    carried, balances = admission.carried_into(hold), admission.balances
    ceiling = _ceiling_under(limit, hold, draw, admission.ceiling(hold), (carried, balances.get))
    return fits(hold.amount, balances.get(hold.budget.digest, EMPTY), ceiling)


def _has_room_next(hold: Hold, draw: Draw, admission: Admission) -> bool:
    """Tell whether the next period, with the limit and the carry that it begins with, has room for a request."""
    rule, ceiling = hold.terms.rule, admission.ceiling(hold)
    if draw.part is Part.FUND_SHARE:
        return fits(hold.amount, EMPTY, ceiling)
    carried = 0 if rule is None or rule.is_fixed else _carried_on(hold, draw, rule, admission)
    return fits(hold.amount, EMPTY, _ceiling_under(draw.applied.next_limit, hold, draw, ceiling, (carried, _nobody)))


def _ceiling_under(
    limit: int, hold: Hold, draw: Draw, ceiling: int | None, taken_over: tuple[int, Lookup]
) -> int | None:
    """Return how far a budget may go with another limit of its quota.

    Args:
        limit: The other one.
        hold: On the budget.
        draw: The budget.
        ceiling: How far it may go now.
        taken_over: What is carried into the period, and the balances in it.
    """
    rule, applied = hold.terms.rule, draw.applied
    if ceiling is None:
        return None
    if rule is None:
        return _capped(applied, limit) if ceiling < applied.limit else ceiling + limit - applied.limit
    cap = None if rule.cap is None else _capped(applied, limit)
    carried, lookup = taken_over
    return replace(rule, limit=limit, cap=cap).ceiling_with(carried, hold.budget.digest, lookup)


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
    zone = definition.time_zone

    def day_under(room: int, from_at: datetime) -> datetime | None:
        """Return the first such day from an instant of the period on."""
        days_left = pace.burst_percent * room // (100 * hold.amount)
        if days_left < 1 or period.end_at is None:
            return None
        day = local_date(period.end_at, zone) - timedelta(days=min(days_left, LONGEST_DAYS))
        return max(from_at, first_instant(day, zone))

    if not period.contains(datetime.fromtimestamp(hold.budget.period_start_s, UTC)):
        return day_under(draw.applied.next_limit + _carried_on(hold, draw, rule, admission), earliest)
    others = admission.carried_into(hold) - admission.balances.get(rule.main, EMPTY).taken
    later = list(_later(hold, draw))
    first_until = later[0][0] if later else period.end_at
    for from_at, until_at, limit in [(earliest, first_until, rule.limit), *later]:
        found = day_under(limit + others, max(earliest, from_at))
        if found is not None and (until_at is None or found < until_at):
            return found
    return _day_with_room(hold, draw, pace, admission, period.end_at)


def _carried_on(hold: Hold, draw: Draw, rule: CeilingRule, admission: Admission) -> int:
    """Return what the next period would take over from this one."""
    rollover = draw.applied.quota.rollover
    if rollover is None:
        return 0
    given, taken = admission.carried_into(hold), admission.balances.get(rule.main, EMPTY).taken
    if not taken and not given:
        # Perhaps nobody has used it before: then it has not begun, and leaves nothing.
        return 0
    # A period leaves over what is left of the limit of its last instant.
    limit = draw.applied.later_limits[-1][1] if draw.applied.later_limits else rule.limit
    rest = limit - taken
    if rest >= 0:
        return min(max(0, rest + min(0, given)), rollover.unused_max(limit))
    return min(0, rest + max(0, given)) if rollover.overspend else 0


def _nobody(_digest: bytes) -> None:
    """Look up a balance for a rule that looks at none."""
