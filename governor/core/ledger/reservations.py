"""Releasing and extending what is held."""

from dataclasses import replace

from governor.core.ledger.commands import Extend, Release, ReservationOutcome, ReservationResult
from governor.core.ledger.counter import BUCKET_S, expiry_bucket
from governor.core.ledger.raising import raised
from governor.core.ledger.reservation import HOLD_FOR_S_MAX, Reservation, ReservationState
from governor.core.ledger.working_set import WorkingSet


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
        UnhydratedError, MissingBudgetError: If counters are missing.
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
    path = command.path(reservation)
    holds, facts = reservation.holds, reservation.facts
    if command.cost_nano_usd is not None:
        larger = raised(holds, command.cost_nano_usd, path, work.find_balance)
        if larger is None:
            return ReservationResult(ReservationOutcome.NO_ROOM, reservation)
        work.require(larger.added)
        holds = larger.holds
        facts = replace(facts, cost_nano_usd=max(command.cost_nano_usd, facts.cost_nano_usd or 0))
    work.unhold(reservation)
    for held in holds:
        work.touch(held.budget).hold(bucket, held.amount, charge_on_expiry=held.charge_on_expiry)
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
