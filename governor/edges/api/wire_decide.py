"""What ``POST /decide`` reads, and how it becomes a core value. The names are a contract with other gateways."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from governor.core.decisions.request import Ability, AssertedBy, DecideRequest, Operation, Subject
from governor.core.errors import InvalidRequestError
from governor.core.money import AMOUNT_MAX
from governor.edges.api.decoding import BodyDecoder
from governor.edges.api.durations import hold_seconds

Text = Annotated[str, Meta(max_length=256)]
Count = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Positive = Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
Attempt = Annotated[int, Meta(ge=1, le=2**31 - 1)]
UnitName = Annotated[str, Meta(min_length=1, max_length=64)]
TagName = Annotated[str, Meta(min_length=1, max_length=64)]
TAGS_MAX = 50
Units = Annotated[dict[UnitName, Count], Meta(max_length=TAGS_MAX)]
Tags = Annotated[dict[TagName, Text], Meta(max_length=TAGS_MAX)]

_NO_UNITS: dict[str, int] = {}
_NO_TAGS: dict[str, str] = {}


class SubjectWire(Struct, forbid_unknown_fields=True, frozen=True, rename=None):
    """Who asks. One of `user` and `service_account` is needed, unless the key is bound to a subject."""

    user: Annotated[Text | None, Meta(description="The user, by any of the names that the Organization lists.")] = None
    service_account: Annotated[Text | None, Meta(description="A service account that the Organization lists.")] = None
    team: Annotated[Text | None, Meta(description="For known users the Organization's own answer counts.")] = None
    department: Annotated[Text | None, Meta(description="Likewise.")] = None
    project: Text | None = None
    environment: Annotated[Text | None, Meta(description="Absent: the Organization's `default_environment`.")] = None
    task: Annotated[Text | None, Meta(description="One run of an agent, for budgets `per: [task]`.")] = None
    asserted_by: Annotated[
        AssertedBy,
        Meta(
            description="`client` for what the gateway only passes on: budgets ignore it, unless the Organization says "
            "otherwise."
        ),
    ] = AssertedBy.GATEWAY

    def to_core(self) -> Subject:
        """Return the core value; null is absent."""
        return Subject(
            self.user or "",
            self.service_account or "",
            self.team or "",
            self.department or "",
            self.project or "",
            self.environment or "",
            self.task or "",
            self.asserted_by,
        )


class DecideWire(Struct, forbid_unknown_fields=True, frozen=True):
    """One model request, before it is made."""

    model: Annotated[str, Meta(min_length=1, max_length=256, description="The model asked for, by any of its names.")]
    request_id: Annotated[
        Text | None,
        Meta(
            description="The caller's id. The same id, attempt and body get the first answer again. Absent: no replay."
        ),
    ] = None
    attempt: Annotated[Attempt, Meta(description="A retry or a fallback is a new attempt.")] = 1
    parent_decision_id: Annotated[Text | None, Meta(description="The decision that this one follows from.")] = None
    subject: SubjectWire | None = None
    provider: Annotated[Text | None, Meta(description="Who serves and bills it: `bedrock`, `azure`, `vertex`, ...")] = (
        None
    )
    region: Text | None = None
    service_tier: Text | None = None
    operation: Operation = Operation.CHAT
    use_case: Text | None = None
    input_tokens: Annotated[Count | None, Meta(description="Counted input; absent or null: estimated.")] = None
    input_bytes: Annotated[Count | None, Meta(description="Size of the input, for the estimate.")] = None
    cached_input_tokens: Annotated[Count, Meta(description="Part of the input; never lowers what is held.")] = 0
    max_output_tokens: Annotated[Count | None, Meta(description="Upper bound of one answer.")] = None
    n: Annotated[Positive, Meta(description="Number of answers asked for.")] = 1
    units: Annotated[Units, Meta(description="Images, audio_seconds, characters, searches, pages.")] = _NO_UNITS
    requests: Annotated[Positive | None, Meta(description="Requests in a batch; only with `operation: batch`.")] = None
    can: Annotated[list[Ability], Meta(max_length=8, description="What the caller can do with an answer.")] = []
    hold_for: Annotated[Text | None, Meta(description="Life of the hold, like `10 minutes`; at most 24 hours.")] = None
    tags: Annotated[Tags, Meta(description="Free labels, for `tags.<name>` in policies.")] = _NO_TAGS
    dry_run: Annotated[bool, Meta(description="Answer, but hold and store nothing.")] = False


_NOBODY = SubjectWire()
_NOTHING: frozenset[Ability] = frozenset()

DECIDE = BodyDecoder(DecideWire, {".subject": SubjectWire})


def decide_request(wire: DecideWire, fallback_id: str) -> DecideRequest:
    """Return the core value of a decoded body.

    Args:
        wire: The body.
        fallback_id: The id of a request that brings none of its own: unique, so that nothing is replayed.

    Raises:
        InvalidRequestError: If fields contradict each other.
    """
    if wire.requests is not None and wire.operation is not Operation.BATCH:
        raise InvalidRequestError("`requests` is only for `operation: batch`; leave it out", field="requests")
    if wire.input_tokens is not None and wire.cached_input_tokens > wire.input_tokens:
        raise InvalidRequestError(
            f"`cached_input_tokens` ({wire.cached_input_tokens}) is a part of `input_tokens` ({wire.input_tokens}) "
            "and cannot be more",
            field="cached_input_tokens",
        )
    return DecideRequest(
        request_id=wire.request_id or fallback_id,
        subject=(wire.subject or _NOBODY).to_core(),
        model=wire.model,
        attempt=wire.attempt,
        parent_decision_id=wire.parent_decision_id or "",
        provider=wire.provider or "",
        region=wire.region or "",
        service_tier=wire.service_tier or "",
        operation=wire.operation,
        use_case=wire.use_case or "",
        input_tokens=wire.input_tokens,
        input_bytes=wire.input_bytes,
        cached_input_tokens=wire.cached_input_tokens,
        max_output_tokens=wire.max_output_tokens,
        n=wire.n,
        units=wire.units,
        requests=wire.requests,
        can=frozenset(wire.can) if wire.can else _NOTHING,
        hold_for_s=hold_seconds(wire.hold_for) if wire.hold_for is not None else None,
        tags=wire.tags,
        dry_run=wire.dry_run,
    )


BATCH_MAX = 1000


class DecideBatchWire(Struct, forbid_unknown_fields=True, frozen=True):
    """Up to 1,000 requests, decided in order; each is decoded alone, so that a bad one fails in its slot."""

    requests: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=BATCH_MAX)]
    all_or_nothing: Annotated[bool, Meta(description="Allow all of them or none.")] = False


DECIDE_BATCH = BodyDecoder(DecideBatchWire, parts_are_checked=True)


class ExtendWire(Struct, forbid_unknown_fields=True, frozen=True):
    """A call that takes longer, or costs more as it goes on."""

    hold_for: Annotated[
        Text | None,
        Meta(
            description="New life from now, like `10 minutes`; at most 24 hours in all, and never shorter than before. "
            "Absent: as before; then `cost_usd` is needed."
        ),
    ] = None
    cost_usd: Annotated[
        Annotated[str, Meta(max_length=32)] | None,
        Meta(
            description="What to hold from now on, a decimal string; it must fit, and it is never less than before. "
            "What events with `final: false` have reported is not part of it. Absent: as before."
        ),
    ] = None


EXTEND = BodyDecoder(ExtendWire)


class ReleaseWire(Struct, forbid_unknown_fields=True, frozen=True):
    """A call that was not made: everything is given back, so there is nothing to say."""


RELEASE = BodyDecoder(ReleaseWire)
