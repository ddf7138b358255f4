"""``GET /decisions`` and ``GET /decisions/{id}``: what was decided, why, and what became of it."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, WithJsonSchema

from governor.core.decisions.ids import id_text
from governor.core.ledger.reservation import Reservation, ReservationState
from governor.edges.api.access import TheGovernor
from governor.edges.api.blocks import BlockAnswer
from governor.edges.api.budgets import GrantWire
from governor.edges.api.parameters import Cursor, Instant, Limit, Parameters, Word
from governor.services.explain import DecisionQuery
from governor.services.explanation_wire import explanation_wire, instant_ms

decision_routes = APIRouter(tags=["read"])


_ANSWER = {
    "anyOf": [{"$ref": "#/components/schemas/DecisionAnswer"}, {"type": "null"}],
    "description": "What `POST /decide` answered; null once its text was forgotten.",
}


class FoundDecisionWire(BaseModel):
    """One decision in a list."""

    decision_id: str
    decided_at: datetime
    client: str
    verdict: str
    state: str
    model: str
    attributes: dict[str, str]
    codes: list[str]
    policy_version: str


class DecisionsWire(BaseModel):
    """One page of decisions, newest first."""

    decisions: list[FoundDecisionWire]
    next: str | None


class DecisionParameters(Parameters):
    """Which decisions."""

    client: Annotated[Word, Field(description="Name of the key that asked.")] = ""
    verdict: Literal["", "allow", "deny"] = ""
    department: Word = ""
    team: Word = ""
    user: Word = ""
    project: Word = ""
    use_case: Word = ""
    model: Annotated[Word, Field(description="Canonical id of the model given.")] = ""
    state: Literal["", "held", "settled", "released", "expired", "settled_late", "denied"] = ""
    code: Annotated[Word, Field(description="A reason's code, like `quota_exceeded`.")] = ""
    parent_decision_id: Annotated[Word, Field(description="Those that followed from this decision.")] = ""
    since: Annotated[Instant | None, Field(description="Decided at or after.")] = None
    until: Annotated[Instant | None, Field(description="Decided before.")] = None
    cursor: Cursor = ""
    limit: Limit = 100


class HoldWire(BaseModel):
    """What a decision holds, or held, on one budget."""

    policy: str
    unit: str
    amount: str
    on_expiry: str


class UsageEntryWire(BaseModel):
    """One usage event as it was posted; corrections post differences."""

    event_id: str
    source: str
    kind: str
    received_at: datetime
    occurred_at: datetime
    model: str
    provider: str
    cost_usd: str
    tokens: dict[str, Any]
    estimated: bool
    unpriced: bool
    provider_usage: Any


class PolicyTextWire(BaseModel):
    """The document of a policy, in the version that decided."""

    policy: str
    source: str | None
    text: str | None


class ExplanationWire(BaseModel):
    """Everything that is known of a decision."""

    decision_id: str
    decided_at: datetime
    client: str
    state: str
    attributes: dict[str, str]
    request: Any
    answer: Annotated[Any, WithJsonSchema(_ANSWER)]
    holds: list[HoldWire]
    usage: list[UsageEntryWire]
    policy_version: str
    policy_digest: str
    policy_text_kept: bool
    policies: list[PolicyTextWire]
    blocks: list[BlockAnswer]
    grants: list[GrantWire]


DecisionId = Annotated[str, Path(description="The `decision_id` of an answer.", max_length=64)]


@decision_routes.get("/decisions", summary="Search decisions", response_model=DecisionsWire)
async def search(parameters: Annotated[DecisionParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """Search decisions, newest first. A page may be shorter than `limit` and still have a `next`."""
    fields = parameters.model_dump()
    query = DecisionQuery(from_at=fields.pop("since"), until_at=fields.pop("until"), **fields)
    page = await governor.explainer.search(query)
    return {"decisions": [_found(reservation, state) for reservation, state in page.decisions], "next": page.next}


@decision_routes.get(
    "/decisions/{decision_id}",
    summary="Explain a decision",
    response_model=ExplanationWire,
    response_model_exclude_unset=True,
)
async def explain(decision_id: DecisionId, governor: TheGovernor) -> dict[str, Any]:
    """Tell what was asked, what was answered, what became of it, and the policies of that time in their own words."""
    return explanation_wire(await governor.explainer.explain(decision_id), governor.clock.now())


def _found(reservation: Reservation, state: ReservationState) -> dict[str, Any]:
    answer = msgspec.json.decode(reservation.answer) if reservation.answer else {}
    return {
        "decision_id": id_text(reservation.id),
        "decided_at": instant_ms(reservation.at_ms),
        "client": reservation.client,
        "verdict": "deny" if reservation.state is ReservationState.DENIED else "allow",
        "state": state,
        "model": reservation.facts.model,
        "attributes": dict(reservation.facts.attributes),
        "codes": [reason["code"] for reason in answer.get("reasons", ())],
        "policy_version": reservation.facts.policy_version,
    }
