"""Clear paths with their accounts: the few numbers that most requests of a replay come down to."""

from collections.abc import Iterator, Sequence
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
        instead: What may pay instead.
    """

    account: Account
    measure: int
    up_to: int
    quiet: int
    rule: CeilingRule | None
    charge: int
    draw: Draw
    instead: tuple["Line", ...]

    def limit(self, accounts: Accounts) -> int:
        """Return how far the budget may be taken now."""
        if self.rule is None:
            return self.up_to
        ceiling = self.rule.ceiling(self.account.key.digest, accounts.drawn_on.get)
        return AMOUNT_MAX if ceiling is None else ceiling

    def fits(self, measures: Sequence[int], accounts: Accounts) -> bool:
        """Tell whether the budget has room; what takes nothing needs none."""
        amount = measures[self.measure]
        return not amount or self.account.used + self.account.held + amount <= self.limit(accounts)


class Verdict(NamedTuple):
    """What budgets say to a request.

    Attributes:
        pointed_out: The quotas that point something out of one that is allowed.
        refused_by: The quota that refuses it the model asked for, or ``""``.
        run_out: The budgets without room: policy and scope.
        unfit: The same and their parts, as positions among the draws.
    """

    pointed_out: tuple[str, ...] = ()
    refused_by: str = ""
    run_out: tuple[tuple[str, Scope], ...] = ()
    unfit: tuple[int, ...] = ()


_QUIET = Verdict()


class Lines:
    """The lines of draws, each made once: a draw is shared by all who draw alike.

    Args:
        accounts: Where the balances are.

    Attributes:
        kinds: The kinds of amounts that are charged.
    """

    __slots__ = ("_known", "_measures", "accounts", "kinds")

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.kinds: list[tuple[Unit, Counts]] = []
        self._measures: list[int] = []
        # By the identity of the draw, which the line keeps alive.
        self._known: dict[int, Line] = {}

    def find(self, draw: Draw) -> Line:
        """Return the line of a draw."""
        line = self._known.get(id(draw))
        if line is None:
            ceiling, account = ceiling_at_rest(draw), self.accounts.find(draw.budget)
            rule = draw.terms.rule if ceiling is None else None
            up_to = ceiling if ceiling is not None else AMOUNT_MAX
            quiet, instead = quiet_under(draw, up_to), tuple([self.find(other) for other in draw.instead])
            line = Line(account, int(draw.measure), up_to, quiet, rule, self._kind(draw), draw, instead)
            self._known[id(draw)] = line
        return line

    def forget(self) -> None:
        """Forget all lines."""
        self._known.clear()

    def amounts(self, actual: Actual) -> list[int]:
        """Return what a call is charged, by kind."""
        return [actual.amount(unit, counts) for unit, counts in self.kinds]

    def unreported(self, measures: Sequence[int]) -> list[int]:
        """Return what a call is charged of which nobody knows more than what was held; a slot is given back."""
        return [
            0 if unit is Unit.CONCURRENT else measures[measure]
            for (unit, _), measure in zip(self.kinds, self._measures, strict=True)
        ]

    def _kind(self, draw: Draw) -> int:
        kind = (draw.budget.unit, draw.terms.counts)
        if kind not in self.kinds:
            self.kinds.append(kind)
            self._measures.append(int(draw.measure))
        return self.kinds.index(kind)


class Path:
    """What a yes to one question takes from which account, and whether that has room.

    Args:
        asked: The question (see ``clear_path``), or a substitute of its model.
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
        "_lines",
        "_minute",
        "_operation",
        "_prepared",
        "_substitutes",
        "_untouched",
        "asked",
        "from_s",
        "price",
        "until_s",
    )

    def __init__(self, asked: PreparedCandidate, prepared: Prepared, operation: Operation, lines: Lines) -> None:
        self.asked = asked
        self._default_output = default_output_of(operation)
        self._operation = operation
        self._prepared = prepared
        self._substitutes: dict[str, Path] = {}
        self._minute = -1.0
        self.price: Price | None = None
        self._draw(asked.drawn, lines)

    def move(self, snapshot: Snapshot, at_s: float, lines: Lines) -> bool:
        """Move to the budgets of another instant; False if the question must be asked anew."""
        if not self._prepared.epoch[0] <= at_s < self._prepared.epoch[1]:
            return False
        now, downgrades = datetime.fromtimestamp(at_s, UTC), not self.asked.offer.substitute
        self._draw(snapshot.draws.renew(self._drawn, self.asked.attributes, now, downgrades=downgrades), lines)
        return True

    def is_at(self, at_s: float) -> bool:
        """Tell whether its budgets are those of an instant."""
        return self.from_s <= at_s < self.until_s

    def substitutes(self, unfit: Sequence[int], snapshot: Snapshot, at_s: float, lines: Lines) -> Iterator["Path"]:
        """Yield the paths of what is offered where draws have no room, in the order in which it is tried."""
        substitutes = self._prepared.substitutes[self.asked.model.id]
        for name, after in substitutes.usual.items():
            if after is not None and set(after).isdisjoint(unfit):
                continue
            path = self._substitutes.get(name)
            if path is None or not (path.is_at(at_s) or path.move(snapshot, at_s, lines)):
                model = substitutes.prepare(snapshot, name, datetime.fromtimestamp(at_s, UTC))
                path = self._substitutes[name] = Path(model, self._prepared, self._operation, lines)
            yield path

    def _draw(self, drawn: Sequence[Drawn], lines: Lines) -> None:
        self._drawn = drawn
        self._lines = [lines.find(draw) for each in drawn for draw in each.draws]
        self._untouched = True
        self.from_s = max([self._prepared.epoch[0], *[each.from_s for each in drawn]])
        self.until_s = min([self._prepared.epoch[1], *[each.until_s for each in drawn]])

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
            account, measure, up_to, quiet, rule, _, draw, _ = line
            taken = account.used + account.held + measures[measure]
            if rule is not None:
                carried = rule.carried(accounts.drawn_on.get)
                ceiling = rule.ceiling_with(carried, account.key.digest, accounts.drawn_on.get)
                up_to = AMOUNT_MAX if ceiling is None else ceiling
                quiet = quiet_under(draw, up_to, carried) if taken <= up_to else 0
            if taken <= quiet:
                continue
            if taken > up_to:
                unfit.append((index, line, up_to, taken))
            told.append(draw.applied.quota.header.ref)
        if not unfit:
            return Verdict(tuple(told)) if told else _QUIET
        return self._without_room(told, unfit, measures, accounts)

    def _without_room(
        self,
        told: Sequence[str],
        unfit: Sequence[tuple[int, Line, int, int]],
        measures: Sequence[int],
        accounts: Accounts,
    ) -> Verdict | None:
        """Return what becomes of a request for which some budgets have no room."""
        for _, line, _, taken in unfit:
            if taken > AMOUNT_MAX or not measures[line.measure]:
                return None
            if line.instead and all(other.fits(measures, accounts) for other in line.instead):
                return None
        run_out = tuple(
            (line.draw.applied.quota.header.ref, line.draw.budget.scope)
            for _, line, _, _ in unfit
            if not line.draw.terms.part
        )
        binding = [each for each in unfit if each[1].draw.terms.must_fit]
        if not binding:
            return Verdict(tuple(told), run_out=run_out)

        def room(each: tuple[int, Line, int, int]) -> float:
            _, line, up_to, taken = each
            amount = measures[line.measure]
            return (up_to - (taken - amount)) / amount

        _, tightest, _, _ = min(binding, key=room)
        return Verdict((), tightest.draw.applied.quota.header.ref, run_out, tuple([index for index, *_ in unfit]))

    def settle(self, accounts: Accounts, amounts: Sequence[int]) -> None:
        """Charge what a request used that ends at once: nobody could see its hold."""
        if self._untouched:
            self._draw_on(accounts)
        for account, _, _, _, _, charge, *_ in self._lines:
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
