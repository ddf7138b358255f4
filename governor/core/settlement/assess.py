"""From a usage event to the amounts that it posts: the settlement table of the design, line by line."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from governor.core.calendar_days import hour_start_s
from governor.core.decisions.caller import Caller
from governor.core.decisions.event import CallStatus, UsageEvent
from governor.core.decisions.request import Operation
from governor.core.decisions.snapshot import Snapshot
from governor.core.decisions.subject import resolve_subject
from governor.core.errors import AmountError
from governor.core.ledger.commands import Assessment, Posting
from governor.core.ledger.entry import ChargedBudget, Entry, RollupKey
from governor.core.ledger.reservation import Reservation, ReservationState
from governor.core.models import ResolvedModel
from governor.core.money import bounded
from governor.core.settlement.postings import (
    Actual,
    Target,
    held_postings,
    own_targets,
    quota_targets,
    reserved_targets,
)
from governor.core.settlement.pricing import batch_input_size, gap_note, usage_cost
from governor.core.units import Counts, Unit
from governor.core.usage import Usage

AHEAD_MAX = timedelta(minutes=5)
"""How far an unreserved event's time may lie ahead: clocks differ, but not by more."""

AGE_MAX = timedelta(days=90)
"""How old an unreserved event may be: older periods are closed and reported."""

_SETTLED = frozenset({ReservationState.SETTLED, ReservationState.SETTLED_LATE})
_NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class _Case:
    """An event with what is known about it."""

    snapshot: Snapshot
    event: UsageEvent
    received_at: datetime
    reservation: Reservation | None
    corrected: Entry | None
    attributes: Mapping[str, str]
    booked_at: datetime
    occurred_at: datetime
    model: ResolvedModel


def assess(
    snapshot: Snapshot,
    event: UsageEvent,
    caller: Caller,
    received_at: datetime,
    *,
    reservation: Reservation | None,
    corrected: Entry | None,
) -> Assessment:
    """Work out what a usage event posts.

    Args:
        snapshot: Prices, and for unreserved events the quotas, at receipt.
        event: As reported.
        caller: The key that reports; its subject counts for unreserved events.
        received_at: The door's instant.
        reservation: The decision that the event belongs to, or None: unreserved.
        corrected: The entry that the event corrects, with the model and budgets of its latest correction, or None.

    Returns:
        The whole amounts on every budget that it charges, or why it is rejected. Never refused for lack of room: the
        money is spent.
    """
    try:
        case = _case(snapshot, event, caller, received_at, reservation=reservation, corrected=corrected)
        refusal = _refusal(case)
        if refusal is not None:
            return _rejected(case, refusal)
        if event.usage is None and event.status in {CallStatus.CANCELLED, CallStatus.TIMEOUT}:
            return _at_held_amount(case)
        return _at_reported_usage(case)
    except AmountError as error:
        return Assessment(error.message, _NOTHING, 0, 0, (), event.model, event.provider, RollupKey(0), 0)


def _case(
    snapshot: Snapshot,
    event: UsageEvent,
    caller: Caller,
    received_at: datetime,
    *,
    reservation: Reservation | None,
    corrected: Entry | None,
) -> _Case:
    first_at = datetime.fromtimestamp(corrected.occurred_at_ms / 1000, UTC) if corrected is not None else None
    if reservation is not None:
        booked_at = datetime.fromtimestamp(reservation.at_ms / 1000, UTC)
        stated_at = event.occurred_at or first_at or received_at
        # A call comes after its decision and before its report: no other time may choose a cheaper price.
        occurred_at = max(booked_at, min(stated_at, received_at))
        facts = reservation.facts
        attributes: Mapping[str, str] = facts.attributes
        provider = event.provider or (facts.provider if not event.model else "")
        model = snapshot.model(event.model or facts.model, provider)
        if model.id == facts.model and not event.provider:
            model = snapshot.model(model.id, facts.provider)
    else:
        occurred_at = event.occurred_at or first_at or received_at
        # A correction stays in the period of what it corrects, whatever its own time says.
        booked_at = first_at or occurred_at
        model = snapshot.model(event.model, event.provider)
        attributes = _attributes(snapshot, event, caller, booked_at, corrected)
    if corrected is not None and not event.provider and model.id == corrected.model:
        model = snapshot.model(model.id, corrected.provider)
    attributes = {**attributes, "model": model.id, "operation": event.operation}
    if model.provider:
        attributes["provider"] = model.provider
    return _Case(snapshot, event, received_at, reservation, corrected, attributes, booked_at, occurred_at, model)


