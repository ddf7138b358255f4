"""``GET /budgets`` and ``GET /entitlements``: how much is left, and of what."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from governor.core.grants import GrantKind, GrantState
from governor.edges.api.access import TheGovernor
from governor.edges.api.parameters import Cursor, Instant, Limit, Parameters, Word
from governor.services.budget_page_wire import budget_page_wire, budgets_wire
from governor.services.budgets import PAGE_DEFAULT, BudgetQuery
from governor.services.entitlements import Entitlement, UsableModel
from governor.services.grant_wire import grant_wire

budget_routes = APIRouter(tags=["read"])


class PeriodWire(BaseModel):
    """Half-open; a lifetime has no end."""

    start: datetime | None
    end: datetime | None


class BudgetWire(BaseModel):
    """One budget, as in a decision; amounts are decimal strings in `unit`."""

    policy: str
    scope: dict[str, str]
    unit: str
    limit: str
    ceiling: str | None
    used: str
    held: str
    free: str | None
    why: Annotated[str | None, Field(description="What made the ceiling another than the limit; absent: nothing.")] = (
        None
    )
    period: PeriodWire | None
    existing: Annotated[
        str | None,
        Field(description="Of `used`, what was used before the budget began (`count_existing`); absent: nothing."),
    ] = None
    began_anew: Annotated[
        str | None,
        Field(
            description="When and why an edit of the policy put this budget in the place of another in the middle of "
            "its period, and what therefore does not count; absent: none did."
        ),
    ] = None


class GrantedRestWire(BaseModel):
    """A grant that pays for requests of `scope` where the budget has no room, and what it has left, in its `unit`."""

    id: str
    scope: dict[str, str]
    left: str
    ends_at: datetime


class ListedBudgetWire(BudgetWire):
    """A budget as in a decision, and beside what is `free` what grants would pay."""

    grants: Annotated[
        list[GrantedRestWire] | None,
        Field(description="In the order in which they are drawn on where the budget has no room; absent: none would."),
    ] = None


class GrantWire(BaseModel):
    """An approved exception that acts; the fields of its kind are there alone."""

    id: str
    exception_id: str
    kind: GrantKind
    state: GrantState
    scope: dict[str, str]
    lifts: list[str]
    amount_usd: str
    used_usd: str
    held_usd: str
    left_usd: str
    amounts: list[dict[str, str]] | None = None
    models: list[str] | None = None
    input_tokens_max: int | None = None
    output_tokens_max: int | None = None
    total_tokens_max: int | None = None
    starts_at: datetime
    ends_at: datetime
    issued_at: datetime
    approved_by: list[str]
    revoked_at: datetime | None
    revoked_by: str | None
    revoke_reason: str | None


class BudgetsWire(BaseModel):
    """One page of budgets, and on the first one the grants that act."""

    budgets: list[ListedBudgetWire]
    grants: list[GrantWire]
    next: str | None


class BudgetParameters(Parameters):
    """Which budgets."""

    quota: Annotated[Word, Field(description="A quota's name, with or without `Quota/`.")] = ""
    department: Annotated[Word, Field(description="Also the budgets of its teams and people.")] = ""
    team: Annotated[Word, Field(description="Also the budgets of its people.")] = ""
    user: Word = ""
    at: Annotated[Instant | None, Field(description="The periods that contain this instant; absent: now.")] = None
    cursor: Cursor = ""
    limit: Limit = PAGE_DEFAULT


class ModelWire(BaseModel):
    """A model that is allowed, and its limits in tokens."""

    model: str
    max_input_tokens: Annotated[
        int | None, Field(description="Of one request, by policies and the model's window; null: nothing limits it.")
    ]
    max_output_tokens: Annotated[
        int | None, Field(description="Of one answer, by policies and the model itself; null: nothing limits it.")
    ]
    context_window: int | None
    granted_by: Annotated[
        str | None, Field(description="The grant without which it would be refused, or smaller; absent: none.")
    ] = None


class EnvironmentWire(BaseModel):
    """What is allowed in one environment, and the budgets that requests there draw on."""

    environment: str
    models: list[ModelWire]
    budgets: list[ListedBudgetWire]


class EntitlementWire(BaseModel):
    """What one user may use now."""

    user: str
    attributes: dict[str, str]
    problems: list[str]
    environments: list[EnvironmentWire]
    grants: list[GrantWire]


class EntitlementParameters(Parameters):
    """Whose entitlements."""

    user: Annotated[Word, Field(min_length=1, description="A user by any of their names, or a service account.")]


@budget_routes.get("/budgets", summary="Budgets", response_model=BudgetsWire, response_model_exclude_unset=True)
async def budgets(parameters: Annotated[BudgetParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """List budgets: every quota for every scope, also those that nobody has drawn on yet.

    With each stand its parts: what a day's `pace` leaves, the share of each team that has drawn on it, and what it has
    taken from a fund.
    """
    query = BudgetQuery(**parameters.model_dump(), parts=True)
    page = await governor.budgets.page(query, governor.clock.now())
    return budget_page_wire(page)


@budget_routes.get(
    "/entitlements",
    summary="What a person may use now",
    response_model=EntitlementWire,
    response_model_exclude_unset=True,
)
async def entitlements(parameters: Annotated[EntitlementParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """List the models that a user may use now in each environment, with their limits and what is left."""
    return _wire(await governor.entitlements.of(parameters.user, governor.clock.now()))


def _wire(entitlement: Entitlement) -> dict[str, Any]:
    return {
        "user": entitlement.user,
        "attributes": entitlement.attributes,
        "problems": list(entitlement.problems),
        "environments": [
            {
                "environment": environment.environment,
                "models": [_model(usable) for usable in environment.models],
                "budgets": budgets_wire(environment.budgets, environment.rests),
            }
            for environment in entitlement.environments
        ],
        "grants": [grant_wire(view) for view in entitlement.grants],
    }


def _model(usable: UsableModel) -> dict[str, Any]:
    granted = {"granted_by": usable.granted_by} if usable.granted_by else {}
    return {
        "model": usable.model,
        "max_input_tokens": usable.max_input_tokens,
        "max_output_tokens": usable.max_output_tokens,
        "context_window": usable.context_window,
        **granted,
    }
