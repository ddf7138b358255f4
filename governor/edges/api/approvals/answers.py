"""What the routes of ``/exceptions`` answer, for the OpenAPI document."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from governor.core.grants import GrantKind
from governor.edges.api.approvals.examples import AUDIT, CASE, DELEGATION, PREVIEW, REPORT, REQUEST
from governor.edges.api.approvals.facts import FactsAnswer


class TermsAnswer(BaseModel):
    """What a grant gives."""

    amount_usd: str
    from_: datetime | None = Field(alias="from")
    until: datetime
    amounts: dict[str, dict[str, str]]
    models: list[str]
    input_tokens_max: int | None
    output_tokens_max: int | None
    total_tokens_max: int | None


class RequirementAnswer(BaseModel):
    """A group whose votes are needed."""

    group: str
    at_least: int
    instead: str | None = None


class RulingAnswer(BaseModel):
    """How it is decided, as the rule said when it was asked."""

    rule: str
    source: str
    automatic: bool
    requires: list[RequirementAnswer]
    deny_at: int
    decide_in: str
    channel: str | None


class VoteAnswer(BaseModel):
    """One vote; ``by`` gave it in the place of ``member``."""

    member: str
    by: str
    approve: bool
    at: datetime
    door: str
    reason: str | None


class ClosedAnswer(BaseModel):
    """Why it is over; without ``by`` time has done it."""

    at: datetime
    by: str | None
    reason: str | None


class ReviewAnswer(BaseModel):
    """The review of a broken glass."""

    due_at: datetime
    at: datetime | None
    by: str | None
    justified: bool | None
    note: str | None


class CameOfItAnswer(BaseModel):
    """What came of the grant."""

    asked_at: datetime | None
    told_at: datetime | None
    by: str | None
    count: int | None
    worth_usd: str | None
    note: str | None


class ExceptionAnswer(BaseModel):
    """One request for an exception."""

    model_config = ConfigDict(json_schema_extra={"examples": [REQUEST]})

    id: str
    state: str
    kind: str
    scope: dict[str, str]
    lifts: list[str]
    department: str | None
    asked_by: str
    asked_for: str | None
    joined: list[str]
    asked: TermsAnswer
    terms: TermsAnswer
    terms_by: str | None
    justification: str
    outcome: str
    expected_value_usd: str | None
    estimate_usd: str | None
    granted_before_usd: str
    cost_usd: str
    urgent: bool
    extends: str | None
    break_glass: bool
    ruling: RulingAnswer
    votes: list[VoteAnswer]
    created_at: datetime
    remind_at: datetime | None
    escalate_at: datetime | None
    expires_at: datetime | None
    escalated_at: datetime | None
    impossible_at: datetime | None
    approved_at: datetime | None
    approved_by: list[str]
    closed: ClosedAnswer | None
    review: ReviewAnswer | None
    came_of_it: CameOfItAnswer | None
    request_id: str | None
    revision: int


class CreatedAnswer(ExceptionAnswer):
    """A request that was made, or an earlier one for the same that was joined."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**REQUEST, "joined_existing": False, "estimate_basis": "the scope's spend"}]}
    )

    joined_existing: bool
    estimate_basis: str


class RecordAnswer(BaseModel):
    """One thing that happened."""

    seq: int
    subject: str
    act: str
    at: datetime
    actor: str | None
    door: str
    key: str | None
    state: str
    details: dict[str, Any]


class SpentAnswer(BaseModel):
    """What the grant has spent, and has left."""

    spent_usd: str
    left_usd: str


class CaseAnswer(ExceptionAnswer):
    """One request with everything around it."""

    model_config = ConfigDict(json_schema_extra={"examples": [CASE]})

    may_decide: list[str]
    facts: FactsAnswer
    grant: SpentAnswer | None
    records: list[RecordAnswer]


class ExceptionsAnswer(BaseModel):
    """One page of requests, newest first."""

    exceptions: list[ExceptionAnswer]
    next: str | None


class ObstacleAnswer(BaseModel):
    """What still refuses, with the grant; `lifted_by` is the kind of exception that would lift it, null if none."""

    policy: str | None
    message: str
    lifted_by: GrantKind | None


class NarrowAnswer(BaseModel):
    """A budget with less room than the grant may spend."""

    policy: str
    free_usd: str


class TriedAnswer(BaseModel):
    """The request that was tried: the usual one of whom the exception is for."""

    model: str
    input_tokens: int | None
    max_output_tokens: int | None


class TrialAnswer(BaseModel):
    """Whether the exception would help: its grant was tried on the whole path, without being placed."""

    helps: bool
    needed: bool
    summary: str
    obstacles: list[ObstacleAnswer]
    lift_as_well: list[str]
    narrow: list[NarrowAnswer]
    tried: TriedAnswer


class PreviewAnswer(BaseModel):
    """What would happen to a request if it were sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [PREVIEW]})

    kind: str
    scope: dict[str, str]
    lifts: list[str]
    terms: TermsAnswer
    estimate_usd: str | None
    estimate_basis: str
    granted_before_usd: str
    cost_usd: str
    rule: str
    automatic: bool
    requires: list[RequirementAnswer]
    decide_in: str
    trial: TrialAnswer


class AuditAnswer(BaseModel):
    """Records in order, and the chain's head: note it, and a later audit shows whether the chain was cut."""

    model_config = ConfigDict(json_schema_extra={"examples": [AUDIT]})

    records: list[RecordAnswer]
    next: str | None
    head: str


class DelegationAnswer(BaseModel):
    """Who votes in whose place."""

    model_config = ConfigDict(json_schema_extra={"examples": [DELEGATION]})

    id: str
    member: str
    delegate: str
    from_: datetime = Field(alias="from")
    until: datetime
    ended_at: datetime | None


class DelegationsAnswer(BaseModel):
    """The delegations that act now, or those that were ended."""

    delegations: list[DelegationAnswer]
    next: str | None = None


class SumsAnswer(BaseModel):
    """Sums of some requests."""

    requests: int
    states: dict[str, int]
    asked_usd: str
    granted_usd: str
    used_usd: str
    expected_value_usd: str
    worth_usd: str
    told: int
    time_to_decision_s: int | None


class DepartmentAnswer(SumsAnswer):
    """Sums of a department."""

    department: str


class ApproverAnswer(BaseModel):
    """What one approver did."""

    approver: str
    approved: int
    denied: int
    granted_usd: str
    time_to_vote_s: int | None


class ReportAnswer(BaseModel):
    """Asked, granted, used, worth and time to decision."""

    model_config = ConfigDict(json_schema_extra={"examples": [REPORT]})

    total: SumsAnswer
    departments: list[DepartmentAnswer]
    approvers: list[ApproverAnswer]
