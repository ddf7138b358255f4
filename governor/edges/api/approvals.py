"""``/exceptions``: ask, decide, look back, and audit; a known person stands behind every act."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from governor.core.approvals.request import Act, Actor, Door
from governor.edges.api.access import TheCaller, TheGovernor
from governor.edges.api.approval_answers import (
    AuditAnswer,
    CaseAnswer,
    CreatedAnswer,
    DelegationAnswer,
    DelegationsAnswer,
    ExceptionAnswer,
    ExceptionsAnswer,
    PreviewAnswer,
    ReportAnswer,
)
from governor.edges.api.bodies import require_json
from governor.edges.api.decoding import BodyDecoder, T
from governor.edges.api.parameters import Cursor, Instant, Limit, Parameters, Word
from governor.edges.api.wire_approvals import (
    APPROVE,
    CAME_OF_IT,
    DELEGATION,
    EXCEPTION,
    EXTENSION,
    MAYBE_REASON,
    NOTHING,
    QUESTION,
    REASON,
    REVIEW,
)
from governor.services.approvals.actors import actor_of
from governor.services.approvals.ask import ask
from governor.services.approvals.audit import head_text, read_audit
from governor.services.approvals.break_glass import break_glass
from governor.services.approvals.close import cancel, revoke
from governor.services.approvals.create import create, preview
from governor.services.approvals.delegate import delegate, end_delegations, list_delegations
from governor.services.approvals.desk import Acted
from governor.services.approvals.extend import extend
from governor.services.approvals.look_back import review, tell_outcome
from governor.services.approvals.read import RequestQuery, list_requests, read_case
from governor.services.approvals.report import report, report_wire
from governor.services.approvals.vote import approve, deny, withdraw
from governor.services.approvals.wire import (
    case_wire,
    created_wire,
    delegation_wire,
    preview_wire,
    record_wire,
    request_wire,
)
from governor.services.keys import Identity
from governor.wiring import Governor

approval_routes = APIRouter(tags=["exceptions"])

ExceptionId = Annotated[str, Path(description="The `id` of a request.", max_length=64)]
_CHANGES_GRANTS = frozenset({Act.ACTIVATED, Act.REVOKED})


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

    after: Annotated[int, Field(ge=0, le=2**62, description="Those after this number.")] = 0
    limit: Limit = 100


class ReportParameters(Parameters):
    """Which time."""

    since: Annotated[Instant | None, Field(description="Asked at or after.")] = None
    until: Annotated[Instant | None, Field(description="Asked before.")] = None


@approval_routes.post("/exceptions", summary="Ask for an exception", response_model=CreatedAnswer)
async def ask_for(request: Request, governor: TheGovernor, caller: TheCaller) -> dict[str, Any]:
    """Ask for more budget, a model or larger requests, until a stated time.

    Its cost decides who answers: what it may spend, and what the same scope was granted this period. What is asked for
    already is joined instead (`joined_existing`).
    """
    now = governor.clock.now()
    wish = (await _body(request, EXCEPTION)).to_core(now)
    created = await create(governor.desk, wish, _actor(governor, caller), now)
    await _refresh(governor, created.acted)
    return created_wire(created, now)


@approval_routes.post("/exceptions/preview", summary="What would happen to a request", response_model=PreviewAnswer)
async def what_if(request: Request, governor: TheGovernor, caller: TheCaller) -> dict[str, Any]:
    """Say what it would cost and who would be asked. Nothing is kept, and nobody is asked."""
    now = governor.clock.now()
    wish = (await _body(request, EXCEPTION)).to_core(now)
    return preview_wire(await preview(governor.desk, wish, _actor(governor, caller), now))


@approval_routes.post("/exceptions/break-glass", summary="Lift quotas at once", response_model=ExceptionAnswer)
async def lift_at_once(request: Request, governor: TheGovernor, caller: TheCaller) -> dict[str, Any]:
    """Lift quotas without asking, for whom a rule lets; somebody else reviews it afterwards."""
    now = governor.clock.now()
    wish = (await _body(request, EXCEPTION)).to_core(now)
    return await _done(governor, await break_glass(governor.desk, wish, _actor(governor, caller), now))


@approval_routes.get("/exceptions", summary="Requests for exceptions", response_model=ExceptionsAnswer)
async def exceptions(
    parameters: Annotated[ExceptionParameters, Query()], governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """List requests, newest first, in the states that they are in now."""
    now = governor.clock.now()
    fields = parameters.model_dump()
    waits_for = _actor(governor, caller).user if fields.pop("waits_for_me") else ""
    page = await list_requests(governor.desk, RequestQuery(waits_for=waits_for, **fields), now)
    return {"exceptions": [request_wire(one, now) for one in page.requests], "next": page.next}


@approval_routes.get("/exceptions/audit", summary="What happened to exceptions", response_model=AuditAnswer)
async def audit(parameters: Annotated[AuditParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """List the records of all exceptions, the oldest first, with the head of their chain."""
    page = await read_audit(governor.desk, after=parameters.after, limit=parameters.limit)
    return {"records": [record_wire(one) for one in page.records], "next": page.next, "head": head_text(page.head)}


@approval_routes.get("/exceptions/report", summary="What exceptions were worth", response_model=ReportAnswer)
async def sums(parameters: Annotated[ReportParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """Sum up what was asked, granted and used, what came of it, and how long it took, by department and approver."""
    now = governor.clock.now()
    made = await report(governor.desk, governor.ledger, now, since=parameters.since, until=parameters.until)
    return report_wire(made)


@approval_routes.get("/exceptions/delegations", summary="Who votes for whom", response_model=DelegationsAnswer)
async def delegations(governor: TheGovernor) -> dict[str, Any]:
    """List the delegations that act now."""
    found = await list_delegations(governor.desk, governor.clock.now())
    return {"delegations": [delegation_wire(one) for one in found]}


@approval_routes.post("/exceptions/delegations", summary="Let somebody vote for me", response_model=DelegationAnswer)
async def let_vote(request: Request, governor: TheGovernor, caller: TheCaller) -> dict[str, Any]:
    """Let somebody else vote in one's place, where rules allow it, until a stated time; it replaces the one before."""
    now = governor.clock.now()
    body = await _body(request, DELEGATION)
    made = await delegate(governor.desk, _actor(governor, caller), body.to, body.end(now), now)
    return delegation_wire(made)