def _attributes(
    snapshot: Snapshot, event: UsageEvent, caller: Caller, at: datetime, corrected: Entry | None
) -> Mapping[str, str]:
    """Return who an unreserved event belongs to: for a correction, whoever the original was booked on."""
    if corrected is not None:
        return corrected.attributes
    resolved = resolve_subject(snapshot.organization, event.subject, caller, event.use_case, at)
    resolved.attributes.update((f"tags.{key}", value) for key, value in event.tags.items())
    return resolved.attributes


def _refusal(case: _Case) -> str | None:
    """Say why an event cannot be recorded at all, or return None."""
    event = case.event
    if event.usage is not None:
        contradiction = event.usage.contradiction()
        if contradiction is not None:
            return contradiction
    elif event.status is CallStatus.OK:
        return "a call that ended `ok` must report its usage; send usage, or another status"
    elif event.status in {CallStatus.CANCELLED, CallStatus.TIMEOUT} and not _holds_something(case.reservation):
        return f"a call that ended `{event.status}` without usage needs a decision whose hold can be charged"
    if case.reservation is None:
        if case.occurred_at > case.received_at + AHEAD_MAX:
            return "the event's time is more than 5 minutes ahead; check the clock of its sender"
        if case.occurred_at < _first_received_at(case) - AGE_MAX:
            return "the event is more than 90 days old; its periods are closed, so book it as an adjustment"
    return None


def _holds_something(reservation: Reservation | None) -> bool:
    return reservation is not None and reservation.state is not ReservationState.DENIED


def _rejected(case: _Case, reason: str) -> Assessment:
    return Assessment(reason, _NOTHING, 0, 0, (), case.model.id, case.model.provider, RollupKey(0), 0)


def _at_held_amount(case: _Case) -> Assessment:
    """Charge what was held: the call was cut off, and nobody knows yet what it had used."""
    reservation = case.reservation
    assert reservation is not None
    facts = reservation.facts
    money = [held.amount for held in reservation.holds if held.unit is Unit.USD]
    usage = Usage(input_tokens=facts.input_tokens, output_tokens=facts.output_tokens)
    cost = max(money, default=facts.cost_nano_usd or 0)
    actual = Actual(usage, cost, facts.requests)
    return _assessment(case, actual, held_postings(reservation.holds, actual), estimated=True)


def _at_reported_usage(case: _Case) -> Assessment:
    event, reservation = case.event, case.reservation
    usage = event.usage or _NOTHING
    cost = 0
    unpriced = estimated = False
    requests = 0
    if event.usage is not None:
        requests = _requests(case)
        priced = _price(case, usage, requests)
        unpriced = priced is None
        # An unknown price is not zero: what was held is the best guess there is, but no less than what is known.
        guess = reservation.facts.cost_nano_usd if reservation is not None else None
        known = _price(case, replace(usage, units={}), requests) if unpriced and usage.units else None
        cost = priced if priced is not None else max(guess or 0, known or 0)
        estimated = event.estimated or (priced is None and guess is not None)
    for counts in Counts:
        bounded(usage.tokens(counts))
    actual = Actual(usage, cost, requests)
    targets = _targets(case)
    postings = tuple([target.posting(actual) for target in targets])
    charged = tuple([target.charged for target in targets])
    return _assessment(case, actual, postings, charged=charged, estimated=estimated, unpriced=unpriced)


