"""Routes of those who look: lists, one request, the report and the audit."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from governor.edges.api.approvals.answers import AuditAnswer, CaseAnswer, ExceptionsAnswer, ReportAnswer
from governor.edges.api.approvals.office import ExceptionId, TheOffice
from governor.edges.api.parameters import Cursor, Instant, Limit, Parameters, Word
from governor.services.approvals.audit import head_text, read_audit
from governor.services.approvals.read import RequestQuery, list_requests, read_case
from governor.services.approvals.report import report, report_wire
from governor.services.approvals.wire import case_wire, record_wire, request_wire

looking_routes = APIRouter(tags=["exceptions"])


class ExceptionParameters(Parameters):
    """Which requests."""

    state: Annotated[Word, Field(description="Those in this state now, like `pending`.")] = ""
    requester: Annotated[Word, Field(description="Those that this user asked for, or joined.")] = ""
    department: Word = ""
    waits_for_me: Annotated[
        bool, Field(description="Those that the caller may decide about and has not voted on, or may review.")
    ] = False
    cursor: Cursor = ""
    limit: Limit = 100


class AuditParameters(Parameters):
    """Which records."""

    cursor: Cursor = ""
    limit: Limit = 100


class ReportParameters(Parameters):
    """Which time."""

    since: Annotated[Instant | None, Field(description="Asked at or after.")] = None
    until: Annotated[Instant | None, Field(description="Asked before.")] = None


@looking_routes.get("/exceptions", summary="Requests for exceptions", response_model=ExceptionsAnswer)
async def exceptions(parameters: Annotated[ExceptionParameters, Query()], office: TheOffice) -> dict[str, Any]:
    """List requests, newest first, in the states that they are in now."""
    fields = parameters.model_dump()
    waits_for = office.actor.user if fields.pop("waits_for_me") else ""
    page = await list_requests(office.desk, RequestQuery(waits_for=waits_for, **fields), office.now)
    return {"exceptions": [request_wire(one, office.now) for one in page.requests], "next": page.next}


@looking_routes.get("/exceptions/audit", summary="What happened to exceptions", response_model=AuditAnswer)
async def audit(parameters: Annotated[AuditParameters, Query()], office: TheOffice) -> dict[str, Any]:
    """List the records of all exceptions, the oldest first, with the head of their chain."""
    page = await read_audit(office.desk, cursor=parameters.cursor, limit=parameters.limit)
    return {"records": [record_wire(one) for one in page.records], "next": page.next, "head": head_text(page.head)}


@looking_routes.get("/exceptions/report", summary="What exceptions were worth", response_model=ReportAnswer)
async def sums(parameters: Annotated[ReportParameters, Query()], office: TheOffice) -> dict[str, Any]:
    """Sum up what was asked, granted and used, what came of it, and how long it took, by department and approver."""
    since, until = parameters.since, parameters.until
    return report_wire(await report(office.desk, office.governor.ledger, office.now, since=since, until=until))


@looking_routes.get(
    "/exceptions/{exception_id}",
    summary="One request",
    response_model=CaseAnswer,
    response_model_exclude_unset=True,
)
async def one(exception_id: ExceptionId, office: TheOffice) -> dict[str, Any]:
    """Show a request, who may decide about it, what they should know as of now, and everything that happened."""
    governor, now = office.governor, office.now
    case = await read_case(office.desk, exception_id, now)
    grant = await governor.grant_keeper.view(case.request.id, now) if case.request.approved_at else None
    return case_wire(case, await governor.facts.of(case, now), grant)
