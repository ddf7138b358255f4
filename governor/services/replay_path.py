"""Clear paths with their accounts: the few numbers that most requests of a replay come down to."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from governor.core.decisions.clear_path import ClearSize, ceiling_at_rest, clear_size, quiet_under
from governor.core.decisions.draw_memory import Drawn
from governor.core.decisions.draws import Draw
from governor.core.decisions.estimate import default_output_of
from governor.core.decisions.prepare import Prepared
from governor.core.decisions.prepare_model import PreparedCandidate
from governor.core.decisions.request import DecideRequest, Operation
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.ceilings import CeilingRule
from governor.core.money import AMOUNT_MAX
from governor.core.prices import Price
from governor.core.scopes import Scope
from governor.core.settlement.postings import Actual
from governor.core.units import Counts, Unit
from governor.services.replay_accounts import Account, Accounts

Charge = tuple[Account, int, int]
"""What a request holds on an account until it ends, and what it charges then."""


class Line(NamedTuple):
    """One budget on a path.

    Attributes:
        measure: Position of what it holds among a request's measures.
        up_to: How far it may be taken.
        quiet: How far with nothing to point out.
        rule: How these follow from other budgets instead, or None.
        charge: Position of what it charges among the kinds of amounts.
    """

    account: Account
    measure: int
    up_to: int
    quiet: int
    rule: CeilingRule | None
    charge: int
    draw: Draw


class Verdict(NamedTuple):
    """What budgets say to a request.

    Attributes:
        pointed_out: The quotas that point something out of one that is allowed.
        refused_by: The quota that refuses it, or ``""``.
        run_out: The budgets without room: policy and scope.
    """

    pointed_out: tuple[str, ...] = ()
    refused_by: str = ""
    run_out: tuple[tuple[str, Scope], ...] = ()


_QUIET = Verdict()


class Lines:
    """The lines of draws, each made once: a draw is shared by all who draw alike.

    Args:
        accounts: Where the balances are.

    Attributes:
        kinds: The kinds of amounts that are charged.
    """

    __slots__ = ("_known", "accounts", "kinds")

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.kinds: list[tuple[Unit, Counts]] = []
        # By the identity of the draw, which the line keeps alive.
        self._known: dict[int, Line] = {}

    def find(self, draw: Draw) -> Line:
        """Return the line of a draw."""
        line = self._known.get(id(draw))
        if line is None:
            ceiling, account = ceiling_at_rest(draw), self.accounts.find(draw.budget)
            rule = draw.terms.rule if ceiling is None else None
            up_to = ceiling if ceiling is not None else AMOUNT_MAX
            line = Line(account, int(draw.measure), up_to, quiet_under(draw, up_to), rule, self._kind(draw), draw)
            self._known[id(draw)] = line
        return line

    def forget(self) -> None:
        """Forget all lines."""
        self._known.clear()

    def amounts(self, actual: Actual) -> list[int]:
        """Return what a call is charged, by kind."""
        return [actual.amount(unit, counts) for unit, counts in self.kinds]

    def _kind(self, draw: Draw) -> int:
        kind = (draw.budget.unit, draw.terms.counts)
        if kind not in self.kinds:
            self.kinds.append(kind)
        return self.kinds.index(kind)


class Path:
    """What a yes to one question takes from which account, and whether that has room.

    Args:
        asked: The question (see ``clear_path``).
        prepared: What it was made from.
        operation: Of every such question.
        lines: Where its lines are found.

    Attributes:
        asked: As it was first asked: its budgets may be those of an earlier period.
        price: Of the latest request that had its size told.
        from_s: First instant at which its budgets are the present ones.
        until_s: First instant at which one of them no longer is.
    """

    __slots__ = (
        "_default_output",
        "_drawn",
        "_epoch",
        "_is_paid",
        "_lines",
        "_minute",
        "_offers",
        "_untouched",
        "asked",
        "from_s",
        "price",
        "until_s",
    )

    def __init__(self, asked: PreparedCandidate, prepared: Prepared, operation: Operation, lines: Lines) -> None:
        self.asked = asked
        self._default_output = default_output_of(operation)
        self._epoch = prepared.epoch
        self._offers = tuple(prepared.substitutes.usual.values())
        self._minute = -1.0
        self.price: Price | None = None
        self._draw(asked.drawn, lines)

    def move(self, snapshot: Snapshot, at_s: float, lines: Lines) -> bool:
        """Move to the budgets of another instant; False if the question must be asked anew."""
        if not self._epoch[0] <= at_s < self._epoch[1]:
            return False
        now = datetime.fromtimestamp(at_s, UTC)
        self._draw(snapshot.draws.renew(self._drawn, self.asked.attributes, now, downgrades=True), lines)
        return True

    def _draw(self, drawn: Sequence[Drawn], lines: Lines) -> None:
        self._drawn = drawn
        self._lines = [lines.find(draw) for each in drawn for draw in each.draws]
        self._is_paid = any(line.draw.instead for line in self._lines)
        self._untouched = True
        self.from_s = max([self._epoch[0], *[each.from_s for each in drawn]])
        self.until_s = min([self._epoch[1], *[each.until_s for each in drawn]])

    def size(self, snapshot: Snapshot, request: DecideRequest, at_s: float) -> ClearSize | None:
        """Return what a request may come to, or None where that takes a closer look."""
        minute = at_s // 60
        if minute != self._minute:
            # Prices change at whole minutes; see ``Snapshot.price``.
            model = self.asked.model
            self._minute = minute
            self.price = snapshot.price(model.id, model.provider, datetime.fromtimestamp(at_s, UTC))
        return clear_size(self.asked, request, self.price, self._default_output)

    def compare(self, measures: Sequence[int], accounts: Accounts) -> Verdict | None:
        """Return whether every budget has room, or None where something else may be given or pay instead."""
        told: list[str] = []
        unfit: list[tuple[int, Line, int, int]] = []
        for index, line in enumerate(self._lines):
            account, measure, up_to, quiet, rule, _, draw = line
            taken = account.used + account.held + measures[measure]
            if rule is not None:
                up_to = rule.ceiling(account.key.digest, accounts.drawn_on.get)
                quiet = quiet_under(draw, up_to) if taken <= up_to else 0
            if taken <= quiet:
                continue
            if taken > up_to:
                unfit.append((index, line, up_to, taken))
            told.append(draw.applied.quota.header.ref)
        if not unfit:
            return Verdict(tuple(told)) if told else _QUIET
        return self._without_room(told, unfit, measures)

    def _without_room(
        self, told: Sequence[str], unfit: Sequence[tuple[int, Line, int, int]], measures: Sequence[int]
    ) -> Verdict | None:
        """Return what becomes of a request for which some budgets have no room."""
        if self._is_paid or any(taken > AMOUNT_MAX or not measures[line.measure] for _, line, _, taken in unfit):
            return None
        run_out = tuple(
            (line.draw.applied.quota.header.ref, line.draw.budget.scope)
            for _, line, _, _ in unfit
            if not line.draw.terms.part
        )
        binding = [each for each in unfit if each[1].draw.terms.must_fit]
        if not binding:
            return Verdict(tuple(told), run_out=run_out)
        without = {index for index, *_ in unfit}
        if any(after is None or not without.isdisjoint(after) for after in self._offers):
            return None

        def room(each: tuple[int, Line, int, int]) -> float:
            _, line, up_to, taken = each
            amount = measures[line.measure]
            return (up_to - (taken - amount)) / amount

        _, tightest, _, _ = min(binding, key=room)
        return Verdict((), tightest.draw.applied.quota.header.ref, run_out)

    def settle(self, accounts: Accounts, amounts: Sequence[int]) -> None:
        """Charge what a request used that ends at once: nobody could see its hold."""
        if self._untouched:
            self._draw_on(accounts)
        for account, _, _, _, _, charge, _ in self._lines:
            account.used += amounts[charge]

    def hold(self, accounts: Accounts, measures: Sequence[int], amounts: Sequence[int]) -> tuple[Charge, ...]:
        """Hold what a request may come to, and return what is to be charged when it ends."""
        if self._untouched:
            self._draw_on(accounts)
        for account, measure, *_ in self._lines:
            account.held += measures[measure]
        return tuple([(line.account, measures[line.measure], amounts[line.charge]) for line in self._lines])

    def _draw_on(self, accounts: Accounts) -> None:
        for line in self._lines:
            accounts.draw_on(line.account.key)
        self._untouched = False
