"""From a quota and a request's attributes to the budgets that it draws on, and on which terms.

A quota has one budget for each scope and period. Beside it there may be parts of it, each a budget of its own: the
share of a team, the pace of a day. What is fixed until a period ends is worked out here; what depends on balances is
left to the ledger as a ``CeilingRule``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum, IntEnum, auto

from governor.core.calendar_days import local_date
from governor.core.decisions.budget_keys import SHARE, budget_key, day_key, part_key, scope_of
from governor.core.decisions.carry import carry_of
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.ceilings import Carry, CeilingRule, HoldTerms, Pace
from governor.core.policy.applicable import AppliedQuota, apply_quota
from governor.core.policy.as_of import terms_of_period
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import Quota, WhenReached
from governor.core.policy.organization import Organization
from governor.core.scopes import NONE_VALUE, Scope
from governor.core.units import Counts, Unit
from governor.core.values import hot_value


class Measure(IntEnum):
    """What a budget counts of a request: the position in ``Amounts.measures``."""

    COST = 0
    ALL_TOKENS = 1
    INPUT_TOKENS = 2
    OUTPUT_TOKENS = 3
    CALLS = 4
    ONE = 5


class Part(Enum):
    """Which budget of a quota is drawn on."""

    WHOLE = auto()
    SHARE = auto()
    PACE = auto()
    FUND = auto()
    """Another quota's budget, which pays for overage."""
    FUND_SHARE = auto()
    """What a quota has taken from the fund in this period."""


PART_FIELDS = {Part.SHARE: "max_share", Part.PACE: "pace"}
"""The fields of a quota that make counters beside its budgets."""


@hot_value
class Draw:
    """A budget on the path of a request, what it counts, and the terms.

    Attributes:
        applied: The quota with the limit of the scope.
        part: Which of the quota's budgets this is.
        instead: What is drawn on instead if this has no room.
    """

    applied: AppliedQuota
    budget: BudgetKey
    measure: Measure
    terms: HoldTerms
    part: Part = Part.WHOLE
    instead: tuple["Draw", ...] = ()


@hot_value
class DrawContext:
    """What draws are made from beside the quota.

    Attributes:
        quota: Finds a quota by name (a fund), or None.
        now: The instant that fixes periods and limits.
        downgrades: Whether the model is the one asked for, so that ``downgrade`` begins at its ``from``.
    """

    organization: Organization
    quota: Callable[[str], Quota | None]
    now: datetime
    downgrades: bool = False


def draws_of(quota: Quota, attributes: Mapping[str, str], context: DrawContext) -> tuple[Draw, ...]:
    """Return the budgets of a quota that a request draws on: the whole, then its parts.

    A period that is over keeps the terms of its last instant, whatever was edited since.
    """
    scope = scope_of(quota, attributes)
    key = budget_key(quota, scope, context.now)
    quota = terms_of_period(quota, key.period_end_s)
    applied = apply_quota(quota, scope, context.organization, context.now)
    carry = carry_of(quota, scope, key, context.organization)
    whole = Draw(
        applied,
        key,
        measure_of(quota),
        _terms(applied, key, carry, attributes, context),
        instead=_from_fund(applied, key, attributes, context),
    )
    return (whole, *_parts(whole, scope, attributes, carry, context))


def moved_draws(draws: Sequence[Draw], now: datetime) -> tuple[Draw, ...] | None:
    """Return the budgets of a quota that the same request draws on in another period, or None: work them out anew.

    Args:
        draws: Those of an instant.
        now: Another instant; no policy, limit or placement begins or ends between the two.
    """
    whole = draws[0]
    quota = whole.applied.quota
    is_dated = quota.prorated or quota.schedule or quota.past
    if len(draws) > 1 or whole.terms.rule is not None or whole.instead or is_dated:
        return None
    return (Draw(whole.applied, budget_key(quota, whole.budget.scope, now), whole.measure, whole.terms, whole.part),)


def measure_of(quota: Quota) -> Measure:
    """Return what a quota counts.

    ``output`` and ``reasoning`` both hold the output estimate: how much of it is reasoning is known only afterwards.
    """
    match quota.unit:
        case Unit.USD:
            return Measure.COST
        case Unit.REQUESTS:
            return Measure.CALLS
        case Unit.CONCURRENT:
            return Measure.ONE
        case Unit.TOKENS:
            match quota.counts:
                case Counts.ALL:
                    return Measure.ALL_TOKENS
                case Counts.INPUT:
                    return Measure.INPUT_TOKENS
                case Counts.OUTPUT | Counts.REASONING:
                    return Measure.OUTPUT_TOKENS


