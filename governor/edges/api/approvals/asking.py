"""Routes of those who ask: what it would cost, the request itself, breaking the glass, and for longer."""

from typing import Any

from fastapi import APIRouter

from governor.edges.api.approvals.answers import CreatedAnswer, ExceptionAnswer, PreviewAnswer
from governor.edges.api.approvals.office import ExceptionId, TheOffice
from governor.edges.api.approvals.wire import EXTENSION
from governor.services.approvals.break_glass import break_glass
from governor.services.approvals.create import create, preview
from governor.services.approvals.extend import extend
from governor.services.approvals.wire import preview_wire

asking_routes = APIRouter(tags=["exceptions"])


@asking_routes.post("/exceptions", summary="Ask for an exception", response_model=CreatedAnswer)
async def ask_for(office: TheOffice) -> dict[str, Any]:
    """Ask for more budget, a model or larger requests, until a stated time.

    Its cost decides who answers: what it may spend, and what the same scope was granted this period. What is asked for
    already is joined instead (`joined_existing`).
    """
    wish = await office.wish()
    return await office.created(await create(office.desk, wish, office.actor, office.now))


@asking_routes.post("/exceptions/preview", summary="What would happen to a request", response_model=PreviewAnswer)
async def what_if(office: TheOffice) -> dict[str, Any]:
    """Say what it would cost and who would be asked. Nothing is kept, and nobody is asked."""
    wish = await office.wish()
    return preview_wire(await preview(office.desk, wish, office.actor, office.now))


@asking_routes.post("/exceptions/break-glass", summary="Lift quotas at once", response_model=ExceptionAnswer)
async def lift_at_once(office: TheOffice) -> dict[str, Any]:
    """Lift quotas without asking, for whom a rule lets; somebody else reviews it afterwards."""
    wish = await office.wish()
    return await office.done(await break_glass(office.desk, wish, office.actor, office.now))


@asking_routes.post("/exceptions/{exception_id}/extend", summary="Ask for longer", response_model=CreatedAnswer)
async def ask_for_longer(exception_id: ExceptionId, office: TheOffice) -> dict[str, Any]:
    """Ask for the same for longer: a request of its own, whose grant begins when the present one ends."""
    body = await office.body(EXTENSION)
    created = await extend(
        office.desk,
        exception_id,
        office.actor,
        office.now,
        until_at=body.end(office.now),
        amount_nano_usd=body.amount(),
        justification=body.justification,
        wish_id=body.request_id or "",
    )
    return await office.created(created)
