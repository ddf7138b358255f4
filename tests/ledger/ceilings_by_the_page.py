"""How far a budget may go, worked out from the words of the ledger page and in fractions: nothing of the rules is used.

What a ceiling is made of (``CeilingRule``) is only read; the balances are those before the request.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor

from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.ceilings import Carry, CeilingRule
from governor.core.ledger.commands import Admission, Hold, Option
from governor.core.money import AMOUNT_MAX

Balances = Mapping[bytes, Balance]
"""The balance of every budget that was ever drawn on."""


def ceiling_of(hold: Hold, balances: Balances) -> int:
    """Return how far ``used + held`` of a hold's budget may go."""
    rule = hold.terms.rule
    if rule is not None:
        return moved_ceiling(rule, hold.budget.digest, balances)
    return AMOUNT_MAX if hold.terms.ceiling is None else hold.terms.ceiling


def has_room(hold: Hold, balances: Balances) -> bool:
    """Tell whether a budget has room; what takes nothing needs none."""
    taken = _taken(hold.budget.digest, balances)
    return hold.amount == 0 or taken + hold.amount <= min(AMOUNT_MAX, ceiling_of(hold, balances))


def moved_ceiling(rule: CeilingRule, own: bytes, balances: Balances) -> int:
    """Return the ceiling of the budget ``own`` by a rule."""
    if rule.closed_by is not None and balances.get(rule.closed_by, EMPTY).used > 0:
        return 0
    whole = rule.limit + (carried(rule.carry, balances) if rule.carry is not None else 0)
    if rule.pace is not None:
        # floor(burst x max(0, limit + carry - used and held before today) / days left, today included)
        before_today = _taken(rule.main, balances) - _taken(own, balances)
        return floor(Fraction(rule.pace.burst_percent, 100) * max(0, whole - before_today) / rule.pace.days_left)
    if rule.percent != 100:
        # floor(percent x (limit + carry)); overage does not enlarge it
        return floor(Fraction(rule.percent, 100) * max(0, whole))
    # limit + carry + up_to; a downgrade begins before that for the model asked for
    return min(whole + rule.extra, AMOUNT_MAX if rule.cap is None else rule.cap)


def carried(carry: Carry, balances: Balances) -> int:
    """Return what a period takes over, counted forward from the scope's first.

    Each period leaves what it did not use of its own limit, after what it owed; or owes what it used beyond that, after
    what it had been given.
    """
    given = 0
    has_begun = False
    for period in reversed(carry.before):
        has_begun = has_begun or period.digest in balances
        rest = period.limit - _taken(period.digest, balances)
        if not has_begun:
            continue
        if rest >= 0:
            given = min(max(0, rest + min(0, given)), period.unused_max)
        else:
            given = min(0, rest + max(0, given)) if period.overspend else 0
    return given


def _taken(digest: bytes, balances: Balances) -> int:
    balance = balances.get(digest, EMPTY)
    return balance.used + balance.held


def check_admission(options: Sequence[Option], admission: Admission, balances: Balances) -> None:
    """Compare a choice with the words of the page, under the balances before it."""
    standing = [
        option.granted if option.granted is not None and admission.lifts(index) is not None else option
        for index, option in enumerate(options)
    ]
    for hold in (hold for option in standing for hold in option.holds):
        if hold.terms.rule in admission.ceilings:
            assert ceiling_of(hold, balances) == admission.ceilings[hold.terms.rule]
    for moved, amount in admission.carried.items():
        assert moved.carry is not None
        assert carried(moved.carry, balances) == amount
    for held in admission.placed:
        # Nothing that must fit is placed above its ceiling, whoever pays for it.
        assert not held.terms.must_fit or has_room(held, balances)
    for option, unfit in zip(standing, admission.unfit, strict=False):
        assert not any(has_room(option.holds[index], balances) for index in unfit)
    offered = [
        option.after is None or (standing[0].placeable and not set(option.after).isdisjoint(admission.unfit[0]))
        for option in options[: len(admission.unfit)]
    ]
    passed_over = len(offered) if admission.chosen is None else admission.chosen
    # The first that was possible was taken: all before were not offered, or were refused by a policy or a budget.
    assert admission.chosen is None or (offered[passed_over] and standing[passed_over].placeable)
    for index, option in enumerate(standing[:passed_over]):
        full = any(hold.terms.must_fit and not has_room(hold, balances) for hold in option.holds)
        assert full or not (offered[index] and option.placeable)
