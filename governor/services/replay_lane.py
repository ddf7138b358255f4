"""Recorded requests through one version of the policies, in memory: decided one after the other, settled when they end.

The same ``evaluate``, the same choice among options (``admit``), the same prices and the same amounts as the service.
What a ledger needs for callers that may die is left out: a recorded request always ends, so that its hold never
expires, and a balance is two numbers. Memory stays flat: a request is forgotten once it has ended, a budget once its
period is over. A test holds a lane against the service's own ledger on random recordings.
"""

from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import NamedTuple

from governor.core.decisions.caller import Caller
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.plan import Candidate, Plan
from governor.core.decisions.request import DecideRequest, Operation
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.admit import admit
from governor.core.ledger.budget import EMPTY, Balance, BudgetKey
from governor.core.ledger.commands import Admission, Hold
from governor.core.settlement.postings import Actual
from governor.core.settlement.pricing import usage_cost
from governor.core.units import Unit
from governor.core.usage import Usage

FORGET_EVERY = 4_096
"""Requests between two looks for budgets whose period is over."""

_STEP_BACK_S = 3600
"""How far a recording may step back in time and still meet the budgets of then."""


class Outcome(NamedTuple):
    """What became of one request.

    Attributes:
        asked: The model asked for.
        given: The candidate given, or None: refused.
        usage: What an allowed request came to: as recorded, else what was held for it.
        cost_nano_usd: What it cost; 0 for one that was refused.
    """

    plan: Plan
    admission: Admission
    asked: Candidate
    given: Candidate | None
    usage: Usage
    cost_nano_usd: int


_NOTHING = Usage()
_USD = Unit.USD  # An attribute of an enumeration costs 0.2 us.
_Open = tuple[float, int, tuple[Hold, ...], Actual, bool]
"""A request that has not ended: when it will, its number, what it holds, what it will have used, whether recorded."""


