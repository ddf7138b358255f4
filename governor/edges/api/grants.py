"""``GET /grants``: approved exceptions, what they have paid, and which of them nobody uses."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from governor.core.grants import GrantState
from governor.edges.api.access import TheGovernor
from governor.edges.api.budgets import GrantWire
from governor.edges.api.parameters import Cursor, Limit, Parameters, Word
from governor.services.list_grants import GrantQuery, Use, list_grants, listed_wire

grant_routes = APIRouter(tags=["exceptions"])


class ListedGrantWire(GrantWire):
    """A grant, and what has been made of it."""

    use: Annotated[
        Use,
        Field(
            description="`unused`: requests came, and none needed it; `never_matched`: none came that it could serve."
        ),
    ]


class GrantsWire(BaseModel):
    """One page of grants, newest first."""

    grants: list[ListedGrantWire]
    next: str | None


class GrantParameters(Parameters):
    """Which grants."""

    state: Annotated[GrantState | None, Field(description="Those in this state now; absent: all.")] = None
    use: Annotated[Use | None, Field(description="Those of which this has been made; absent: all.")] = None
    exception_id: Annotated[Word, Field(description="The grant of this exception.")] = ""
    cursor: Cursor = ""
    limit: Limit = 100


@grant_routes.get("/grants", summary="Grants", response_model=GrantsWire, response_model_exclude_unset=True)
async def grants(parameters: Annotated[GrantParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """List approved exceptions: those that act, are used up, have ended or were revoked, and what each has paid."""
    query = GrantQuery(**parameters.model_dump())
    return listed_wire(await list_grants(governor.grant_keeper, governor.database, query, governor.clock.now()))
