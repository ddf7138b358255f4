"""Releasing and extending what is held."""

from dataclasses import replace

from governor.core.ledger.commands import Extend, Release, ReservationOutcome, ReservationResult
from governor.core.ledger.counter import BUCKET_S, expiry_bucket
from governor.core.ledger.reservation import HOLD_FOR_S_MAX, HeldBudget, Reservation, ReservationState
from governor.core.ledger.working_set import WorkingSet
from governor.core.money import AMOUNT_MAX
from governor.core.units import Unit


def release(work: WorkingSet, command: Release) -> ReservationResult:
    """Give everything back: the call was not made.

    Raises:
        MissingBudgetError: If counters are missing.
    """
    reservation = _own(work, command)
    refused = _refused(work, reservation)
    if reservation is None or refused is not None:
        return ReservationResult(refused or ReservationOutcome.UNKNOWN, reservation)
    work.require_known(held.budget for held in reservation.holds)
    work.unhold(reservation)
    released = work.move(reservation.in_state(ReservationState.RELEASED))
    return ReservationResult(ReservationOutcome.RELEASED, released)


def extend(work: WorkingSet, command: Extend) -> ReservationResult:
    """Let a hold live longer, and hold more money if it is asked for and fits. A hold is never shortened.

    Raises:
        MissingBudgetError: If counters are missing.
    """
    reservation = _own(work, command)
    refused = _refused(work, reservation)
    if reservation is None or refused is not None:
        return ReservationResult(refused or ReservationOutcome.UNKNOWN, reservation)
    work.require_known(held.budget for held in reservation.holds)
    bucket = reservation.expires_at_s
    if command.hold_for_s is not None:
        bucket = max(bucket, expiry_bucket(work.instant_of(reservation) + command.hold_for_s))
    # A life rounds up to its bucket, and so does its longest life.
    if bucket > reservation.at_ms / 1000 + HOLD_FOR_S_MAX + BUCKET_S:
        return ReservationResult(ReservationOutcome.TOO_LONG, reservation)
    ceilings = command.ceilings(reservation)
    holds = tuple(
        _extended(held, command.cost_nano_usd, ceilings.get(held.budget, held.ceiling)) for held in reservation.holds
    )
    if not all(_fits(work, before, after) for before, after in zip(reservation.holds, holds, strict=True)):
        return ReservationResult(ReservationOutcome.NO_ROOM, reservation)
    work.unhold(reservation)
    for held in holds:
        work.touch(held.budget).hold(bucket, held.amount, charge_on_expiry=held.charge_on_expiry)
    facts = reservation.facts
    if command.cost_nano_usd is not None:
        facts = replace(facts, cost_nano_usd=max(command.cost_nano_usd, facts.cost_nano_usd or 0))
    extended = work.move(replace(reservation, expires_at_s=bucket, holds=holds, facts=facts))
    return ReservationResult(ReservationOutcome.EXTENDED, extended)


def _own(work: WorkingSet, command: Release | Extend) -> Reservation | None:
    """Return the reservation if it is the client's own; another client's is as good as unknown."""
    reservation = work.reservation(command.decision_id)
    return reservation if reservation is not None and reservation.client == command.client else None


def _refused(work: WorkingSet, reservation: Reservation | None) -> ReservationOutcome | None:
    """Name why a reservation is no longer held, or return None if it is."""
    if reservation is None:
        return ReservationOutcome.UNKNOWN
    match reservation.state_at(work.instant_of(reservation)):
        case ReservationState.HELD:
            return None
        case ReservationState.SETTLED | ReservationState.SETTLED_LATE:
            return ReservationOutcome.ALREADY_SETTLED
        case ReservationState.RELEASED:
            return ReservationOutcome.ALREADY_RELEASED
        case ReservationState.EXPIRED:
            return ReservationOutcome.ALREADY_EXPIRED
        case ReservationState.DENIED:
            return ReservationOutcome.NOT_HELD


def _extended(held: HeldBudget, cost_nano_usd: int | None, ceiling: int | None) -> HeldBudget:
    """Return a hold that covers a new total cost, under the ceiling of now; amounts of other units stay as they are."""
    if cost_nano_usd is None or held.unit is not Unit.USD:
        return replace(held, ceiling=ceiling)
    return replace(held, amount=max(held.amount, cost_nano_usd), ceiling=ceiling)


def _fits(work: WorkingSet, before: HeldBudget, after: HeldBudget) -> bool:
    more = after.amount - before.amount
    ceiling = AMOUNT_MAX if after.ceiling is None else after.ceiling
    return more <= 0 or work.balance(after.budget).taken + more <= ceiling
