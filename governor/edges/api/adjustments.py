"""``/adjustments``: dated, audited entries on budgets."""

from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from governor.edges.api.access import TheCaller, TheGovernor
from governor.edges.api.bodies import require_json
from governor.edges.api.budgets import BudgetWire, PeriodWire
from governor.edges.api.examples_control import ADJUSTED
from governor.edges.api.parameters import Cursor, Limit, Parameters
from governor.edges.api.wire_adjustments import ADJUSTMENT
from governor.services.answers import budget_wire

adjustment_routes = APIRouter(tags=["operate"])

_log = structlog.get_logger("governor.adjustments")


class AdjustmentRecord(BaseModel):
    """One adjustment: what, whose, why, who and when. ``amount`` is in ``unit``.

    ``kind: existing`` was posted by Governor for a quota with ``count_existing``: what was used before the budget.
    """

    id: str
    request_id: str
    kind: str
    quota: str
    scope: dict[str, str]
    unit: str
    amount: str
    period: PeriodWire | None
    at: datetime
    reason: str
    posted_by: str
    posted_with_key: str
    posted_at: datetime


class AdjustmentAnswer(BaseModel):
    """What was posted, and the budget afterwards; ``duplicate`` if it was posted before."""

    model_config = ConfigDict(json_schema_extra={"examples": [ADJUSTED]})

    adjustment: AdjustmentRecord
    duplicate: bool
    budget: BudgetWire


class AdjustmentsAnswer(BaseModel):
    """One page of adjustments, newest first."""

    adjustments: list[AdjustmentRecord]
    next: str | None


class AdjustmentParameters(Parameters):
    """Which adjustments."""

    cursor: Cursor = ""
    limit: Limit = 100


@adjustment_routes.post("/adjustments", summary="Adjust a budget", response_model=AdjustmentAnswer)
async def adjust(request: Request, governor: TheGovernor, caller: TheCaller) -> dict[str, Any]:
    """Post a credit, a debit or an opening balance on one budget: an entry with a reason, never an edit.

    A credit gives back at most what was used; more room is a limit or an exception. A budget has one opening balance.
    """
    require_json(request.scope)
    wish = ADJUSTMENT.decode(await request.body()).to_core()
    adjusted = await governor.adjuster.adjust(wish, caller, governor.clock.now())
    _log.warning("adjusted", **{**adjusted.record, "duplicate": adjusted.duplicate})
    return {
        "adjustment": adjusted.record,
        "duplicate": adjusted.duplicate,
        "budget": budget_wire(adjusted.view),
    }


@adjustment_routes.get("/adjustments", summary="What was adjusted", response_model=AdjustmentsAnswer)
async def adjustments(parameters: Annotated[AdjustmentParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """List adjustments, newest first, with who, when and why."""
    page = await governor.adjuster.page(parameters.cursor, parameters.limit)
    return {"adjustments": list(page.records), "next": page.next}
