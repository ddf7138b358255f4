"""Raising what a reservation holds, under the ceilings of now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from governor.core.ledger.admit import fits
from governor.core.ledger.budget import EMPTY, BudgetKey
from governor.core.ledger.ceilings import Lookup
from governor.core.ledger.commands import Hold, PathNow
from governor.core.ledger.placing import held_budget
from governor.core.ledger.reservation import HeldBudget
from governor.core.units import Unit
from governor.core.values import hot_value


@hot_value
class Raised:
    """What a reservation would hold.

    Attributes:
        holds: On every budget.
        added: Those of the budgets on which it held nothing before.
    """

    holds: tuple[HeldBudget, ...]
    added: tuple[BudgetKey, ...]


def raised(held: Sequence[HeldBudget], cost_nano_usd: int, path: PathNow, lookup: Lookup) -> Raised | None:
    """Return what is held once a cost is, or None if a budget has no room and nothing pays instead.

    What does not grow needs no room. What outgrows its budget goes over as a whole to what pays instead, as it would
    have been placed.

    Args:
        held: What is held now.
        cost_nano_usd: What is to be held of money at least.
        path: The terms of now.
        lookup: The balance of a budget now.
    """
    raising = _Raising({each.budget: each for each in held}, cost_nano_usd, path.closed, lookup)
    on_path = {hold.budget.digest for hold in path.holds}
    standing: dict[bytes, HeldBudget] = {}
    added: dict[bytes, BudgetKey] = {}
    for each in held:
        if each.budget not in on_path:
            if not raising.fits(each.budget, raising.grown(each), each.ceiling):
                return None
            standing[each.budget] = replace(each, amount=raising.grown(each))
    for group in _groups(path.holds):
        paying = raising.paying(group)
        if paying is None:
            return None
        for hold, after in paying:
            before = standing.get(after.budget)
            if before is None or before.amount < after.amount:
                standing[after.budget] = after
            if after.budget not in raising.held:
                added[after.budget] = hold.budget
    return Raised(tuple(standing.values()), tuple(added.values()))


def _groups(holds: Sequence[Hold]) -> Iterator[tuple[Hold, ...]]:
    """Yield each whole with its parts."""
    ends = [index for index, hold in enumerate(holds) if index and not hold.terms.part]
    bounds = (0, *ends, len(holds)) if holds else ()
    for begin, end in pairwise(bounds):
        yield tuple(holds[begin:end])


@hot_value
class _Raising:
    """A reservation that is to hold more."""

    held: Mapping[bytes, HeldBudget]
    cost_nano_usd: int
    closed: frozenset[bytes]
    lookup: Lookup

    def grown(self, held: HeldBudget) -> int:
        """Return the amount that is to be held; only money is raised."""
        return max(held.amount, self.cost_nano_usd) if held.unit is Unit.USD else held.amount

    def fits(self, budget: bytes, amount: int, ceiling: int | None) -> bool:
        """Tell whether a budget has room for what would be held on it beyond what is held."""
        before = self.held.get(budget)
        more = amount - (before.amount if before is not None else 0)
        return more <= 0 or (budget not in self.closed and fits(more, self.lookup(budget) or EMPTY, ceiling))

    def paying(self, group: Sequence[Hold]) -> list[tuple[Hold, HeldBudget]] | None:
        """Return what is held for a group: its own, what pays instead, or None if nothing has room.

        A fund stands in for the whole alone; a grant for the whole with its parts, whichever of them has no room.
        """
        whole = group[0]
        amount = self.grown(self.held[whole.budget.digest])
        own = [self._on(hold, self.grown(self.held[hold.budget.digest])) for hold in group]
        if all(each is not None for each in own):
            return [pair for pair in own if pair is not None]
        others = (whole.instead, *whole.grants) if own[0] is None and whole.instead else whole.grants
        for payers in others:
            instead = [self._on(hold, amount) for hold in payers]
            if all(each is not None for each in instead):
                return [pair for pair in instead if pair is not None]
        return None

    def _on(self, hold: Hold, amount: int) -> tuple[Hold, HeldBudget] | None:
        """Return what is held on one budget, or None if it has no room."""
        terms, budget = hold.terms, hold.budget.digest
        rule = terms.rule
        ceiling = terms.ceiling if rule is None else rule.ceiling(budget, self.lookup)
        if not self.fits(budget, amount, ceiling if terms.must_fit else None):
            return None
        known = self.held.get(budget)
        if known is None:
            return hold, held_budget(replace(hold, amount=amount), ceiling)
        return hold, replace(known, amount=amount, ceiling=ceiling if terms.must_fit else None)
