"""Which of a request's options fits. The one rule, used by every ledger, by dry runs and by replay."""

from collections.abc import Sequence

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


def admit(options: Sequence[Option], lookup: Lookup) -> Admission:
    """Choose the first placeable option whose ``must_fit`` holds all fit.

    Every hold of every option is compared, also after one has failed: a deny names all of its reasons.

    Args:
        options: In order of preference, at most eight.
        lookup: The balance of a budget now.

    Returns:
        The choice, with the balances *before* anything is placed.
    """
    compared = _Compared(lookup)
    unfit: list[tuple[int, ...]] = []
    chosen: int | None = None
    placed: tuple[Hold, ...] = ()
    for index, option in enumerate(options):
        failing: list[int] = []
        paid_elsewhere: list[int] = []
        blocked = not option.placeable
        paid = False
        for position, hold in enumerate(option.holds):
            # Where another budget pays, nothing is counted in the parts of the one that it pays for.
            if (paid and hold.terms.part) or compared.fits(hold):
                paid = paid and hold.terms.part
                continue
            paid = False
            if hold.instead and all(compared.fits(other) for other in hold.instead):
                paid_elsewhere.append(position)
                paid = True
                continue
            failing.append(position)
            blocked = blocked or refuses(hold, compared.balances[hold.budget.digest])
        unfit.append(tuple(failing))
        if chosen is None and not blocked and (option.after is None or not set(option.after).isdisjoint(unfit[0])):
            chosen = index
            placed = _paid(option.holds, paid_elsewhere) if paid_elsewhere else option.holds
    return Admission(chosen, compared.balances, tuple(unfit), placed, compared.ceilings)


class _Compared:
    """What was compared: each balance and each ceiling is worked out once."""

    __slots__ = ("_lookup", "balances", "ceilings")

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.balances: dict[bytes, Balance] = {}
        self.ceilings: dict[CeilingRule, int] = {}

    def fits(self, hold: Hold) -> bool:
        digest = hold.budget.digest
        balance = self.balances.get(digest)
        if balance is None:
            balance = self.balances[digest] = self._lookup(digest) or EMPTY
        terms = hold.terms
        ceiling = terms.ceiling
        rule = terms.rule
        if rule is not None:
            ceiling = self.ceilings.get(rule)
            if ceiling is None:
                ceiling = self.ceilings[rule] = rule.ceiling(digest, self._lookup)
        return fits(hold.amount, balance, ceiling)


def _paid(holds: Sequence[Hold], elsewhere: Sequence[int]) -> tuple[Hold, ...]:
    """Return what is held where other budgets pay for some of the holds: their parts are not counted either.

    A budget pays once for a request, also where it stands in for several or concerns the request itself: then for the
    largest of the amounts, each of which was compared.
    """
    placed: dict[bytes, Hold] = {}
    skipping = False
    for position, hold in enumerate(holds):
        if not hold.terms.part:
            skipping = position in elsewhere
        elif skipping:
            continue
        for each in hold.instead if skipping else (hold,):
            before = placed.get(each.budget.digest)
            if before is None or before.amount < each.amount:
                placed[each.budget.digest] = each
    return tuple(placed.values())
