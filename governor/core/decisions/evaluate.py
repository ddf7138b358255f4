"""The pure decision: what was prepared, plus the arithmetic of this request's size.

Simulation, policy tests, replay, the command line and ``/decide`` all call this very function.
"""

from dataclasses import replace
from datetime import datetime

from governor.core.decisions.batches import average, batch_calls, check_batch_context
from governor.core.decisions.caller import Caller
from governor.core.decisions.context import check_context
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.estimate import Estimate, estimate
from governor.core.decisions.holds import Amounts, make_holds
from governor.core.decisions.lifting import lift
from governor.core.decisions.offers import CANDIDATES_MAX, offered
from governor.core.decisions.output_estimates import OutputEstimate
from governor.core.decisions.plan import Candidate, Candidates, Plan
from governor.core.decisions.prepare import Prepared, Substitutes
from governor.core.decisions.prepare_model import PreparedCandidate
from governor.core.decisions.request import Ability, DecideRequest, Operation
from governor.core.decisions.routed import Routed, routed
from governor.core.decisions.routing import has_no_model
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import AmountError
from governor.core.ledger.commands import Hold
from governor.core.models import ResolvedModel
from governor.core.money import Rounding
from governor.core.priced_units import gap_words
from governor.core.prices import cost_nano_usd, held_nano_usd
from governor.core.usage import Usage
from governor.core.values import hot_value


def evaluate(snapshot: Snapshot, request: DecideRequest, caller: Caller, now: datetime) -> Plan:
    """Make the plan of a request.

    Args:
        snapshot: Everything that decides.
        request: What is asked.
        caller: The key that it came with.
        now: The door's instant: it fixes periods, prices and effective dates.

    Returns:
        The model asked for and what may be given instead: at most eight candidates in order.
    """
    prepared = snapshot.prepared(request, caller, now)
    question = _Question(snapshot, request, caller, prepared, estimate(request), now)
    return Plan(
        request=request,
        routing=prepared.routing,
        policy_version=snapshot.version,
        now=now,
        candidates=question.candidates(),
        basis=question.guess.basis,
    )


@hot_value
class _Question:
    """A request with what is known of it before any model is decided."""

    snapshot: Snapshot
    request: DecideRequest
    caller: Caller
    prepared: Prepared
    guess: Estimate
    now: datetime

    def candidates(self) -> Candidates:
        """Return the models in the order in which they are tried."""
        prepared = self.prepared
        if prepared.routing is not None:
            asked = self.decide(prepared.routed_from) if prepared.routed_from is not None else None
            among = [self._routed(candidate) for candidate in prepared.candidates]
            return self._with_substitutes(routed(prepared.routing, among, asked))
        return self._with_substitutes((self.decide(prepared.candidates[0]),))

    def _with_substitutes(self, decided: tuple[Candidate, ...]) -> Candidates:
        """Put behind the first choice, and what a routing has behind it, the models that may be given instead."""
        first = decided[0]
        substitutes = self.prepared.substitutes.get(first.prepared.model.id)
        if substitutes is None or not substitutes.offers:
            return Candidates(decided)
        standing = substitutes.usual
        if first.reasons:
            liftable = first.granted is not None or self._or_clamped(first) is not first
            standing = offered(substitutes.offers, first.reasons, liftable=liftable)
        if not standing:
            return Candidates(decided)
        names = tuple(standing)[: CANDIDATES_MAX - len(decided)]
        return Candidates(decided, names, lambda name: self._substitute(substitutes, name, standing[name]))

    def _substitute(self, substitutes: Substitutes, name: str, after: tuple[int, ...] | None) -> Candidate:
        substitute = substitutes.prepare(self.snapshot, name, self.now)
        candidate = self._or_clamped(self.decide(substitute))
        return candidate if after is None else replace(candidate, after=after)

    def _routed(self, prepared: PreparedCandidate) -> Routed:
        given = self.decide(prepared)
        return Routed(given, self._clamped(given) or given)

    def _or_clamped(self, candidate: Candidate) -> Candidate:
        """Return what a caller could be given that can clamp, where the model refuses only what was asked of it."""
        clamped = self._clamped(candidate)
        return candidate if clamped is None or (clamped.granted or clamped).reasons else clamped

    def _clamped(self, candidate: Candidate) -> Candidate | None:
        """Return what a caller would be told that can clamp; None where that makes no difference.

        It is beyond the caller's abilities, so it is never given; but the ledger tells whether it has room, and then a
        deny can name it with the output that it permits.
        """
        request = self.request
        too_long = any(reason.code is ReasonCode.OUTPUT_TOO_LARGE for reason in candidate.reasons)
        if not too_long or Ability.CLAMP in request.can:
            return None
        able = replace(self, request=replace(request, can=request.can | {Ability.CLAMP}))
        clamped = able.decide(replace(candidate.prepared, within_abilities=False))
        if candidate.granted is not None and not candidate.granted.reasons:
            # A grant permits the whole output: then the caller is given that.
            clamped = replace(clamped, granted=candidate.granted)
        return clamped

    def decide(self, prepared: PreparedCandidate) -> Candidate:
        """Decide a model by everything but balances; a block beats everything, so it is named first."""
        snapshot, request = self.snapshot, self.request
        candidate = _candidate(snapshot, request, prepared, self.guess, self.now)
        if snapshot.blocks:
            attributes, model, zone = prepared.attributes, prepared.model.id, snapshot.organization.time_zone
            reasons = snapshot.blocks.reasons(request, self.caller, attributes, model, now=self.now, time_zone=zone)
            candidate = replace(candidate, reasons=(*reasons, *candidate.reasons)) if reasons else candidate
        return self._lift(candidate) if snapshot.grants else candidate

    def _lift(self, candidate: Candidate) -> Candidate:
        """Let the grants act that were approved for who asks."""
        snapshot, request, attributes = self.snapshot, self.request, candidate.prepared.attributes
        grants = snapshot.grants.find(attributes, self.now)
        if not grants:
            return candidate
        allowlists = snapshot.applicable.find(attributes, self.now).allowlists
        return lift(
            candidate,
            grants,
            allowlists,
            lambda prepared: _candidate(snapshot, request, prepared, self.guess, self.now),
        )