def is_capped(quota: Quota, attributes: Mapping[str, str], *, downgrades: bool) -> bool:
    """Tell whether a request gets no further than where a quota's downgrade begins."""
    return quota.downgrade is not None and downgrades and attributes.get("model") not in quota.downgrade.to


def _terms(
    applied: AppliedQuota, key: BudgetKey, carry: Carry | None, attributes: Mapping[str, str], context: DrawContext
) -> HoldTerms:
    quota, limit = applied.quota, applied.limit
    warns = quota.when_reached is WhenReached.WARN
    extra = quota.overage.up_to if quota.overage is not None and not quota.overage.fund else 0
    cap = None
    if quota.downgrade is not None and is_capped(quota, attributes, downgrades=context.downgrades):
        cap = quota.downgrade.begins_at(limit)
    plain = limit + extra if cap is None else min(cap, limit + extra)
    return HoldTerms(
        limit=limit,
        ceiling=None if warns else plain,
        must_fit=not warns and quota.header.enforcement is Enforcement.ENFORCE,
        counts=quota.counts,
        charge_on_expiry=quota.charge_on_expiry,
        rule=None if carry is None else CeilingRule(key.digest, limit, carry, extra=extra, cap=cap, warns=warns),
    )


def _parts(
    whole: Draw, scope: Scope, attributes: Mapping[str, str], carry: Carry | None, context: DrawContext
) -> tuple[Draw, ...]:
    quota, key = whole.applied.quota, whole.budget
    parts: list[Draw] = []
    if quota.max_share is not None:
        share = quota.max_share
        taker = (share.per, attributes.get(share.per, NONE_VALUE))
        rule = CeilingRule(key.digest, whole.applied.limit, carry, percent=share.percent)
        limit = whole.applied.limit * share.percent // 100
        parts.append(_part(whole, Part.SHARE, part_key(quota, key, SHARE, (*scope, taker)), rule, limit))
    if quota.burst_percent is not None and quota.period is not None and key.period_end_s is not None:
        zone = quota.period.time_zone
        end = datetime.fromtimestamp(key.period_end_s, UTC)
        days_left = max(1, local_date(end, zone).toordinal() - local_date(context.now, zone).toordinal())
        pace = CeilingRule(key.digest, whole.applied.limit, carry, pace=Pace(quota.burst_percent, days_left))
        parts.append(_part(whole, Part.PACE, day_key(quota, key, context.now), pace, whole.applied.limit))
    return tuple(parts)


def _part(whole: Draw, part: Part, key: BudgetKey, rule: CeilingRule, limit: int) -> Draw:
    terms = whole.terms
    terms = HoldTerms(limit, None, terms.must_fit, terms.counts, terms.charge_on_expiry, rule, part=True)
    return Draw(whole.applied, key, whole.measure, terms, part)


def _from_fund(
    applied: AppliedQuota, key: BudgetKey, attributes: Mapping[str, str], context: DrawContext
) -> tuple[Draw, ...]:
    """Return what overage from a fund draws on, where the fund is in force.

    The fund's budget with its own shares and days, as for who draws on it directly, and this budget's part of it.
    """
    overage = applied.quota.overage
    fund = context.quota(overage.fund) if overage is not None and overage.fund else None
    if overage is None or fund is None or not fund.header.in_force(context.now):
        return ()
    if applied.quota.header.enforcement is not Enforcement.ENFORCE:
        # What is only on trial spends nobody's money.
        return ()
    paying, *parts = draws_of(replace(fund, overage=None), attributes, context)
    scope = (*key.scope, ("overage", fund.root or fund.header.name))
    terms = HoldTerms(overage.up_to, overage.up_to, True, applied.quota.counts, applied.quota.charge_on_expiry)
    mine = Draw(applied, part_key(applied.quota, key, "overage", scope), paying.measure, terms, Part.FUND_SHARE)
    funding = [
        replace(draw, terms=replace(draw.terms, must_fit=True)) for draw in (replace(paying, part=Part.FUND), *parts)
    ]
    return (*funding, mine)