class Lane:
    """One version of the policies with its balances; they begin with nothing used.

    Args:
        snapshot: The version.
        caller: In whose name requests are replayed.

    Attributes:
        balances: Of every budget that was drawn on and may be again.
    """

    def __init__(self, snapshot: Snapshot, caller: Caller) -> None:
        self.snapshot = snapshot
        self.balances: dict[bytes, Balance] = {}
        self._caller = caller
        self._keys: dict[bytes, BudgetKey] = {}
        self._now_s = 0.0
        self._count = 0
        # What ends later, by its time; the number keeps the order where times are equal.
        self._open: list[_Open] = []

    def decide(self, request: DecideRequest, usage: Usage | None, at_s: float, duration_s: float) -> Outcome:
        """Decide a request at an instant, and settle it: at once, or when it ends.

        Args:
            request: What was asked.
            usage: What it used, or None if nobody knows: then what was held is the best guess there is.
            at_s: When, in Unix seconds; a recording may step back a little, the ledger's clock never does.
            duration_s: How long it took.
        """
        if self._open and self._open[0][0] <= at_s:
            self._settle_until(at_s)
        self._now_s = max(self._now_s, at_s)
        self._count += 1
        if self._count % FORGET_EVERY == 0:
            self._forget_budgets()
        now = datetime.fromtimestamp(at_s, UTC)
        plan = evaluate(self.snapshot, request, self._caller, now)
        admission = admit(plan.options(), self.balances.get)
        asked = plan.candidates[0]
        chosen = admission.chosen
        if chosen is None:
            return Outcome(plan, admission, asked, None, _NOTHING, 0)
        given = plan.standing(chosen, admission)
        ends_at = datetime.fromtimestamp(at_s + duration_s, UTC) if duration_s > 0 else now
        used, cost = self._used(request, given, admission, usage, ends_at)
        actual = Actual(used, cost, given.amounts.requests)
        if duration_s > 0:
            self._hold(admission.placed)
            ends_at_s = self._now_s + duration_s
            heappush(self._open, (ends_at_s, self._count, admission.placed, actual, usage is not None))
        else:
            self._post(admission.placed, actual, reported=usage is not None)
        return Outcome(plan, admission, asked, given, used, cost)

    def finish(self) -> None:
        """Settle what is still open when the recording ends."""
        self._settle_until(float("inf"))

    def _used(
        self, request: DecideRequest, given: Candidate, admission: Admission, usage: Usage | None, ends_at: datetime
    ) -> tuple[Usage, int]:
        """Return what a request used and what that cost."""
        held = given.held
        if usage is None:
            money = [hold.amount for hold in admission.placed if hold.budget.unit is Unit.USD]
            cost = max(money, default=held.cost_nano_usd or 0)
            return Usage(input_tokens=held.input_tokens, output_tokens=held.output_tokens), cost
        model = given.prepared.model
        batch = request.operation is Operation.BATCH
        requests = given.amounts.requests
        priced = usage_cost(
            self.snapshot,
            model.id,
            model.provider,
            usage,
            at=ends_at,
            batch=batch,
            requests=requests,
            input_size=-(-usage.input_tokens // requests) if batch else None,
        )
        # An unknown price is not zero: what was held is the best guess there is.
        return usage, priced if priced is not None else held.cost_nano_usd or 0

    def _post(self, holds: tuple[Hold, ...], actual: Actual, *, reported: bool) -> None:
        """Charge budgets for a request that ends at once: nobody could see its hold."""
        balances = self.balances
        for hold in holds:
            budget = hold.budget
            digest = budget.digest
            balance = balances.get(digest)
            if balance is None:
                balance = EMPTY
                self._keys[digest] = budget
            # Most budgets count money.
            money = reported and budget.unit is _USD
            charged = actual.cost_nano_usd if money else _charged(hold, actual, reported=reported)
            balances[digest] = Balance(balance.used + charged, balance.held)

    def _hold(self, holds: tuple[Hold, ...]) -> None:
        for hold in holds:
            digest = hold.budget.digest
            balance = self.balances.get(digest, EMPTY)
            self._keys[digest] = hold.budget
            self.balances[digest] = Balance(balance.used, balance.held + hold.amount)

    def _settle_until(self, at_s: float) -> None:
        while self._open and self._open[0][0] <= at_s:
            ends_at_s, _, holds, actual, reported = heappop(self._open)
            self._now_s = max(self._now_s, ends_at_s)
            for hold in holds:
                digest = hold.budget.digest
                balance = self.balances[digest]
                used = balance.used + _charged(hold, actual, reported=reported)
                self.balances[digest] = Balance(used, balance.held - hold.amount)

    def _forget_budgets(self) -> None:
        """Forget the budgets of periods that nobody can draw on any more, but for what is still open."""
        open_budgets = {hold.budget.digest for _, _, holds, _, _ in self._open for hold in holds}
        over = [
            digest
            for digest, key in self._keys.items()
            if key.period_end_s is not None
            and key.period_end_s + self._kept_s(key) < self._now_s - _STEP_BACK_S
            and digest not in open_budgets
        ]
        for digest in over:
            del self.balances[digest], self._keys[digest]

    def _kept_s(self, key: BudgetKey) -> int:
        """Return how long a budget is needed after its period: what a quota carries follows from two periods before."""
        quota = self.snapshot.quota(key.policy.removeprefix("Quota/"))
        if quota is None or quota.rollover is None or key.period_end_s is None:
            return 0
        return 3 * (key.period_end_s - key.period_start_s)


def _charged(hold: Hold, actual: Actual, *, reported: bool) -> int:
    """Return what a budget is charged: what was used or, where nobody knows, what was held; a slot is given back."""
    unit = hold.budget.unit
    if reported or unit is Unit.CONCURRENT:
        return actual.amount(unit, hold.terms.counts)
    return hold.amount
