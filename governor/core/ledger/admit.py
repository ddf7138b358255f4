"""Which of a request's options fits. The one rule, used by every ledger, by dry runs and by replay."""

from collections.abc import Iterable, Sequence

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
    lifted: list[tuple[int, tuple[Hold, ...]]] = []
    first: Option | None = None
    for index, option in enumerate(options):
        standing = option
        if option.granted is not None:
            lifts = compared.needs(option.granted.needs)
            if lifts is not None:
                standing = option.granted
                lifted.append((index, lifts))
        first = first or standing
        failing, placed, paid = compared.option(standing)
        unfit.append(failing)
        # What policies refuse is not offered another model for a budget that was never the matter.
        if placed is not None and (
            option.after is None or (first.placeable and not set(option.after).isdisjoint(unfit[0]))
        ):
            placed = placed if standing is option else _once((*placed, *lifted[-1][1]))
            return compared.admission(index, unfit, placed, lifted, paid)
    return compared.admission(None, unfit, (), lifted, ())


Paid = tuple[tuple[int, tuple[Hold, ...]], ...]
"""Holds of an option, by index, for which something else pays, with what that is."""


class _Compared:
    """What was compared: each balance and each ceiling is worked out once for all options."""

    __slots__ = ("_carried", "_ceilings", "_lookup", "balances")

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.balances: dict[bytes, Balance] = {}
        self._ceilings: dict[CeilingRule, int | None] = {}
        self._carried: dict[CeilingRule, int] = {}

    def admission(
        self,
        chosen: int | None,
        unfit: Sequence[tuple[int, ...]],
        placed: tuple[Hold, ...],
        lifted: Sequence[tuple[int, tuple[Hold, ...]]],
        paid: Paid,
    ) -> Admission:
        """Return what was chosen, with everything that was compared."""
        return Admission(
            chosen, self.balances, tuple(unfit), placed, self._ceilings, self._carried, tuple(lifted), paid
        )

    def needs(self, needs: Sequence[tuple[Hold, ...]]) -> tuple[Hold, ...] | None:
        """Return for each need the first of its grants that has room, or None if one need has none."""
        found = [next((hold for hold in holds if self._fits(hold)), None) for holds in needs]
        lifts = tuple([hold for hold in found if hold is not None])
        return lifts if len(lifts) == len(needs) else None

    def option(self, option: Option) -> tuple[tuple[int, ...], tuple[Hold, ...] | None, Paid]:
        """Compare an option.

        Returns:
            The indexes of its holds that do not fit and for which nothing else can pay; what is held if the option is
            placed: its holds, or what pays instead of some of them (None: it is refused); and what pays for which.
        """
        holds = option.holds
        refused = not option.placeable
        unfit: list[int] = []
        paid: dict[int, tuple[Hold, ...]] = {}
        whole = 0
        is_paid = False
        for index, hold in enumerate(holds):
            # A part follows its whole: where something else pays for that, nothing is counted in its parts.
            if not hold.terms.part:
                whole, is_paid = index, False
            elif is_paid:
                paid[index] = ()
                continue
            if self._fits(hold):
                continue
            payer = self._payer(hold, holds[whole])
            if payer is not None:
                paid.update(dict.fromkeys(range(whole + 1, index + 1), ()))
                paid[whole] = payer
                is_paid = True
                continue
            unfit.append(index)
            refused = refused or refuses(hold, self.balances[hold.budget.digest])
        if refused:
            return tuple(unfit), None, ()
        if not paid:
            return tuple(unfit), holds, ()
        placed = _once(hold for index, each in enumerate(holds) for hold in paid.get(index, (each,)))
        return tuple(unfit), placed, tuple(paid.items())

    def _payer(self, hold: Hold, whole: Hold) -> tuple[Hold, ...] | None:
        """Return what pays for a hold that does not fit, or None.

        A fund stands in for the whole alone; a grant for the whole with its parts, whichever of them has no room.
        """
        if hold.instead and all(self._fits(other) for other in hold.instead):
            return hold.instead
        return next((grant for grant in whole.grants if all(self._fits(other) for other in grant)), None)

    def _fits(self, hold: Hold) -> bool:
        digest = hold.budget.digest
        balance = self.balances.get(digest)
        if balance is None:
            balance = self.balances[digest] = self._lookup(digest) or EMPTY
        terms = hold.terms
        rule = terms.rule
        if rule is None:
            return fits(hold.amount, balance, terms.ceiling)
        if rule not in self._ceilings:
            carried = 0
            if rule.carry is not None:
                carried = self._carried[rule] = rule.carried(self._lookup)
            self._ceilings[rule] = rule.ceiling_with(carried, digest, self._lookup)
        return fits(hold.amount, balance, self._ceilings[rule])


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