@approval_routes.post("/exceptions/delegations/end", summary="Vote myself again", response_model=DelegationsAnswer)
async def vote_again(request: Request, governor: TheGovernor, caller: TheCaller) -> dict[str, Any]:
    """Take back whatever one has delegated."""
    await _body(request, NOTHING)
    ended = await end_delegations(governor.desk, _actor(governor, caller), governor.clock.now())
    return {"delegations": [delegation_wire(one) for one in ended]}


@approval_routes.get("/exceptions/{exception_id}", summary="One request", response_model=CaseAnswer)
async def one(exception_id: ExceptionId, governor: TheGovernor) -> dict[str, Any]:
    """Show a request, who may decide about it, what they should know as of now, and everything that happened."""
    now = governor.clock.now()
    case = await read_case(governor.desk, exception_id, now)
    grant = await governor.grant_keeper.view(case.request.id, now) if case.request.approved_at else None
    return case_wire(case, await governor.facts.of(case, now), grant)


@approval_routes.post("/exceptions/{exception_id}/approve", summary="Approve", response_model=ExceptionAnswer)
async def say_yes(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Vote for a request, as it stands or for less or shorter, which resets the votes before."""
    body = await _body(request, APPROVE)
    actor, now = _actor(governor, caller), governor.clock.now()
    acted = await approve(governor.desk, exception_id, actor, now, reason=body.reason, instead=body.to_core())
    return await _done(governor, acted)


@approval_routes.post("/exceptions/{exception_id}/deny", summary="Deny", response_model=ExceptionAnswer)
async def say_no(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Vote against a request, with a reason that its requester reads."""
    body = await _body(request, REASON)
    actor, now = _actor(governor, caller), governor.clock.now()
    return await _done(governor, await deny(governor.desk, exception_id, actor, now, reason=body.reason))


@approval_routes.post("/exceptions/{exception_id}/withdraw", summary="Take a vote back", response_model=ExceptionAnswer)
async def take_back(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Take one's vote back, as long as the request is not decided."""
    await _body(request, NOTHING)
    actor, now = _actor(governor, caller), governor.clock.now()
    return await _done(governor, await withdraw(governor.desk, exception_id, actor, now))


@approval_routes.post("/exceptions/{exception_id}/cancel", summary="Cancel", response_model=ExceptionAnswer)
async def call_off(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Take one's request back before it is decided."""
    body = await _body(request, MAYBE_REASON)
    actor, now = _actor(governor, caller), governor.clock.now()
    return await _done(governor, await cancel(governor.desk, exception_id, actor, now, reason=body.reason))


@approval_routes.post("/exceptions/{exception_id}/revoke", summary="End a grant", response_model=ExceptionAnswer)
async def end_it(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """End a grant before its end, on every worker within a second."""
    body = await _body(request, REASON)
    actor, now = _actor(governor, caller), governor.clock.now()
    return await _done(governor, await revoke(governor.desk, exception_id, actor, now, reason=body.reason))


@approval_routes.post("/exceptions/{exception_id}/extend", summary="Ask for longer", response_model=CreatedAnswer)
async def ask_for_longer(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Ask for the same for longer: a request of its own, whose grant begins when the present one ends."""
    now = governor.clock.now()
    body = await _body(request, EXTENSION)
    created = await extend(
        governor.desk,
        exception_id,
        _actor(governor, caller),
        now,
        until_at=body.end(now),
        amount_nano_usd=body.amount(),
        justification=body.justification,
    )
    await _refresh(governor, created.acted)
    return created_wire(created, now)


@approval_routes.post("/exceptions/{exception_id}/ask", summary="Ask or answer", response_model=ExceptionAnswer)
async def ask_back(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Ask the requester something before deciding; from the requester it is the answer."""
    body = await _body(request, QUESTION)
    actor, now = _actor(governor, caller), governor.clock.now()
    return await _done(governor, await ask(governor.desk, exception_id, actor, now, text=body.text))


@approval_routes.post("/exceptions/{exception_id}/review", summary="Review", response_model=ExceptionAnswer)
async def look_at(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Say whether breaking the glass was right."""
    body = await _body(request, REVIEW)
    actor, now = _actor(governor, caller), governor.clock.now()
    acted = await review(governor.desk, exception_id, actor, now, justified=body.justified, note=body.note)
    return await _done(governor, acted)


@approval_routes.post("/exceptions/{exception_id}/outcome", summary="What came of it", response_model=ExceptionAnswer)
async def came_of_it(
    exception_id: ExceptionId, request: Request, governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Say what came of a grant: results, and what they are worth."""
    body = await _body(request, CAME_OF_IT)
    actor, now = _actor(governor, caller), governor.clock.now()
    acted = await tell_outcome(
        governor.desk, exception_id, actor, now, count=body.count, worth_nano_usd=body.worth(), note=body.note
    )
    return await _done(governor, acted)


async def _body(request: Request, decoder: BodyDecoder[T]) -> T:
    require_json(request.scope)
    return decoder.decode(await request.body())


def _actor(governor: Governor, caller: Identity) -> Actor:
    organization = governor.publisher.snapshots.current.organization
    return actor_of(organization, caller, Door.API, governor.clock.now())


async def _done(governor: Governor, acted: Acted) -> dict[str, Any]:
    await _refresh(governor, acted)
    return request_wire(acted.request, governor.clock.now())


async def _refresh(governor: Governor, acted: Acted) -> None:
    """Let a grant that was issued or revoked count at once here; other workers read it within a second."""
    if any(transition.act in _CHANGES_GRANTS for transition in acted.transitions):
        await governor.grants.refresh()
