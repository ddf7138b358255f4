"""What a reservation draws on now: how far its budgets may go, and what pays where they have no more room.

A reservation stays on the budgets of its decision's periods; how far these go follows from the policies, the grants and
the balances of now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import inf

from governor.core.decisions.budget_keys import budget_key, day_key, scope_of
from governor.core.decisions.draws import Draw, DrawContext, Part, draws_of
from governor.core.decisions.grant_budgets import grant_terms, money_budget, money_hold
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import GRANT_PREFIX, Grant, GrantKind
from governor.core.ledger.commands import Hold, PathNow
from governor.core.ledger.reservation import Reservation
from governor.core.policy.kinds import Quota
from governor.core.units import Counts, Unit


def path_now(snapshot: Snapshot, reservation: Reservation, now: datetime) -> PathNow:
    """Return what a reservation draws on now.

    A budget whose period is over has the limit of its last second. One whose quota is gone is not among them. A grant
    that is over gives no more than it holds.
    """
    held = {each.budget for each in reservation.holds}
    attributes = reservation.facts.attributes
    grants = snapshot.grants.find(attributes, now)
    holds: list[Hold] = []
    for quota in snapshot.applicable.find(attributes, now).quotas:
        draws = _draws_now(snapshot, quota, reservation, now)
        holds.extend(_group(draws, held, _payers(draws[0], grants)))
    acting = {grant.ref: grant for grant in snapshot.grants.all if grant.acts_at(now)}
    closed: set[bytes] = set()
    for each in reservation.holds:
        if not each.policy.startswith(GRANT_PREFIX):
            continue
        grant = acting.get(each.policy)
        if grant is None:
            closed.add(each.budget)
        elif money_budget(grant).digest == each.budget:
            budget, amount, charged = money_budget(grant), grant.amount_nano_usd, each.charge_on_expiry
            holds.append(Hold(budget, 0, grant_terms(grant, budget, amount, Counts.ALL, charge_on_expiry=charged)))
    return PathNow(tuple(holds), frozenset(closed))


def _draws_now(snapshot: Snapshot, quota: Quota, reservation: Reservation, now: datetime) -> tuple[Draw, ...]:
    """Return the budgets of a reservation's periods by one quota, on the terms of now."""
    attributes = reservation.facts.attributes
    decided_at = datetime.fromtimestamp(reservation.at_ms / 1000, UTC)

    def draws(at: datetime) -> tuple[Draw, ...]:
        asked = not reservation.facts.substitute
        return draws_of(quota, attributes, DrawContext(snapshot.organization, snapshot.quota, at, downgrades=asked))

    first = draws(decided_at)
    every = [draw for each in first for draw in (each, *each.instead)]
    days = [draw for draw in every if draw.part is Part.PACE]
    found = draws(_within([draw for draw in every if draw.part is not Part.PACE], now))
    if not days:
        return found
    # A day ends before its period: a reservation counts for the day of its decision, as a day that is over.
    ended = draws(_within(days, now))

    def on_its_day(draw: Draw, then: Draw) -> Draw:
        if draw.part is not Part.PACE:
            return draw
        return _with_later(then, _days_after(draw.applied.quota, reservation, now))

    whole = found[0]
    if len(whole.instead) == len(ended[0].instead):
        whole = replace(whole, instead=tuple(map(on_its_day, whole.instead, ended[0].instead)))
    return (whole, *map(on_its_day, found[1:], ended[1:]))


def _within(draws: Sequence[Draw], now: datetime) -> datetime:
    """Return the latest instant up to now that lies in the periods of all of these budgets."""
    ends = [draw.budget.period_end_s for draw in draws if draw.budget.period_end_s is not None]
    return datetime.fromtimestamp(min(now.timestamp(), min(ends, default=inf) - 1), UTC)


def _days_after(quota: Quota, reservation: Reservation, now: datetime) -> tuple[bytes, ...]:
    """Return the days of a quota's period behind that of a decision, up to now."""
    at = datetime.fromtimestamp(reservation.at_ms / 1000, UTC)
    whole = budget_key(quota, scope_of(quota, reservation.facts.attributes), at)
    until_s = now.timestamp() if whole.period_end_s is None else min(now.timestamp(), whole.period_end_s - 1)
    later: list[bytes] = []
    day = day_key(quota, whole, at)
    while day.period_end_s is not None and day.period_end_s <= until_s:
        day = day_key(quota, whole, datetime.fromtimestamp(day.period_end_s, UTC))
        later.append(day.digest)
    return tuple(later)


def _with_later(draw: Draw, later: tuple[bytes, ...]) -> Draw:
    rule = draw.terms.rule
    if not later or rule is None or rule.pace is None:
        return draw
    pace = replace(rule.pace, later=later)
    return replace(draw, terms=replace(draw.terms, rule=replace(rule, pace=pace)))


def _payers(whole: Draw, grants: Sequence[Grant]) -> tuple[tuple[Hold, ...], ...]:
    """Return what grants would hold instead of a budget. Only money is ever raised."""
    quota = whole.applied.quota
    if quota.unit is not Unit.USD or not whole.terms.must_fit:
        return ()
    charged = quota.charge_on_expiry
    lifting = (grant for grant in grants if grant.kind is GrantKind.BUDGET and grant.lifts_policy(quota.header))
    return tuple((money_hold(grant, 0, charge_on_expiry=charged),) for grant in lifting)


def _group(draws: Sequence[Draw], held: set[bytes], payers: tuple[tuple[Hold, ...], ...]) -> Iterator[Hold]:
    """Yield what is held by one quota: the whole and its parts, or the fund with this quota's part of it."""
    whole = draws[0]
    if whole.budget.digest in held:
        instead = tuple(Hold(draw.budget, 0, draw.terms) for draw in whole.instead)
        yield Hold(whole.budget, 0, whole.terms, instead, payers)
        yield from (Hold(draw.budget, 0, draw.terms) for draw in draws[1:] if draw.budget.digest in held)
    elif any(draw.part is Part.FUND_SHARE and draw.budget.digest in held for draw in whole.instead):
        fund, *parts = whole.instead
        yield Hold(fund.budget, 0, fund.terms, grants=payers)
        yield from (
            Hold(draw.budget, 0, replace(draw.terms, part=True)) for draw in parts if draw.budget.digest in held
        )
