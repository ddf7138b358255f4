"""Decide a request: plan it, place it in one atomic step, conclude. A deny is an answer."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from math import ceil
from time import perf_counter

import structlog

from governor.core.approvals.remedy import Refusal, question_for
from governor.core.decisions.caller import Caller
from governor.core.decisions.conclude import Stored, conclude
from governor.core.decisions.decision import Decision, ReasonCode, Remedy, RemedyType, Verdict
from governor.core.decisions.degraded import degraded, degraded_group
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.plan import Plan
from governor.core.decisions.request import DecideRequest
from governor.core.errors import ConflictError, LedgerUnavailableError
from governor.core.ledger.admit import admit
from governor.core.ledger.commands import Admission, Conflict, Option, Place, PlaceAll, Placed, Written
from governor.core.ledger.placing import budgets_of_options
from governor.core.ledger.port import Ledger
from governor.core.ledger.reservation import Facts
from governor.core.values import hot_value
from governor.services.answers import answer_verdict, encode_decision, replayed_answer
from governor.services.ids import new_id
from governor.services.snapshots import Snapshots

ASK_IN_SLACK = "/ai-budget request"
"""What somebody types in Slack who was refused."""

REQUESTS_PER_DEADLINE = 100
"""Requests of a batch for which the ledger has the time that it has for one alone."""

_log = structlog.get_logger("governor.decide")


@hot_value
class Answered:
    """An answer, ready to be sent.

    Attributes:
        body: JSON.
        codes: The codes of its reasons, for metrics.
        would_deny: What audit and warn policies would have refused: policy and code.
        replayed: Whether it was given before.
        degraded: Whether the ledger gave no answer.
        evaluate_s: Seconds that making the plan took.
    """

    body: bytes
    verdict: Verdict
    codes: tuple[str, ...]
    replayed: bool = False
    degraded: bool = False
    would_deny: tuple[tuple[str, str], ...] = ()
    evaluate_s: float = 0.0


class Decider:
    """Answers ``/decide``.

    Args:
        snapshots: What decides.
        ledger: Where budgets are held.
        deadline_ms: How long to wait for the ledger, and in a batch for each hundred of its requests; past it the
            answer is degraded.
        public_url: How people reach the pages, for the way to ask for an exception; ``""``: below this server.
    """

    def __init__(self, snapshots: Snapshots, ledger: Ledger, *, deadline_ms: int, public_url: str = "") -> None:
        self._snapshots = snapshots
        self._public_url = public_url
        self._ledger = ledger
        self._deadline_s = deadline_ms / 1000

    async def decide(self, request: DecideRequest, caller: Caller, body: bytes, now: datetime) -> Answered:
        """Answer one request.

        Args:
            request: What is asked.
            caller: Who asks.
            body: The request as received: kept for the explanation, and compared with a repetition.
            now: The door's instant.

        Raises:
            ConflictError: The same request id and attempt came before with another body.
        """
        question = _Question(self._snapshots, request, caller, body, now, public_url=self._public_url)
        if request.dry_run:
            return await self._dry_run(question)
        try:
            outcome = await self._ledger.submit(question.place(), deadline_s=self._deadline_s)
        except LedgerUnavailableError:
            return _answered(degraded(question.plan, stale_policy=question.stale_policy))
        assert isinstance(outcome, Placed | Conflict)
        return question.answered(outcome)

    async def decide_many(
        self,
        requests: Sequence[tuple[DecideRequest, bytes]],
        caller: Caller,
        now: datetime,
        *,
        all_or_nothing: bool = False,
    ) -> list[Answered | ConflictError]:
        """Answer independent requests in order, earlier holds visible to later ones; or place all or none.

        Returns:
            One answer for each; a conflict stands in its slot instead of failing the others.
        """
        url = self._public_url
        questions = [
            _Question(self._snapshots, request, caller, body, now, public_url=url) for request, body in requests
        ]
        if any(request.dry_run for request, _ in requests):
            return [await self._dry_run(question) for question in questions]
        places = [question.place() for question in questions]
        try:
            outcomes = await self._place_many(places, all_or_nothing=all_or_nothing)
        except LedgerUnavailableError:
            plans, stale = [question.plan for question in questions], self._snapshots.stale(now)
            if all_or_nothing:
                return [_answered(decision) for decision in degraded_group(plans, stale_policy=stale)]
            return [_answered(degraded(plan, stale_policy=stale)) for plan in plans]
        return [_slot(question, outcome) for question, outcome in zip(questions, outcomes, strict=True)]

    async def _place_many(self, places: Sequence[Place], *, all_or_nothing: bool) -> list[Placed | Conflict]:
        deadline_s = self._deadline_s * ceil(len(places) / REQUESTS_PER_DEADLINE)
        if all_or_nothing:
            group = await self._ledger.submit(PlaceAll(tuple(places)), deadline_s=deadline_s)
            assert isinstance(group, tuple)
            return list(group)
        outcomes = await self._ledger.submit_many(places, deadline_s=deadline_s)
        placed = [outcome for outcome in outcomes if isinstance(outcome, Placed | Conflict)]
        assert len(placed) == len(places)
        return placed

    async def _dry_run(self, question: "_Question") -> Answered:
        """Answer from balances read without locks; nothing is stored."""
        plan = question.plan
        try:
            balances = await self._ledger.balances(list(budgets_of_options(plan.options())))
        except LedgerUnavailableError:
            return _answered(degraded(question.plan, stale_policy=question.stale_policy))
        admission = admit(plan.options(), balances.get)
        return _answered(question.helped(conclude(plan, admission, None, stale_policy=question.stale_policy)))


class _Question:
    """One request on its way through the ledger: its plan, made anew if the snapshot is swapped meanwhile."""

    __slots__ = (
        "_at_ms",
        "_body",
        "_caller",
        "_decision",
        "_evaluate_s",
        "_id",
        "_now",
        "_public_url",
        "_request",
        "_snapshot",
        "_snapshots",
        "plan",
    )

    def __init__(
        self,
        snapshots: Snapshots,
        request: DecideRequest,
        caller: Caller,
        body: bytes,
        now: datetime,
        *,
        public_url: str,
    ) -> None:
        self._snapshots = snapshots
        self._public_url = public_url
        self._request = request
        self._caller = caller
        self._body = body
        self._now = now
        self._at_ms = int(now.timestamp() * 1000)
        self._id = new_id(self._at_ms)
        self._decision: Decision | None = None
        self._snapshot = snapshots.current
        began_s = perf_counter()
        self.plan: Plan = evaluate(self._snapshot, request, caller, now)
        self._evaluate_s = perf_counter() - began_s

    @property
    def stale_policy(self) -> bool:
        """Whether the policies are older than permitted."""
        return self._snapshots.stale(self._now)

    def place(self) -> Place:
        """Return the command for the ledger."""
        request = self._request
        key = f"{self._caller.name}\x1e{request.request_id}\x1e{request.attempt}"
        return Place(
            decision_id=self._id,
            client=self._caller.name,
            claim=blake2b(key.encode(), digest_size=16).digest(),
            body_digest=blake2b(self._body, digest_size=16).digest(),
            at_ms=self._at_ms,
            options=self._options,
            hold_for_s=self._hold_for_s,
            conclude=self._conclude,
            request=self._body,
        )

    def answered(self, outcome: Placed | Conflict) -> Answered:
        """Turn what the ledger did into the answer."""
        if isinstance(outcome, Conflict):
            raise ConflictError(
                "this request_id and attempt were used before with another body; send a new attempt",
                request_id=self._request.request_id,
                attempt=self._request.attempt,
            )
        stored = outcome.reservation.answer
        if outcome.replayed or self._decision is None:
            verdict, codes = answer_verdict(stored)
            return Answered(replayed_answer(stored, outcome.state), Verdict(verdict), codes, replayed=True)
        return _answered(self._decision, stored, self._evaluate_s)

    def helped(self, decision: Decision) -> Decision:
        """Return a decision; a deny that an exception could lift says where one asks for it."""
        if decision.verdict is not Verdict.DENY:
            return decision
        refusals = [Refusal(one.code, one.policy or "", dict(one.scope)) for one in decision.reasons]
        question = question_for(refusals, decision.requested_model, self._snapshot.may_be_lifted)
        if not question:
            return decision
        url = f"{self._public_url.rstrip('/')}/web/ask?{question}"
        remedy = Remedy(RemedyType.REQUEST_EXCEPTION, url=url, slack=ASK_IN_SLACK)
        return replace(decision, remedies=(*decision.remedies, remedy))

    def _options(self) -> Iterable[Option]:
        current = self._snapshots.current
        if current is not self._snapshot:
            self._snapshot = current
            self.plan = evaluate(current, self._request, self._caller, self._now)
        return self.plan.options()

    def _hold_for_s(self, chosen: int) -> int:
        return self.plan.hold_for_s(chosen)

    def _conclude(self, admission: Admission, expires_at_s: int) -> Written:
        plan = self.plan
        decision = conclude(plan, admission, Stored(self._id, expires_at_s), stale_policy=self.stale_policy)
        decision = self._decision = self.helped(decision)
        candidate = plan.standing(admission.chosen or 0, admission)
        facts = Facts(
            attributes=candidate.prepared.attributes,
            model=candidate.prepared.model.id,
            provider=candidate.prepared.model.provider,
            operation=self._request.operation,
            requests=self._request.requests or 1,
            input_tokens=candidate.held.input_tokens,
            output_tokens=candidate.held.output_tokens,
            cost_nano_usd=candidate.held.cost_nano_usd,
            policy_version=plan.policy_version,
            substitute=candidate.prepared.offer.substitute,
        )
        return Written(facts, encode_decision(decision))


def _slot(question: _Question, outcome: Placed | Conflict) -> Answered | ConflictError:
    try:
        return question.answered(outcome)
    except ConflictError as conflict:
        return conflict


def _answered(decision: Decision, body: bytes | None = None, evaluate_s: float = 0.0) -> Answered:
    """Wrap a decision; ``body`` is there if it was rendered already."""
    codes = tuple([reason.code for reason in decision.reasons])
    if ReasonCode.EVALUATION_ERROR in codes:
        _log.error(
            "evaluation_error", decision=decision.decision_id, reasons=[each.message for each in decision.reasons]
        )
    return Answered(
        body if body is not None else encode_decision(decision),
        decision.verdict,
        codes,
        degraded=decision.degraded,
        would_deny=tuple([(warning.policy, warning.code) for warning in decision.warnings if warning.would_deny]),
        evaluate_s=evaluate_s,
    )
