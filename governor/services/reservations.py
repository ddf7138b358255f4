"""Release and extend what a decision holds."""

from dataclasses import replace
from datetime import datetime

from governor.core.decisions.caller import Caller
from governor.core.decisions.extending import path_now
from governor.core.decisions.ids import id_bytes
from governor.core.errors import ConflictError, InvalidRequestError, NotFoundError
from governor.core.ledger.commands import Extend, PathNow, Release, ReservationOutcome, ReservationResult
from governor.core.ledger.port import Ledger
from governor.core.ledger.reservation import Reservation
from governor.services.snapshots import Snapshots

DEADLINE_S = 5.0
"""How long a release or an extension waits for the ledger; both may be sent again."""

_DONE = frozenset({ReservationOutcome.RELEASED, ReservationOutcome.EXTENDED, ReservationOutcome.ALREADY_RELEASED})


class ReservationKeeper:
    """Answers ``/reservations/{id}/release`` and ``/extend``.

    Args:
        snapshots: The limits in force.
        ledger: Where budgets are held.
    """

    def __init__(self, snapshots: Snapshots, ledger: Ledger) -> None:
        self._snapshots = snapshots
        self._ledger = ledger

    async def release(self, reservation_id: str, caller: Caller) -> ReservationResult:
        """Give everything back, because the call was not made. Repeating it changes nothing.

        Raises:
            NotFoundError: If the caller has no such reservation.
            ConflictError: If it is settled or expired.
            LedgerUnavailableError: If the ledger does not answer; sending it again is safe.
        """
        command = Release(decision_bytes(reservation_id), caller.name)
        return _checked(await self._ledger.submit(command, deadline_s=DEADLINE_S), reservation_id)

    async def extend(
        self, reservation_id: str, caller: Caller, hold_for_s: int | None, cost_nano_usd: int | None, now: datetime
    ) -> ReservationResult:
        """Let a hold live longer and, if a cost is given, hold that much, under the limits in force now.

        Args:
            reservation_id: Of the caller's own reservation.
            caller: Who asks.
            hold_for_s: New life in seconds from now; at most 24 hours from the decision in all. None: as before.
            cost_nano_usd: Cost to hold from now on, beside what was reported already. None: as before.
            now: The door's instant.

        Raises:
            NotFoundError: If the caller has no such reservation.
            ConflictError: If it is no longer held, a budget has no room, or somebody stopped what it was made for.
            InvalidRequestError: If it would live too long.
            LedgerUnavailableError: If the ledger does not answer; sending it again is safe.
        """
        identifier = decision_bytes(reservation_id)
        command = Extend(
            identifier,
            caller.name,
            hold_for_s,
            cost_nano_usd,
            lambda reservation: self._path(reservation, now),
        )
        return _checked(await self._ledger.submit(command, deadline_s=DEADLINE_S), reservation_id)

    def _path(self, reservation: Reservation, now: datetime) -> PathNow:
        snapshot = self._snapshots.current
        attributes = snapshot.organization.named_now(reservation.facts.attributes)
        reservation = replace(reservation, facts=replace(reservation.facts, attributes=attributes))
        block = snapshot.blocks.on_reservation(reservation, now)
        if block is not None:
            raise ConflictError(
                f"{block.placed_by} has stopped the {block.kind.value.replace('_', ' ')} {block.name}: {block.reason}; "
                "what is held ends at its time",
                code="blocked",
                block=block.ref,
            )
        return path_now(snapshot, reservation, now)


def decision_bytes(text: str) -> bytes:
    """Return the 16 bytes of a decision's or a reservation's id.

    Raises:
        NotFoundError: If it is not an id: then nothing is known under it.
    """
    identifier = id_bytes(text)
    if identifier is None:
        raise unknown(text)
    return identifier


def unknown(text: str) -> NotFoundError:
    """Make the error for an id that nothing is known under."""
    return NotFoundError(f"nothing is known under `{text[:80]}`; send an id that /decide answered", id=text[:200])


def _checked(result: object, reservation_id: str) -> ReservationResult:
    assert isinstance(result, ReservationResult)
    outcome = result.outcome
    if outcome in _DONE:
        return result
    if outcome is ReservationOutcome.UNKNOWN:
        raise unknown(reservation_id)
    if outcome is ReservationOutcome.TOO_LONG:
        raise InvalidRequestError(
            "a hold lives at most 24 hours from its decision; ask for less", code="hold_too_long", field="hold_for"
        )
    if outcome is ReservationOutcome.NO_ROOM:
        raise ConflictError(
            "a budget on the path has no room for this cost; what was held is held still", code="quota_exceeded"
        )
    raise ConflictError(
        f"the reservation is not held any more ({outcome}); send a new attempt to /decide",
        code="not_held",
        outcome=str(outcome),
    )