def _targets(case: _Case) -> tuple[Target, ...]:
    """Return the budgets that an event charges; a correction charges those of its original, whatever quotas say now."""
    snapshot, reservation, corrected = case.snapshot, case.reservation, case.corrected
    before: tuple[Target, ...] | None = None
    if corrected is not None and corrected.charged is not None:
        before = tuple(Target(charged) for charged in corrected.charged)
        if (case.model.id, case.model.provider) == (corrected.model, corrected.provider):
            return before
    if reservation is None or reservation.state is ReservationState.DENIED:
        first_received_at = _first_received_at(case)
        if before is None:
            return quota_targets(snapshot, case.attributes, first_received_at, case.booked_at)
        kept = tuple(target for target in before if not target.charged.of_model)
        return kept + own_targets(snapshot, case.attributes, first_received_at, case.booked_at, kept)
    reserved = reserved_targets(reservation.holds)
    if not _mismatch(case) and case.model.provider == reservation.facts.provider:
        return reserved
    decided = reservation.facts.attributes
    return reserved + own_targets(snapshot, case.attributes, case.booked_at, case.booked_at, reserved, decided=decided)


def _requests(case: _Case) -> int:
    """Return the calls that an event stands for: one, or those of a batch with the event that ends it.

    What is reported in parts, a session or a batch, was still asked for once.
    """
    reservation = case.reservation
    if reservation is None or reservation.facts.operation != Operation.BATCH:
        if case.corrected is not None and case.corrected.usage != _NOTHING:
            return case.corrected.requests
        return 1 if case.event.final else 0
    if case.corrected is not None:
        return case.corrected.requests
    ends = case.event.final and reservation.state not in _SETTLED
    return reservation.facts.requests if ends else 0


def _price(case: _Case, usage: Usage, requests: int) -> int | None:
    """Price usage at its own time; None if no price is known."""
    model = case.model
    return usage_cost(
        case.snapshot,
        model.id,
        model.provider,
        usage,
        at=case.occurred_at,
        batch=_is_batch(case),
        requests=requests,
        input_size=batch_input_size(usage, case.reservation),
        parts=case.event.parts,
    )


def _is_batch(case: _Case) -> bool:
    decided = case.reservation.facts.operation if case.reservation is not None else ""
    return Operation.BATCH in {case.event.operation, decided}


def _first_received_at(case: _Case) -> datetime:
    """Return when the event was received: for a correction, when its original was."""
    if case.corrected is None:
        return case.received_at
    return datetime.fromtimestamp(case.corrected.received_at_ms / 1000, UTC)


def _mismatch(case: _Case) -> bool:
    return case.reservation is not None and case.model.id != case.reservation.facts.model


def _assessment(
    case: _Case,
    actual: Actual,
    postings: tuple[Posting, ...],
    *,
    charged: tuple[ChargedBudget, ...] | None = None,
    estimated: bool,
    unpriced: bool = False,
) -> Assessment:
    attributes, model = case.attributes, case.model
    note = ""
    if unpriced:
        at, batch = case.occurred_at, _is_batch(case)
        note = gap_note(case.snapshot, model.id, model.provider, actual.usage, at=at, batch=batch)
    return Assessment(
        rejected=None,
        usage=actual.usage,
        cost_nano_usd=actual.cost_nano_usd,
        requests=actual.requests,
        postings=postings,
        model=model.id,
        provider=model.provider,
        rollup=RollupKey(
            hour_s=hour_start_s(case.booked_at, case.snapshot.organization.time_zone),
            department=attributes.get("department", ""),
            team=attributes.get("team", ""),
            user=attributes.get("user", ""),
            project=attributes.get("project", ""),
            environment=attributes.get("environment", ""),
            use_case=attributes.get("use_case", ""),
            model=model.id,
            provider=model.provider,
        ),
        attributes=attributes,
        charged=charged,
        occurred_at_ms=int(case.occurred_at.timestamp() * 1000),
        unpriced=unpriced,
        estimated=estimated,
        model_mismatch=_mismatch(case),
        note=note,
        parts=case.event.parts,
    )