def _candidate(
    snapshot: Snapshot, request: DecideRequest, prepared: PreparedCandidate, guess: Estimate, now: datetime
) -> Candidate:
    """Decide one model in full by everything but balances. No check stops at the first reason."""
    calls = 1
    reasons: tuple[Reason, ...] = ()
    if request.operation is Operation.BATCH:
        calls, reasons = batch_calls(request)
        context = check_batch_context(prepared, request, guess, calls)
    else:
        context = check_context(
            prepared.bounds,
            prepared.context_limits,
            prepared.model.model,
            input_tokens=guess.input_tokens,
            asked_output=request.max_output_tokens,
            default_output=guess.default_output,
            can_clamp=Ability.CLAMP in request.can,
        )
    output_tokens = context.max_output_tokens * request.n
    amounts = Amounts(guess.input_tokens, output_tokens, None, calls)
    held: Amounts | None = None
    holds: tuple[Hold, ...] = ()
    learned = None
    if prepared.learning is not None:
        learned = snapshot.estimates.find(prepared.model.id, prepared.attributes.get("use_case", ""))
    try:
        cost = _cost(snapshot, request, prepared.model, amounts, now)
        if cost is None and not has_no_model(prepared.model.id, prepared.reasons):
            reasons = (*reasons, _unknown_price(snapshot, request, prepared.model, now))
        amounts = Amounts(guess.input_tokens, output_tokens, cost, calls)
        if learned is None or prepared.learning is None:
            holds = make_holds(prepared.draws, amounts)
        else:
            expected = _expected(snapshot, request, prepared.model, amounts, learned=learned, now=now)
            holds = make_holds(prepared.draws, amounts, expected)
            held = prepared.learning.held(amounts, expected)
    except AmountError as error:
        # A rule that applies but cannot be evaluated fails closed.
        message = f"an amount cannot be computed: {error.message}"
        reasons = (*reasons, Reason(ReasonCode.EVALUATION_ERROR, message))
        amounts = Amounts(0, 0, None, calls)
        prepared = replace(prepared, draws=())
    return Candidate(
        prepared=prepared,
        reasons=(*prepared.reasons, *reasons, *context.reasons),
        warnings=(*prepared.warnings, *context.warnings),
        context=context,
        amounts=amounts,
        held=held or amounts,
        holds=holds,
        estimate=learned,
    )


def _expected(
    snapshot: Snapshot,
    request: DecideRequest,
    model: ResolvedModel,
    asked: Amounts,
    *,
    learned: OutputEstimate,
    now: datetime,
) -> Amounts:
    """Return what a request is expected to come to: never more than was asked for."""
    output_tokens = min(asked.output_tokens, learned.output_tokens * asked.requests * request.n)
    amounts = Amounts(asked.input_tokens, output_tokens, None, asked.requests)
    cost = _cost(snapshot, request, model, amounts, now)
    if cost is None or asked.cost_nano_usd is None:
        return replace(amounts, cost_nano_usd=asked.cost_nano_usd)
    return replace(amounts, cost_nano_usd=min(asked.cost_nano_usd, cost))


def _cost(
    snapshot: Snapshot, request: DecideRequest, model: ResolvedModel, amounts: Amounts, now: datetime
) -> int | None:
    """Return what a request is held for in nano-USD, or None while its price is unknown."""
    price = snapshot.price(model.id, model.provider, now)
    if price is not None and not request.units and request.operation is not Operation.BATCH:
        held = held_nano_usd(price, amounts.input_tokens, amounts.output_tokens)
        if held is not None:
            return held
    # Cache reads that the caller only claims do not lower a hold.
    usage = Usage(input_tokens=amounts.input_tokens, output_tokens=amounts.output_tokens, units=request.units)
    batch = request.operation is Operation.BATCH
    size = average(amounts.input_tokens, amounts.requests)
    for known in (price, snapshot.policies.prices.unknown_price):
        if known is not None:
            cost = cost_nano_usd(known, usage, Rounding.UP, batch=batch, requests=amounts.requests, input_size=size)
            if cost is not None:
                return cost
    return None


def _unknown_price(snapshot: Snapshot, request: DecideRequest, model: ResolvedModel, now: datetime) -> Reason:
    book = snapshot.policies.prices
    price = snapshot.price(model.id, model.provider, now)
    message = gap_words(model.id, price.rates.units if price is not None else None, request.units)
    return Reason(ReasonCode.UNKNOWN_PRICE, message, book.policy, str(book.source) if book.source is not None else "")
