"""Routes of those who let somebody else vote in their place."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from governor.edges.api.approvals.answers import DelegationAnswer, DelegationsAnswer
from governor.edges.api.approvals.office import TheOffice
from governor.edges.api.approvals.wire import DELEGATION, NOTHING
from governor.edges.api.parameters import Cursor, Limit, Parameters
from governor.services.approvals.delegate import delegate, end_delegations, list_delegations
from governor.services.approvals.wire import delegation_wire

delegating_routes = APIRouter(tags=["exceptions"])


class DelegationParameters(Parameters):
    """Which page."""

    cursor: Cursor = ""
    limit: Limit = 100


@delegating_routes.get("/exceptions/delegations", summary="Who votes for whom", response_model=DelegationsAnswer)
async def delegations(parameters: Annotated[DelegationParameters, Query()], office: TheOffice) -> dict[str, Any]:
    """List the delegations that act now, the oldest first."""
    page = await list_delegations(office.desk, office.now, **parameters.model_dump())
    return {"delegations": [delegation_wire(one) for one in page.delegations], "next": page.next}


@delegating_routes.post("/exceptions/delegations", summary="Let somebody vote for me", response_model=DelegationAnswer)
async def let_vote(office: TheOffice) -> dict[str, Any]:
    """Let somebody else vote in one's place, where rules allow it, until a stated time; it replaces the one before."""
    body = await office.body(DELEGATION)
    return delegation_wire(await delegate(office.desk, office.actor, body.to, body.end(office.now), office.now))


@delegating_routes.post("/exceptions/delegations/end", summary="Vote myself again", response_model=DelegationsAnswer)
async def vote_again(office: TheOffice) -> dict[str, Any]:
    """Take back whatever one has delegated."""
    await office.body(NOTHING)
    ended = await end_delegations(office.desk, office.actor, office.now)
    return {"delegations": [delegation_wire(one) for one in ended]}
