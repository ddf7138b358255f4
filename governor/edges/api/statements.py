"""``GET /statements``: what each budget's periods came to."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from governor.edges.api.access import TheGovernor
from governor.edges.api.budgets import PeriodWire
from governor.edges.api.examples_control import STATEMENT
from governor.edges.api.parameters import Cursor, Instant, Limit, Parameters, Word
from governor.services.statement_wire import csv_text, page_wire
from governor.services.statements import PAGE_DEFAULT, StatementQuery

statement_routes = APIRouter(tags=["read"])

NEXT_HEADER = "x-governor-next"
"""Where a page of CSV says the cursor of the next one."""


class StatementFormat(StrEnum):
    """How the page is written."""

    JSON = "json"
    CSV = "csv"


class PartWire(BaseModel):
    """What one model, team or use case used; its name is empty where requests named none."""

    name: str
    amount: str
    requests: int


class GrantedWire(BaseModel):
    """What a grant paid for beside the budget."""

    name: str
    amount_usd: str
    requests: int


class FiguresWire(BaseModel):
    """Amounts are decimal strings in `unit`; `on_time`, `late`, `adjusted`, `rerated` and `unreported` make `used`."""

    limit: str
    carried_in: str
    used: str
    held: str
    over: str
    surcharge: str
    carried_out: str
    on_time: str
    late: str
    adjusted: str
    rerated: str
    unreported: str
    requests: int
    overrun_usd: str
    granted_usd: str
    exceptions: list[GrantedWire]
    by_model: list[PartWire]
    by_team: list[PartWire]
    by_use_case: list[PartWire]


class ForecastWire(BaseModel):
    """What was forecast of the period when half of it was over; `more_used` is how much more than the median it was."""

    made_at: datetime
    lower: str
    median: str
    upper: str
    interval_percent: int
    insufficient_data: bool
    more_used: str


class CorrectionWire(BaseModel):
    """A dated correction: by how much each amount changed."""

    at: datetime
    reason: str
    policy_version: str
    changes: dict[str, str | int]


class StatementWire(FiguresWire):
    """What one budget's period came to when it was closed, what was corrected since, and where that leads."""

    policy: str
    scope: dict[str, str]
    unit: str
    period: PeriodWire
    stated_at: datetime
    policy_version: str
    derived: bool
    forecast: ForecastWire | None
    corrections: list[CorrectionWire]
    final: FiguresWire


class StatementsWire(BaseModel):
    """One page of statements, by quota, scope and period."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"statements": [STATEMENT], "next": None}]})

    statements: list[StatementWire]
    next: str | None


class StatementParameters(Parameters):
    """Which statements."""

    quota: Annotated[Word, Field(description="A quota's name, with or without `Quota/`.")] = ""
    department: Annotated[Word, Field(description="Also the statements of its teams and people.")] = ""
    team: Annotated[Word, Field(description="Also the statements of its people.")] = ""
    user: Word = ""
    since: Annotated[Instant | None, Field(description="Periods that end after this instant.")] = None
    until: Annotated[Instant | None, Field(description="Periods that end at this instant or before.")] = None
    empty: Annotated[bool, Field(description="Also periods in which nothing was used.")] = False
    format: Annotated[
        StatementFormat, Field(description=f"`csv`: lines for a spreadsheet; `{NEXT_HEADER}` is the next cursor.")
    ] = StatementFormat.JSON
    cursor: Cursor = ""
    limit: Limit = PAGE_DEFAULT


@statement_routes.get(
    "/statements",
    summary="Statements",
    response_model=StatementsWire,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def statements(parameters: Annotated[StatementParameters, Query()], governor: TheGovernor) -> Any:
    """List what budgets came to, one statement for each scope and period that has ended, with dated corrections."""
    asked = parameters.model_dump(exclude={"format", "since", "until"})
    query = StatementQuery(**asked, from_at=parameters.since, until_at=parameters.until)
    page = await governor.statements.page(query, governor.clock.now())
    wire = page_wire(page)
    if parameters.format is StatementFormat.CSV:
        headers = {NEXT_HEADER: page.next} if page.next is not None else {}
        return Response(csv_text(wire["statements"]), media_type="text/csv", headers=headers)
    return wire
