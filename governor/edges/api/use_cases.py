"""``GET /use-cases``: what each use case cost, and what came of it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from governor.edges.api.access import TheGovernor
from governor.edges.api.parameters import Cursor, Instant, Limit, Parameters
from governor.services.report_use_cases import ReportPeriod, UseCaseQuery
from governor.services.use_case_wire import report_wire

use_case_routes = APIRouter(tags=["read"])

_RESULT: dict[str, Any] = {
    "requests": 9120,
    "cost_usd": "364.800000000",
    "outcomes": 950,
    "valued_outcomes": 950,
    "worth_usd": "4275.000000000",
    "net_usd": "3910.200000000",
}
_EXAMPLE: dict[str, Any] = {
    "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
    "use_cases": [
        {
            "use_case": "support-triage",
            "registered": True,
            "stage": "production",
            "audience": "customer",
            "owner": "support-lead@acme.example",
            "cost_centre": "6110",
            "outcome": "a resolved ticket",
            **_RESULT,
            "cost_per_outcome_usd": "0.384000000",
            "expected_cost_per_outcome_usd": "0.350000000",
            "over_expected_usd": "32.300000000",
            "worth_per_outcome_usd": "4.500000000",
        }
    ],
    "next": None,
    "totals": _RESULT,
}


class UseCaseParameters(Parameters):
    """Which time is reported."""

    period: Annotated[
        ReportPeriod | None,
        Field(description="A period of the organisation's calendar; absent: the month, unless `since` or `until` say."),
    ] = None
    at: Annotated[Instant | None, Field(description="An instant of that period; absent: now.")] = None
    since: Annotated[
        Instant | None, Field(description="From the hour of the organisation's clock with this instant.")
    ] = None
    until: Annotated[Instant | None, Field(description="Up to, and without, the hour with this instant.")] = None
    cursor: Cursor = ""
    limit: Limit = 100


class ReportedPeriodWire(BaseModel):
    """The time that is reported, half-open; null is without a bound."""

    start: datetime | None
    end: datetime | None


class ResultWire(BaseModel):
    """What was spent and what came of it. `worth_usd` and `net_usd` are null while no worth is known."""

    requests: int
    cost_usd: str
    outcomes: int
    valued_outcomes: int
    worth_usd: str | None
    net_usd: str | None


class UseCaseLineWire(BaseModel):
    """One use case with its result; `use_case` is empty for usage that named none."""

    use_case: str
    registered: bool
    stage: str | None
    audience: str | None
    owner: str | None
    cost_centre: str | None
    outcome: str | None
    requests: int
    cost_usd: str
    outcomes: int
    valued_outcomes: int
    worth_usd: str | None
    net_usd: str | None
    cost_per_outcome_usd: str | None
    expected_cost_per_outcome_usd: str | None
    over_expected_usd: str | None
    worth_per_outcome_usd: str | None


class UseCasesWire(BaseModel):
    """One page of use cases by name, and the totals of all, not only of this page."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    period: ReportedPeriodWire
    use_cases: list[UseCaseLineWire]
    next: str | None
    totals: ResultWire


@use_case_routes.get("/use-cases", summary="Use cases, their cost and outcomes", response_model=UseCasesWire)
async def use_cases(parameters: Annotated[UseCaseParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """Set what settled usage cost against reported outcomes, what was expected, and what they are worth."""
    query = UseCaseQuery(
        period=parameters.period,
        at=parameters.at,
        from_at=parameters.since,
        until_at=parameters.until,
        cursor=parameters.cursor,
        limit=parameters.limit,
    )
    return report_wire(await governor.use_cases.report(query, governor.clock.now()))
