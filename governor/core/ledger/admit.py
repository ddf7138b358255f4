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
    balances: dict[bytes, Balance] = {}
    ceilings: dict[CeilingRule, int] = {}
    unfit: list[tuple[int, ...]] = []
    for index, option in enumerate(options):
        compared = _Compared(option, lookup, balances, ceilings)
        unfit.append(tuple(compared.unfit))
        if not compared.refused and (option.after is None or not set(option.after).isdisjoint(unfit[0])):
            return Admission(index, balances, tuple(unfit), compared.placed, ceilings)
    return Admission(None, balances, tuple(unfit), (), ceilings)


class _Compared:
    """One option compared with the balances; each balance and each ceiling is worked out once for all options.

    Attributes:
        unfit: Its holds that do not fit, by index, and for which no other budget can pay.
        refused: Whether it cannot be placed.
        placed: What is held if it is: its holds, or what pays instead of some of them.
    """

    __slots__ = ("_balances", "_ceilings", "_lookup", "placed", "refused", "unfit")

    def __init__(
        self, option: Option, lookup: Lookup, balances: dict[bytes, Balance], ceilings: dict[CeilingRule, int]
    ) -> None:
        self._lookup = lookup
        self._balances = balances
        self._ceilings = ceilings
        self.unfit: list[int] = []
        self.refused = not option.placeable
        self.placed = option.holds
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
            self.unfit.append(index)
            self.refused = self.refused or refuses(hold, balances[hold.budget.digest])
        if paid:
            self.placed = _once(each for index, hold in enumerate(option.holds) for each in paid.get(index, (hold,)))

    def _fits(self, hold: Hold) -> bool:
        digest = hold.budget.digest
        balance = self._balances.get(digest)
        if balance is None:
            balance = self._balances[digest] = self._lookup(digest) or EMPTY
        terms = hold.terms
        ceiling = terms.ceiling
        rule = terms.rule
        if rule is not None:
            ceiling = self._ceilings.get(rule)
            if ceiling is None:
                ceiling = self._ceilings[rule] = rule.ceiling(digest, self._lookup)
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
