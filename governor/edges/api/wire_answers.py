"""The shape of answers, for the OpenAPI document. A test reads real answers with these, and refuses any other field."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from governor.core.decisions.decision import Basis, Mode, ReasonCode, RemedyType, Verdict
from governor.core.grants import GrantKind
from governor.core.ledger.reservation import ReservationState
from governor.core.ledger.results import EventStatus
from governor.core.units import Unit

UsdText = Annotated[str, Meta(pattern=r"^-?\d+\.\d{9}$", description="USD with nine decimals.")]
Amount = Annotated[str, Meta(pattern=r"^-?\d+(\.\d{1,9})?$", description="In `unit`.")]


class HeldWire(Struct, forbid_unknown_fields=True):
    """What the decision holds until usage is reported, the hold is released, or it expires."""

    id: str
    state: ReservationState
    tokens: int
    cost_usd: UsdText | None
    worst_case_usd: UsdText | None
    expires_at: datetime


class OutputEstimateWire(Struct, forbid_unknown_fields=True):
    """What has been learned of the output of such calls, where a quota on the path holds by it."""

    output_tokens: Annotated[int, Meta(description="Held for each call, never more than was asked for.")]
    percentile: Annotated[int, Meta(description="Nearest rank: so many percent of the outputs are not longer.")]
    outputs: Annotated[int, Meta(description="How many of the newest outputs it was made from.")]
    model: str
    use_case: Annotated[str | None, Meta(description="Null: of all use cases of the model.")]
    version: Annotated[str, Meta(description="The table of estimates that counted.")]


class GrantUseWire(Struct, forbid_unknown_fields=True):
    """An approved exception that the decision rests on: without it, it would have been another one."""

    id: str
    exception_id: Annotated[str, Meta(description="The exception that it was approved for.")]
    kind: Annotated[GrantKind, Meta(description="More budget, a model that a list refuses, or a larger request.")]
    scope: Annotated[dict[str, str], Meta(description="Whom it is for.")]
    lifts: Annotated[list[str], Meta(description="The policies that it lifted for this request.")]
    amount_usd: Annotated[UsdText, Meta(description="What it may spend in all.")]
    left_usd: Annotated[UsdText, Meta(description="What it has left after this request; below zero after an overrun.")]
    ends_at: datetime
    approved_by: list[str]


class ReasonWire(Struct, forbid_unknown_fields=True):
    """One reason; numbers are there where something was compared."""

    code: ReasonCode
    policy: str | None
    source: Annotated[str | None, Meta(description="`file:line` in the policy folder.")]
    message: str
    scope: dict[str, str] | UnsetType = UNSET
    unit: Unit | UnsetType = UNSET
    limit: Amount | UnsetType | None = UNSET
    used: Amount | UnsetType | None = UNSET
    held: Amount | UnsetType | None = UNSET
    requested: Amount | UnsetType | None = UNSET
    resets_at: datetime | UnsetType | None = UNSET
    would_deny: (
        Annotated[bool, Meta(description="In warnings: an audit or warn policy would have refused.")] | UnsetType
    ) = UNSET


class PeriodAnswer(Struct, forbid_unknown_fields=True):
    """Half-open."""

    start: datetime
    end: datetime | None


class BudgetAnswer(Struct, forbid_unknown_fields=True):
    """A budget on the path of the request; amounts are in `unit`."""

    policy: str
    scope: dict[str, str]
    unit: Unit
    limit: Amount
    ceiling: Annotated[Amount | None, Meta(description="How far used and held may go; null: no ceiling.")]
    used: Amount
    held: Amount
    free: Amount | None
    period: PeriodAnswer | None
    why: Annotated[str, Meta(description="What made the ceiling another than the limit.")] | UnsetType = UNSET


class RemedyAnswer(Struct, forbid_unknown_fields=True):
    """One way out of a deny; only the fields that its type needs are there."""

    type: RemedyType
    model: str | UnsetType = UNSET
    max_output_tokens: int | UnsetType = UNSET
    at: datetime | UnsetType = UNSET
    url: str | UnsetType = UNSET
    slack: str | UnsetType = UNSET


class DecisionAnswer(Struct, forbid_unknown_fields=True):
    """The answer; a deny is one like an allow."""

    decision_id: Annotated[str | None, Meta(description="Null for dry runs and degraded answers: nothing is stored.")]
    verdict: Verdict
    requested_model: str
    model: Annotated[str, Meta(description="The canonical id that the gateway may call.")]
    substituted: bool
    max_output_tokens: Annotated[int, Meta(description="What the gateway must send on.")]
    clamped: bool
    basis: Basis
    replayed: Annotated[bool, Meta(description="The same request was answered before: proceed only on `held`.")]
    reservation: HeldWire | None
    reasons: Annotated[list[ReasonWire], Meta(description="All of them, the decisive one first.")]
    warnings: list[ReasonWire]
    budgets: list[BudgetAnswer]
    remedies: list[RemedyAnswer]
    policy_version: str
    mode: Mode
    degraded: Annotated[bool, Meta(description="The ledger gave no answer in time; the policies say what then.")]
    stale_policy: bool
    output_estimate: OutputEstimateWire | UnsetType = UNSET
    grants: list[GrantUseWire] | UnsetType = UNSET


class ErrorFacts(Struct, forbid_unknown_fields=True):
    """What went wrong."""

    code: str
    message: Annotated[str, Meta(description="One sentence that says what to do next.")]
    details: dict[str, Any]
    request_id: Annotated[str, Meta(description="Also in the header `x-request-id`, and in the log.")]


class ErrorAnswer(Struct, forbid_unknown_fields=True):
    """The one shape of every error."""

    error: ErrorFacts


_ANSWER_OR_ERROR = {
    "anyOf": [{"$ref": "#/components/schemas/DecisionAnswer"}, {"$ref": "#/components/schemas/ErrorAnswer"}]
}


class DecisionsAnswer(Struct, forbid_unknown_fields=True):
    """One answer, or one error, for each request, in their order."""

    decisions: list[Annotated[dict[str, Any], Meta(extra_json_schema=_ANSWER_OR_ERROR)]]


class TokensAnswer(Struct, forbid_unknown_fields=True):
    """Counts as recorded."""

    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    units: dict[str, int] | UnsetType = UNSET
    modalities: (
        Annotated[
            dict[str, int],
            Meta(description="Tokens that are not text, as parts of plain and cached input and of output."),
        ]
        | UnsetType
    ) = UNSET


class ProviderUsageAnswer(Struct, forbid_unknown_fields=True):
    """What was found in a provider's own usage object; the object itself is kept with the event."""

    provider: str
    shape: Annotated[str, Meta(description="The form in which it was read; see the reference of provider usage.")]
    reported_cost_usd: Annotated[UsdText | None, Meta(description="What the provider itself says that it cost.")]
    unknown: Annotated[list[str], Meta(description="Fields whose meaning is not known; they are not counted.")]
    warnings: Annotated[list[str], Meta(description="What does not fit, or has no price here.")]


class EventAnswer(Struct, forbid_unknown_fields=True):
    """What a usage event came to."""

    event_id: str
    status: EventStatus
    cost_usd: Annotated[UsdText | None, Meta(description="Null: rejected, or no price is known.")]
    tokens: TokensAnswer | None
    overrun_usd: UsdText | None
    reason: Annotated[str | None, Meta(description="Why it was rejected, or how it was recorded.")]
    estimated: bool
    unpriced: bool
    note: Annotated[str, Meta(description="What has no price, and what to do about it.")] | UnsetType = UNSET
    provider_usage: ProviderUsageAnswer | UnsetType = UNSET
    other_models: (
        Annotated[
            list["EventAnswer"],
            Meta(description="What other models did in the same call, each recorded as an event of its own."),
        ]
        | UnsetType
    ) = UNSET


class EventsAnswer(Struct, forbid_unknown_fields=True):
    """One result for each event, in their order; a bad one does not refuse the others."""

    events: list[EventAnswer]
