"""Recorded requests through one version of the policies, in memory: decided one after the other, settled when they end.

The same ``evaluate``, the same choice among options (``admit``), the same prices and the same amounts as the service.
What a ledger needs for callers that may die is left out: a recorded request always ends, so that its hold never
expires, and a balance is two numbers. Memory stays flat: a request is forgotten once it has ended, a budget once its
period is over. Tests hold a lane against the service's own ledger, and its short way against its long one, on random
recordings.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import NamedTuple

from governor.core.decisions.caller import Caller
from governor.core.decisions.clear_path import ClearSize, clear_path
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.plan import Candidate, Plan
from governor.core.decisions.prepare_model import PreparedCandidate
from governor.core.decisions.request import DecideRequest, Operation
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.admit import admit
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.commands import Admission, Hold
from governor.core.ledger.past import OpenHold
from governor.core.money import Rounding
from governor.core.prices import cost_nano_usd
from governor.core.settlement.postings import Actual
from governor.core.settlement.pricing import usage_cost
from governor.core.units import Unit
from governor.core.usage import Usage
from governor.services.replay_accounts import STEP_BACK_S, Accounts
from governor.services.replay_path import Charge, Lines, Path, Verdict

FORGET_EVERY = 4_096
"""Requests between two looks for budgets whose period is over."""

PATHS_MAX = 10_000
"""Clear paths remembered; past it the memory starts anew, so that it stays bounded."""


class Decided(NamedTuple):
    """A decision in full: what explains a refusal, a substitute or a warning.

    Attributes:
        given: The candidate given, or None: refused.
    """

    plan: Plan
    admission: Admission
    given: Candidate | None


_NOTHING = Usage()
_QUIET = Verdict()


class Asked(NamedTuple):
    """One recorded request.

    Attributes:
        request: What was asked.
        question: Equal for requests that differ in nothing but their size.
        caller: In whose name it is asked.
    """

    request: DecideRequest
    question: object
    caller: Caller


class Outcome(NamedTuple):
    """What became of one request.

    Attributes:
        asked: The model asked for.
        given: The model given, or None: refused.
        max_output_tokens: What the gateway would have to send on; 0 for a request that was refused.
        usage: What an allowed request came to: as recorded, else what was held for it.
        cost_nano_usd: What it cost; 0 for one that was refused.
        decided: The decision in full, or None where the verdict says all: only budgets had anything to say.
        verdict: What budgets said to such a request.
    """

    asked: PreparedCandidate
    given: PreparedCandidate | None
    max_output_tokens: int
    usage: Usage
    cost_nano_usd: int
    decided: Decided | None
    verdict: Verdict = _QUIET


_Open = tuple[float, int, tuple[Charge, ...]]
"""A request that has not ended: when it will, its number, and what it holds and will have used."""


class Lane:
    """One version of the policies with its balances; they begin with nothing used, or where ``begin`` says.

    Args:
        snapshot: The version.
        shortcuts: Whether clear paths are taken. The answers are the same without, and slower.

    Attributes:
        accounts: Of every budget that was drawn on and may be again.
    """

    def __init__(self, snapshot: Snapshot, *, shortcuts: bool = True) -> None:
        self.snapshot = snapshot
        self.accounts = Accounts(snapshot.quota)
        self._shortcuts = shortcuts
        self._paths: dict[object, Path] = {}
        self._lines = Lines(self.accounts)
        self._now_s = 0.0
        self._count = 0
        self._pushed = 0
        # What ends later, by its time; the number keeps the order where times are equal.
        self._open: list[_Open] = []

    def begin(self, used: Iterable[tuple[BudgetKey, int]], held: Iterable[OpenHold]) -> None:
        """Begin with what had been used, and with requests that have not ended.

        Args:
            used: What budgets had used.
            held: What was held, and until when.
        """
        for key, amount in used:
            self.accounts.draw_on(key).used += amount
        for hold in held:
            charges = [(self.accounts.draw_on(key), amount, charged) for key, amount, charged in hold.amounts]
            self._hold(charges)
            self._push(tuple(charges), hold.ends_at_ms / 1000)

    def post(self, amounts: Iterable[tuple[BudgetKey, int]]) -> None:
        """Post what belongs to no recorded request."""
        for key, amount in amounts:
            self.accounts.draw_on(key).used += amount

    def decide(self, asked: Asked, usage: Usage | None, at_s: float, duration_s: float) -> Outcome:
        """Decide a request at an instant, and settle it: at once, or when it ends.

        Args:
            asked: The request.
            usage: What it used, or None if nobody knows: then what was held is the best guess there is.
            at_s: When, in Unix seconds; a recording may step back a little, the ledger's clock never does.
            duration_s: How long it took.
        """
        if self._open and self._open[0][0] <= at_s:
            self._settle_until(at_s)
        self._now_s = max(self._now_s, at_s)
        self._count += 1
        if self._count % FORGET_EVERY == 0:
            self._forget()
        if self._shortcuts:
            outcome = self._at_a_glance(asked, usage, at_s, duration_s)
            if outcome is not None:
                return outcome
        return self._in_full(asked, usage, at_s, duration_s)

    def finish(self) -> None:
        """Settle what is still open when the recording ends."""
        self._settle_until(float("inf"))

    def _at_a_glance(self, asked: Asked, usage: Usage | None, at_s: float, duration_s: float) -> Outcome | None:
        """Answer a request by its clear path, or return None: it must be decided in full."""
        path, request = self._path(asked, at_s), asked.request
        if path is None:
            return None
        size = path.size(self.snapshot, request, at_s)
        verdict = path.compare(size.measures, self.accounts) if size is not None else None
        if size is None or verdict is None:
            return None
        if not verdict.refused_by:
            call = self._called(request, path, size, usage, at_s=at_s, duration_s=duration_s)
            return Outcome(
                path.asked, path.asked, size.max_output_tokens, call.usage, call.cost_nano_usd, None, verdict
            )
        for other in path.substitutes(verdict.unfit, self.snapshot, at_s, self._lines):
            model = other.asked
            if model.learning is not None or not self._is_plain(asked, model, at_s):
                return None
            if model.reasons or not model.within_abilities:
                continue
            size = other.size(self.snapshot, request, at_s)
            instead = other.compare(size.measures, self.accounts) if size is not None else None
            if size is None or instead is None:
                return None
            if not instead.refused_by:
                call = self._called(request, other, size, usage, at_s=at_s, duration_s=duration_s)
                told = Verdict(instead.pointed_out, verdict.refused_by, verdict.run_out)
                return Outcome(path.asked, model, size.max_output_tokens, call.usage, call.cost_nano_usd, None, told)
        return Outcome(path.asked, None, 0, _NOTHING, 0, None, verdict)

    def _called(
        self,
        request: DecideRequest,
        path: Path,
        size: ClearSize,
        usage: Usage | None,
        *,
        at_s: float,
        duration_s: float,
    ) -> Actual:
        """Hold what a request may come to until it ends, then charge what it came to; return that."""
        if usage is None:
            _, _, input_tokens, output_tokens, *_ = size.measures
            held = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
            actual, amounts = Actual(held, size.cost_nano_usd, 1), self._lines.unreported(size.measures)
        else:
            cost = None
            ends_at_s = at_s + duration_s
            if path.price is not None and ends_at_s // 60 == at_s // 60:
                # It ends at the price of its beginning, which is known.
                cost = cost_nano_usd(path.price, usage, Rounding.HALF_UP)
            if cost is None:
                cost = self._cost(request, path.asked, usage, ends_at_s, requests=1)
            actual = Actual(usage, cost if cost is not None else size.cost_nano_usd, 1)
            amounts = self._lines.amounts(actual)
        if duration_s > 0:
            self._push(path.hold(self.accounts, size.measures, amounts), self._now_s + duration_s)
        else:
            path.settle(self.accounts, amounts)
        return actual

    def _path(self, asked: Asked, at_s: float) -> Path | None:
        """Return the clear path of a request at an instant, or None if it has none."""
        path = self._paths.get(asked.question)
        if path is None or not (path.is_at(at_s) or path.move(self.snapshot, at_s, self._lines)):
            prepared = self.snapshot.prepared(asked.request, asked.caller, datetime.fromtimestamp(at_s, UTC))
            candidate = clear_path(prepared)
            if candidate is None:
                return None
            if len(self._paths) >= PATHS_MAX:
                self._paths.clear()
            path = self._paths[asked.question] = Path(candidate, prepared, asked.request.operation, self._lines)
        return path if self._is_plain(asked, path.asked, at_s) else None

    def _is_plain(self, asked: Asked, candidate: PreparedCandidate, at_s: float) -> bool:
        """Tell whether nothing beside the policies concerns a request: it is not stopped, nor granted anything."""
        blocks, grants = self.snapshot.blocks, self.snapshot.grants
        if not blocks and not grants:
            return True
        now, attributes = datetime.fromtimestamp(at_s, UTC), candidate.attributes
        if grants and grants.find(attributes, now):
            return False
        zone, model = self.snapshot.organization.time_zone, candidate.model.id
        return not blocks.reasons(asked.request, asked.caller, attributes, model, now=now, time_zone=zone)

    def _in_full(self, asking: Asked, usage: Usage | None, at_s: float, duration_s: float) -> Outcome:
        request = asking.request
        plan = evaluate(self.snapshot, request, asking.caller, datetime.fromtimestamp(at_s, UTC))
        admission = admit(plan.options(), self.accounts.balance)
        asked = plan.candidates[0].prepared
        chosen = admission.chosen
        if chosen is None:
            return Outcome(asked, None, 0, _NOTHING, 0, Decided(plan, admission, None))
        given = plan.standing(chosen, admission)
        used, cost = self._used(request, given, admission, usage, at_s + duration_s)
        actual = Actual(used, cost, given.amounts.requests)
        charges = tuple([self._charge(hold, actual, reported=usage is not None) for hold in admission.placed])
        if duration_s > 0:
            self._hold(charges)
            self._push(charges, self._now_s + duration_s)
        else:
            # Nobody could see what was held.
            for account, _, charged in charges:
                account.used += charged
        decided = Decided(plan, admission, given)
        return Outcome(asked, given.prepared, given.context.max_output_tokens, used, cost, decided)

    def _used(
        self, request: DecideRequest, given: Candidate, admission: Admission, usage: Usage | None, ends_at_s: float
    ) -> tuple[Usage, int]:
        """Return what a request used and what that cost."""
        held = given.held
        if usage is None:
            money = [hold.amount for hold in admission.placed if hold.budget.unit is Unit.USD]
            cost = max(money, default=held.cost_nano_usd or 0)
            return Usage(input_tokens=held.input_tokens, output_tokens=held.output_tokens), cost
        priced = self._cost(request, given.prepared, usage, ends_at_s, requests=given.amounts.requests)
        # An unknown price is not zero: what was held is the best guess there is.
        return usage, priced if priced is not None else held.cost_nano_usd or 0

    def _cost(
        self, request: DecideRequest, given: PreparedCandidate, usage: Usage, ends_at_s: float, *, requests: int
    ) -> int | None:
        model, batch = given.model, request.operation is Operation.BATCH
        return usage_cost(
            self.snapshot,
            model.id,
            model.provider,
            usage,
            at=datetime.fromtimestamp(ends_at_s, UTC),
            batch=batch,
            requests=requests,
            input_size=-(-usage.input_tokens // requests) if batch else None,
        )

    def _charge(self, hold: Hold, actual: Actual, *, reported: bool) -> Charge:
        """Return what a hold takes and is charged: what was used or, where nobody knows, what was held.

        A slot is given back.
        """
        unit = hold.budget.unit
        charged = hold.amount
        if reported or unit is Unit.CONCURRENT:
            charged = actual.amount(unit, hold.terms.counts)
        return self.accounts.draw_on(hold.budget), hold.amount, charged

    def _hold(self, charges: Iterable[Charge]) -> None:
        for account, held, _ in charges:
            account.held += held

    def _push(self, charges: tuple[Charge, ...], ends_at_s: float) -> None:
        self._pushed += 1
        heappush(self._open, (ends_at_s, self._pushed, charges))

    def _settle_until(self, at_s: float) -> None:
        while self._open and self._open[0][0] <= at_s:
            ends_at_s, _, charges = heappop(self._open)
            self._now_s = max(self._now_s, ends_at_s)
            for account, held, charged in charges:
                account.used += charged
                account.held -= held

    def _forget(self) -> None:
        """Forget what nobody can draw on any more, but for what is still open, and the paths that led there."""
        kept = {account.key.digest for _, _, charges in self._open for account, _, _ in charges}
        self.accounts.forget_before(self._now_s, kept)
        self._lines.forget()
        over_s = self._now_s - STEP_BACK_S
        self._paths = {question: path for question, path in self._paths.items() if path.until_s > over_s}
