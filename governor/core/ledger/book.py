"""The rules of the ledger, applied to values in memory.

A ``Book`` is the working set of some commands and the door to the rules. The SQL ledger fills one from the database
inside a transaction, applies a batch, and writes the changes back; the in-memory ledger keeps one for good. There is
no second implementation of any rule.

Each ``apply`` either does the whole command or raises before it has changed anything.
"""

from governor.core.ledger.adjusting import adjust, rerate
from governor.core.ledger.adjustments import Adjust, AdjustmentResult, Rerate, Rerated
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.changes import Changes, Claim
from governor.core.ledger.commands import (
    Command,
    Conflict,
    Extend,
    Option,
    Place,
    PlaceAll,
    Placed,
    Release,
    ReservationResult,
    Settle,
)
from governor.core.ledger.entry import corrected
from governor.core.ledger.placing import budgets_of_options, place, place_all, up_to_placeable
from governor.core.ledger.reservations import extend, release
from governor.core.ledger.results import EventResult
from governor.core.ledger.settling import settle
from governor.core.ledger.working_set import MissingBudgetError, UnhydratedError, WorkingSet

__all__ = ["Book", "Changes", "Claim", "MissingBudgetError", "Outcome", "UnhydratedError"]

Outcome = (
    Placed | Conflict | tuple[Placed | Conflict, ...] | EventResult | ReservationResult | AdjustmentResult | Rerated
)


class Book(WorkingSet):
    """The working set of a batch, and the rules. See ``WorkingSet`` for ``complete``."""

    def budgets_of(self, command: Command, *, every_option: bool = False) -> dict[bytes, BudgetKey | None]:
        """Return the budgets that a command will touch; a value of None means that it is only looked at, or known.

        Claims, reservations and entries that the command names must be in the working set before.

        Args:
            command: What is going to be applied.
            every_option: Whether a request's options count that are only tried where budgets refuse those before. They
                are seldom needed; ``apply`` raises where one of them was.
        """
        match command:
            case Place():
                return self._budgets_of_place(command, every_option=every_option)
            case PlaceAll():
                budgets: dict[bytes, BudgetKey | None] = {}
                for one in command.places:
                    for digest, key in self._budgets_of_place(one, every_option=every_option).items():
                        budgets[digest] = key or budgets.get(digest)
                return budgets
            case Settle():
                return self._budgets_of_settle(command)
            case Adjust():
                return {command.budget.digest: command.budget}
            case Rerate():
                return self._budgets_of_rerate(command)
            case Release():
                return self._budgets_of_reservation(command)
            case Extend():
                return self._budgets_of_extend(command)

    def _budgets_of_reservation(self, command: Release | Extend) -> dict[bytes, BudgetKey | None]:
        reservation = self.reservation(command.decision_id)
        return {held.budget: None for held in (reservation.holds if reservation is not None else ())}

    def _budgets_of_extend(self, command: Extend) -> dict[bytes, BudgetKey | None]:
        held = self._budgets_of_reservation(command)
        reservation = self.reservation(command.decision_id)
        if reservation is None or command.cost_nano_usd is None or not reservation.is_held(self.now_s, command.client):
            return held
        path = Option(placeable=True, holds=command.path(reservation).holds)
        return {**budgets_of_options((path,)), **held}

    def _budgets_of_rerate(self, command: Rerate) -> dict[bytes, BudgetKey | None]:
        chain = self.chain(command.source, command.event_id)
        budgets: dict[bytes, BudgetKey | None] = {charge.budget: None for entry in chain for charge in entry.charges}
        budgets.update((charged.budget, None) for entry in chain[-1:] for charged in entry.charged or ())
        return budgets

    def _budgets_of_place(self, command: Place, *, every_option: bool) -> dict[bytes, BudgetKey | None]:
        claim = self.claims.get(command.claim)
        if claim is not None and claim.is_kept(self.now_s):
            return {}
        options = command.options()
        return budgets_of_options(options if every_option else up_to_placeable(options))

    def _budgets_of_settle(self, command: Settle) -> dict[bytes, BudgetKey | None]:
        if (command.source, command.event_id) in self.entries:
            return {}
        chain = self.chain(command.source, command.corrects)
        if command.corrects is not None and not chain and not command.corrects_if_known:
            return {}
        reservation = self.reservation(chain[0].decision_id if chain else command.decision_id)
        budgets: dict[bytes, BudgetKey | None] = {charge.budget: None for entry in chain for charge in entry.charges}
        budgets.update((held.budget, None) for held in (reservation.holds if reservation is not None else ()))
        for posting in command.assess(reservation, corrected(chain)).postings:
            budgets[posting.budget] = posting.key or budgets.get(posting.budget)
        return budgets

    def apply(self, command: Command) -> Outcome:
        """Apply one command at ``now_s``.

        Raises:
            UnhydratedError, MissingBudgetError: If counters are missing; nothing was changed.
        """
        match command:
            case Place():
                return place(self, command)
            case PlaceAll():
                return place_all(self, command)
            case Settle():
                return settle(self, command)
            case Adjust():
                return adjust(self, command)
            case Rerate():
                return rerate(self, command)
            case Release():
                return release(self, command)
            case Extend():
                return extend(self, command)
