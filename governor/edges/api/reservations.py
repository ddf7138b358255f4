"""``POST /reservations/{id}/release`` and ``/extend``."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict

from governor.core.decisions.ids import id_text
from governor.core.errors import InvalidRequestError
from governor.core.ledger.commands import ReservationResult
from governor.core.money import nano_from_text, usd_text
from governor.edges.api.access import TheCaller, TheGovernor
from governor.edges.api.bodies import require_json
from governor.edges.api.durations import hold_seconds
from governor.edges.api.wire_decide import EXTEND, RELEASE

reservation_routes = APIRouter(tags=["decide"])

ReservationId = Annotated[str, Path(description="The `reservation.id` of a decision.", max_length=64)]

_EXAMPLE: dict[str, Any] = {
    "outcome": "extended",
    "reservation": {
        "id": "01a1fba7-6eb0-76be-9208-06bdf5ff425b",
        "state": "held",
        "cost_usd": "0.004500000",
        "expires_at": "2026-11-20T09:40:00Z",
    },
}


class ReservationWire(BaseModel):
    """What is held now."""

    id: str
    state: str
    cost_usd: str | None
    expires_at: datetime


class ReservationAnswer(BaseModel):
    """What became of a release or an extension."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    outcome: str
    reservation: ReservationWire


@reservation_routes.post("/reservations/{reservation_id}/release", summary="Give a hold back")
async def release(
    reservation_id: ReservationId, request: Request, governor: TheGovernor, caller: TheCaller
) -> ReservationAnswer:
    """The call was not made: give everything back. Sending it again changes nothing. A body is not needed."""
    if body := await request.body():
        require_json(request.scope)
        RELEASE.decode(body)
    return _answer(await governor.reservations.release(reservation_id, caller.caller), governor.clock.time())


@reservation_routes.post("/reservations/{reservation_id}/extend", summary="Let a hold live longer")
async def extend(
    reservation_id: ReservationId, request: Request, governor: TheGovernor, caller: TheCaller
) -> ReservationAnswer:
    """The call takes longer, or costs more as it goes on: at most 24 hours in all, if budgets have room."""
    require_json(request.scope)
    wire = EXTEND.decode(await request.body())
    if wire.hold_for is None and wire.cost_usd is None:
        raise InvalidRequestError("send `hold_for`, `cost_usd` or both: nothing is asked for", field="hold_for")
    cost = nano_from_text(wire.cost_usd) if wire.cost_usd is not None else None
    hold_for_s = hold_seconds(wire.hold_for) if wire.hold_for is not None else None
    result = await governor.reservations.extend(reservation_id, caller.caller, hold_for_s, cost, governor.clock.now())
    return _answer(result, governor.clock.time())


def _answer(result: ReservationResult, now_s: float) -> ReservationAnswer:
    reservation = result.reservation
    assert reservation is not None, "an outcome that changed something has its reservation"
    cost = reservation.facts.cost_nano_usd
    return ReservationAnswer(
        outcome=result.outcome,
        reservation=ReservationWire(
            id=id_text(reservation.id),
            state=reservation.state_at(now_s),
            cost_usd=usd_text(cost) if cost is not None else None,
            expires_at=datetime.fromtimestamp(reservation.expires_at_s, UTC),
        ),
    )
