"""Which of a request's options fits. The one rule, used by every ledger, by dry runs and by replay."""

from collections.abc import Iterable

from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.ceilings import CeilingRule, Lookup
from governor.core.ledger.commands import Admission, Hold, Option
from governor.core.money import AMOUNT_MAX


def fits(amount: int, balance: Balance, ceiling: int | None) -> bool:
    """Tell whether a budget has room for an amount. What takes nothing needs no room, also in an overrun budget.

    A budget without a ceiling has room as far as it can count.
    """
    return amount == 0 or balance.used + balance.held + amount <= (AMOUNT_MAX if ceiling is None else ceiling)


def refuses(hold: Hold, balance: Balance) -> bool:
    """Tell whether a hold without room refuses its option: if it must fit, or is more than any budget can count."""
    return hold.terms.must_fit or balance.taken + hold.amount > AMOUNT_MAX


def admit(options: Iterable[Option], lookup: Lookup) -> Admission:
    """Choose the first placeable option whose ``must_fit`` holds all fit; the options behind it are not looked at.

    Every hold of an option is compared, also after one has failed: a deny names all of its reasons.

    Args:
        options: In order of preference, at most eight; taken one by one, so that they may be worked out meanwhile.
        lookup: The balance of a budget now.

    Returns:
        The choice, with the balances *before* anything is placed.
    """
    compared = _Compared(lookup)
    unfit: list[tuple[int, ...]] = []
    for index, option in enumerate(options):
        failing, placed = compared.option(option)
        unfit.append(failing)
        if placed is not None and (option.after is None or not set(option.after).isdisjoint(unfit[0])):
            return Admission(index, compared.balances, tuple(unfit), placed, compared.ceilings)
    return Admission(None, compared.balances, tuple(unfit), (), compared.ceilings)


class _Compared:
    """What was compared: each balance and each ceiling is worked out once for all options."""

    __slots__ = ("_lookup", "balances", "ceilings")

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.balances: dict[bytes, Balance] = {}
        self.ceilings: dict[CeilingRule, int] = {}

    def option(self, option: Option) -> tuple[tuple[int, ...], tuple[Hold, ...] | None]:
        """Compare an option.

        Returns:
            The indexes of its holds that do not fit and for which no other budget can pay; and what is held if the
            option is placed: its holds, or what pays instead of some of them. None: it is refused.
        """
        refused = not option.placeable
        unfit: list[int] = []
        paid: dict[int, tuple[Hold, ...]] = {}
        is_paid = False
        for index, hold in enumerate(option.holds):
            # A part follows its whole: where another budget pays for that, nothing is counted in its parts.
            if is_paid and hold.terms.part:
                paid[index] = ()
                continue
            is_paid = False
            if self._fits(hold):
                continue
            if hold.instead and all(self._fits(other) for other in hold.instead):
                paid[index] = hold.instead
                is_paid = True
                continue
            unfit.append(index)
            refused = refused or refuses(hold, self.balances[hold.budget.digest])
        if refused:
            return tuple(unfit), None
        if not paid:
            return tuple(unfit), option.holds
        return tuple(unfit), _once(hold for index, each in enumerate(option.holds) for hold in paid.get(index, (each,)))

    def _fits(self, hold: Hold) -> bool:
        digest = hold.budget.digest
        balance = self.balances.get(digest)
        if balance is None:
            balance = self.balances[digest] = self._lookup(digest) or EMPTY
        terms = hold.terms
        rule = terms.rule
        if rule is None:
            return fits(hold.amount, balance, terms.ceiling)
        ceiling = self.ceilings.get(rule)
        if ceiling is None:
            ceiling = self.ceilings[rule] = rule.ceiling(digest, self._lookup)
        return fits(hold.amount, balance, ceiling)


def _once(holds: Iterable[Hold]) -> tuple[Hold, ...]:
    """Hold once on each budget.

    A budget that pays for others pays once for a request, also where it stands in for several or concerns the request
    itself: then the largest of the amounts, each of which was compared.
    """
    largest: dict[bytes, Hold] = {}
    for hold in holds:
        before = largest.get(hold.budget.digest)
        if before is None or before.amount < hold.amount:
            largest[hold.budget.digest] = hold
    return tuple(largest.values())
