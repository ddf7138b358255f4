"""Recorded requests through one version of the policies, in memory: decided one after the other, settled when they end.

The same ``evaluate``, the same choice among options (``admit``), the same prices and the same counters as the service;
what is left out are the records that a server needs, so that memory stays flat: a request is forgotten once it has
ended, a budget once its period is over. A test holds a lane against the service's own ledger on random recordings.
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
from governor.core.ledger.book import Book
from governor.core.ledger.commands import Admission, Hold
from governor.core.ledger.counter import Counter, expiry_bucket
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
        given: The candidate given, or None: refused.
        usage: What an allowed request came to: as recorded, else what was held for it.
        cost_nano_usd: What it cost; 0 for one that was refused.
    """

    plan: Plan
    admission: Admission
    given: Candidate | None
    usage: Usage
    cost_nano_usd: int

    @property
    def asked(self) -> Candidate:
        """The model asked for."""
        return self.plan.candidates[0]


_NOTHING = Usage()
_Posting = tuple[Hold, int]
"""A hold, and what its budget is charged in the end."""


class Lane:
    """One version of the policies with its balances.

    Args:
        snapshot: The version.
        caller: In whose name requests are replayed.
    """

    def __init__(self, snapshot: Snapshot, caller: Caller) -> None:
        self.snapshot = snapshot
        self._caller = caller
        self.book = Book(complete=True)
        self._count = 0
        # What ends later, by its time; the number keeps the order where times are equal.
        self._due: list[tuple[float, int, int, list[_Posting]]] = []

    def decide(self, request: DecideRequest, usage: Usage | None, at_s: float, duration_s: float) -> Outcome:
        """Decide a request at an instant, and settle it: at once, or when it ends.

        Args:
            request: What was asked.
            usage: What it used, or None if nobody knows: then what was held is the best guess there is.
            at_s: When, in Unix seconds; a recording may step back a little, the ledger's clock never does.
            duration_s: How long it took.
        """
        book = self.book
        if self._due and self._due[0][0] <= at_s:
            self._settle_until(at_s)
        book.now_s = max(book.now_s, at_s)
        self._count += 1
        if self._count % FORGET_EVERY == 0:
            self._forget_budgets()
        plan = evaluate(self.snapshot, request, self._caller, datetime.fromtimestamp(at_s, UTC))
        admission = admit(plan.options(), book.find_balance)
        if admission.chosen is None:
            return Outcome(plan, admission, None, _NOTHING, 0)
        given = plan.candidates[admission.chosen]
        used, cost = self._used(request, given, admission, usage, at_s + duration_s)
        actual = Actual(used, cost, given.amounts.requests)
        if duration_s > 0:
            self._hold(plan, admission, actual, reported=usage is not None, duration_s=duration_s)
        else:
            for hold in admission.placed:
                counter = self._counter(hold)
                counter.fold(book.now_s)
                counter.used += _charged(hold, actual, reported=usage is not None)
        return Outcome(plan, admission, given, used, cost)

    def finish(self) -> None:
        """Settle what is still open when the recording ends."""
        self._settle_until(float("inf"))

    def _used(
        self, request: DecideRequest, given: Candidate, admission: Admission, usage: Usage | None, ends_at_s: float
    ) -> tuple[Usage, int]:
        """Return what a request used and what that cost."""
        held = given.held
        if usage is None:
            money = [hold.amount for hold in admission.placed if hold.budget.unit is Unit.USD]
            cost = max(money, default=held.cost_nano_usd or 0)
            return Usage(input_tokens=held.input_tokens, output_tokens=held.output_tokens), cost
        model = given.prepared.model
        batch = request.operation is Operation.BATCH
        priced = usage_cost(
            self.snapshot,
            model.id,
            model.provider,
            usage,
            at=datetime.fromtimestamp(ends_at_s, UTC),
            batch=batch,
            requests=given.amounts.requests,
            input_size=-(-usage.input_tokens // given.amounts.requests) if batch else None,
        )
        # An unknown price is not zero: what was held is the best guess there is.
        return usage, priced if priced is not None else held.cost_nano_usd or 0

    def _hold(self, plan: Plan, admission: Admission, actual: Actual, *, reported: bool, duration_s: float) -> None:
        """Hold a request's amounts until it ends."""
        book = self.book
        bucket = expiry_bucket(book.now_s + max(plan.hold_for_s(admission.chosen or 0), int(duration_s) + 1))
        postings: list[_Posting] = []
        for hold in admission.placed:
            counter = self._counter(hold)
            counter.fold(book.now_s)
            counter.hold(bucket, hold.amount, charge_on_expiry=hold.terms.charge_on_expiry)
            postings.append((hold, _charged(hold, actual, reported=reported)))
        heappush(self._due, (book.now_s + duration_s, self._count, bucket, postings))

    def _settle_until(self, at_s: float) -> None:
        book = self.book
        while self._due and self._due[0][0] <= at_s:
            due_s, _, bucket, postings = heappop(self._due)
            book.now_s = max(book.now_s, due_s)
            for hold, charged in postings:
                counter = self._counter(hold)
                counter.fold(book.now_s)
                counter.unhold(bucket, hold.amount, charge_on_expiry=hold.terms.charge_on_expiry)
                counter.used += charged

    def _counter(self, hold: Hold) -> Counter:
        counters, digest = self.book.counters, hold.budget.digest
        counter = counters.get(digest)
        if counter is None:
            counter = counters[digest] = Counter(hold.budget)
        return counter

    def _forget_budgets(self) -> None:
        """Forget the budgets of periods that nobody can draw on any more.

        The period before is kept where something may be carried from it, and so is what is still open.
        """
        book = self.book
        before_s = book.now_s - _STEP_BACK_S
        open_budgets = {hold.budget.digest for *_, postings in self._due for hold, _ in postings}
        over = [
            digest
            for digest, counter in book.counters.items()
            if (end_s := counter.key.period_end_s) is not None
            and end_s + self._kept_s(counter) < before_s
            and digest not in open_budgets
        ]
        for digest in over:
            del book.counters[digest]

    def _kept_s(self, counter: Counter) -> int:
        """Return how long a budget is needed after its period: what a quota carries follows from two periods before."""
        quota = self.snapshot.quota(counter.key.policy.removeprefix("Quota/"))
        if quota is None or quota.rollover is None or counter.key.period_end_s is None:
            return 0
        return 3 * (counter.key.period_end_s - counter.key.period_start_s)


def _charged(hold: Hold, actual: Actual, *, reported: bool) -> int:
    """Return what a budget is charged: what was used or, where nobody knows, what was held; a slot is given back."""
    if reported or hold.budget.unit is Unit.CONCURRENT:
        return actual.amount(hold.budget.unit, hold.terms.counts)
    return hold.amount
