"""Recorded requests through the policies, on the clock of the recording, in memory.

The same ``evaluate``, the same ledger rules and the same settlement as ``/decide`` and ``/usage``; only nothing is
stored. Memory stays flat: a request is forgotten once it is settled, a budget once its period is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from heapq import heappop, heappush

from governor.core.decisions.caller import Caller
from governor.core.decisions.conclude import conclude
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.event import CallStatus, UsageEvent
from governor.core.decisions.plan import Plan
from governor.core.decisions.recorded import NOBODY, Recorded
from governor.core.decisions.request import Ability, DecideRequest, Subject
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.ledger.commands import Admission, Assessment, Place, Placed, Settle, Written
from governor.core.ledger.entry import Entry
from governor.core.ledger.memory import MemoryLedger
from governor.core.ledger.reservation import Facts, Reservation, ReservationState
from governor.core.ledger.results import EventResult, EventStatus
from governor.core.policy.organization import Organization
from governor.core.settlement.assess import assess
from governor.core.usage import Usage
from governor.services.replay_at_once import decide_at_once
from governor.services.replay_summary import ReplaySummary

CALLER = Caller("replay")
FORGET_EVERY = 4_096
"""Requests between two looks for budgets whose period is over."""

ABILITIES = frozenset({Ability.SUBSTITUTE, Ability.CLAMP})
"""A recording is replayed for a gateway that can do everything that policies may ask of it."""

_SPREAD = 2_654_435_761
"""Knuth's multiplicative hash: neighbours in the file are strangers in the organisation."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a recording is read.

    Attributes:
        model: The model where the recording names none, or ``""``.
        offset_s: Added to every recorded time: where a recording without a calendar begins.
    """

    model: str = ""
    offset_s: float = 0.0


class Replay:
    """One run of a recording through one version of the policies.

    Args:
        snapshot: The policies.
        options: How the recording is read.
    """

    def __init__(self, snapshot: Snapshot, options: ReplayOptions) -> None:
        self.summary = ReplaySummary()
        self._snapshot = snapshot
        self._options = options
        self._crowd = tuple(_crowd(snapshot.organization))
        self._now_s = 0.0
        self._ledger = MemoryLedger(lambda: self._now_s)
        self._count = 0
        # Settlements that are due later, by their time; the number keeps their order where times are equal.
        self._due: list[tuple[float, int, Settle]] = []

    def run(self, rows: Iterable[Recorded]) -> Iterator[int]:
        """Replay the requests in their order and settle what is open at the end.

        Yields:
            The number of requests so far, now and then, so that the caller can show progress.

        Raises:
            InvalidRequestError: If neither the recording nor the options name a model.
        """
        for row in rows:
            self._one(row)
            if self._count % FORGET_EVERY == 0:
                self._forget_budgets()
                yield self._count
        self._settle_until(float("inf"))
        yield self._count

    # ---- one request --------------------------------------------------------------------------------------------

    def _one(self, row: Recorded) -> None:
        at_s = row.at_s + self._options.offset_s
        if self._due and self._due[0][0] <= at_s:
            self._settle_until(at_s)
        # A recording may step back a little; the ledger's clock never does.
        self._now_s = max(self._now_s, at_s)
        self._count += 1
        now = datetime.fromtimestamp(at_s, UTC)
        plan = evaluate(self._snapshot, self._request(row), CALLER, now)
        if row.duration_s > 0 or row.output_tokens is None or not self._decided_at_once(row, plan, now):
            self._decided_by_ledger(row, plan, at_s)

    def _decided_at_once(self, row: Recorded, plan: Plan, now: datetime) -> bool:
        usage = Usage(input_tokens=row.input_tokens, output_tokens=row.output_tokens or 0)
        self._ledger.book.now_s = self._now_s
        outcome = decide_at_once(self._ledger.book, self._snapshot, plan, usage, now)
        if outcome is None:
            return False
        asked = plan.candidates[0]
        department = asked.prepared.attributes.get("department", "")
        given = outcome.given
        if given is None:
            self.summary.denied(department, asked.prepared.model.id, _decisive(plan, outcome.admission))
            return True
        self.summary.allowed(department, given.prepared.model.id, substituted=given is not asked)
        self.summary.settled(
            department, given.prepared.model.id, outcome.cost_nano_usd, usage.input_tokens, usage.output_tokens
        )
        return True

    def _decided_by_ledger(self, row: Recorded, plan: Plan, at_s: float) -> None:
        key = self._count.to_bytes(16)
        record = partial(_record, plan)
        placed = self._ledger.apply(
            Place(
                decision_id=key,
                client=CALLER.name,
                claim=key,
                body_digest=b"",
                at_ms=int(at_s * 1000),
                options=plan.options,
                hold_for_s=lambda chosen: max(plan.hold_for_s(chosen), int(row.duration_s) + 1),
                conclude=record,
                request=b"",
            )
        )
        # INVARIANT: keys are numbered, so that a placement is never a conflict.
        assert isinstance(placed, Placed)
        self._after(row, plan, placed)

    def _request(self, row: Recorded) -> DecideRequest:
        model = row.model or self._options.model
        if not model:
            raise InvalidRequestError("the recording names no model; name one with `--model`")
        return DecideRequest(
            request_id="",
            subject=row.subject if row.subject != NOBODY else self._somebody(),
            model=model,
            use_case=row.use_case,
            input_tokens=row.input_tokens,
            max_output_tokens=row.max_output_tokens,
            can=ABILITIES,
            tags=row.tags,
        )

    def _somebody(self) -> Subject:
        if not self._crowd:
            return NOBODY
        return self._crowd[(self._count * _SPREAD >> 8) % len(self._crowd)]

    def _after(self, row: Recorded, plan: Plan, placed: Placed) -> None:
        reservation = placed.reservation
        asked = plan.candidates[0]
        department = asked.prepared.attributes.get("department", "")
        if placed.state is ReservationState.DENIED:
            self.summary.denied(department, asked.prepared.model.id, reservation.answer.decode())
            self._forget_request(reservation.id)
            return
        model = reservation.facts.model
        self.summary.allowed(department, model, substituted=model != asked.prepared.model.id)
        settle = self._settlement(row, reservation.id)
        if row.duration_s > 0:
            heappush(self._due, (self._now_s + row.duration_s, self._count, settle))
        else:
            self._settle(settle)

    # ---- settlement ---------------------------------------------------------------------------------------------

    def _settlement(self, row: Recorded, decision_id: bytes) -> Settle:
        usage = None
        if row.output_tokens is not None:
            usage = Usage(input_tokens=row.input_tokens, output_tokens=row.output_tokens)
        event = UsageEvent(
            source=CALLER.name,
            event_id="",
            model="",
            # Without a recorded output nobody knows what it cost; what was held is the best guess there is.
            status=CallStatus.OK if usage is not None else CallStatus.CANCELLED,
            usage=usage,
        )
        return Settle(
            entry_id=decision_id,
            source=CALLER.name,
            event_id=decision_id.hex(),
            body_digest=b"",
            decision_id=decision_id,
            corrects=None,
            received_at_ms=int(self._now_s * 1000),
            final=True,
            assess=partial(self._assess, event),
            encode=_no_text,
        )

    def _assess(self, event: UsageEvent, reservation: Reservation | None, corrected: Entry | None) -> Assessment:
        received_at = datetime.fromtimestamp(self._now_s, UTC)
        return assess(self._snapshot, event, CALLER, received_at, reservation=reservation, corrected=corrected)

    def _settle_until(self, at_s: float) -> None:
        while self._due and self._due[0][0] <= at_s:
            due_s, _, settle = heappop(self._due)
            self._now_s = max(self._now_s, due_s)
            self._settle(settle)

    def _settle(self, settle: Settle) -> None:
        book = self._ledger.book
        result = self._ledger.apply(settle)
        # INVARIANT: every settlement belongs to a hold placed here, once, with counts that the recording was read with.
        assert isinstance(result, EventResult)
        assert result.status is EventStatus.RECORDED, result.reason
        assert result.usage is not None
        assert settle.decision_id is not None
        facts = book.reservations[settle.decision_id].facts
        self.summary.settled(
            facts.attributes.get("department", ""),
            facts.model,
            result.cost_nano_usd,
            result.usage.input_tokens,
            result.usage.output_tokens,
        )
        del book.entries[settle.source, settle.event_id]
        del book.chains[settle.source, settle.event_id]
        self._forget_request(settle.decision_id)

    # ---- forgetting ---------------------------------------------------------------------------------------------

    def _forget_request(self, decision_id: bytes) -> None:
        book = self._ledger.book
        del book.reservations[decision_id]
        # The claim's key is the decision's id here.
        del book.claims[decision_id]

    def _forget_budgets(self) -> None:
        """Forget the budgets of periods that nobody can draw on any more."""
        book = self._ledger.book
        open_budgets = {held.budget for reservation in book.reservations.values() for held in reservation.holds}
        over = [
            digest
            for digest, counter in book.counters.items()
            if counter.key.period_end_s is not None
            and counter.key.period_end_s < self._now_s - _STEP_BACK_S
            and digest not in open_budgets
        ]
        for digest in over:
            del book.counters[digest]


_STEP_BACK_S = 3600
"""How far a recording may step back in time and still meet the budgets of then."""


def _crowd(organization: Organization) -> Iterator[Subject]:
    """Yield everybody who may have made a request that names nobody, in a fixed order."""
    for user in sorted(organization.people):
        yield Subject(user=user)
    for name in sorted(organization.service_accounts):
        yield Subject(service_account=name)


def _record(plan: Plan, admission: Admission, _expires_at_s: int) -> Written:
    """Make what the ledger keeps of a decision; for a deny, the answer is the policy that decided."""
    index = admission.chosen
    given = plan.candidates[index or 0]
    facts = Facts(
        attributes=given.prepared.attributes,
        model=given.prepared.model.id,
        provider=given.prepared.model.provider,
        operation=plan.request.operation,
        requests=1,
        input_tokens=given.held.input_tokens,
        output_tokens=given.held.output_tokens,
        cost_nano_usd=given.held.cost_nano_usd,
        policy_version=plan.policy_version,
    )
    return Written(facts, b"" if index is not None else _decisive(plan, admission).encode())


def _decisive(plan: Plan, admission: Admission) -> str:
    """Name what decided a deny: the policy of the first reason, or the reason where no policy is to blame."""
    reason = conclude(plan, admission, None).reasons[0]
    return reason.policy or str(reason.code)


def _no_text(_result: EventResult) -> bytes:
    return b""
