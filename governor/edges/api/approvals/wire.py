"""What the routes of ``/exceptions`` read."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from governor.core.errors import AmountError, InvalidRequestError
from governor.core.grants import GrantKind
from governor.core.money import nano_from_text
from governor.core.scopes import Scope
from governor.edges.api.decoding import BodyDecoder
from governor.services.approvals.ends import end_of
from governor.services.approvals.vote import LowerTerms
from governor.services.approvals.wishes import Wish

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Instant = Annotated[datetime, Meta(tz=True)]
Reason = Annotated[str, Meta(min_length=3, max_length=500)]
Prose = Annotated[str, Meta(max_length=2_000)]
Usd = Annotated[str, Meta(min_length=1, max_length=32, description="USD as a decimal, like `250` or `12.50`.")]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Tokens = Annotated[int, Meta(ge=1, le=2**62)]
RequestId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="Your own id: sent again under it, it is the same request and not a second one.",
    ),
]
Length = Annotated[str, Meta(max_length=64, description="How long from now, like `10 days` or `2 hours`.")]


class WhomWire(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """Whom an exception is for: at most one of these; none: whoever asks."""

    user: Annotated[Name | None, Meta(description="A person by any name, or a service account.")] = None
    team: Name | None = None
    project: Name | None = None
    use_case: Name | None = None

    def to_core(self) -> Scope:
        """Return the scope, or nothing.

        Raises:
            InvalidRequestError: If more than one is named.
        """
        named = tuple((key, name) for key in self.__struct_fields__ if (name := getattr(self, key)) is not None)
        if len(named) > 1:
            raise InvalidRequestError("an exception is for one user, team, project or use_case", field="scope")
        return named


class ExceptionWire(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What somebody asks for: more budget, a model, or larger requests, until a stated time."""

    kind: Annotated[
        Literal["budget", "model", "context"],
        Meta(description="More of a quota, a model that is refused, or larger requests than a limit allows."),
    ]
    lifts: Annotated[
        list[Name],
        Meta(
            min_length=1,
            max_length=16,
            description="The policies that stand in the way, as a deny names them: `Quota/x`, `ModelAllowlist/y`, "
            "`ContextLimit/z`.",
        ),
    ]
    until: Annotated[Instant | None, Meta(description="First instant at which it no longer acts.")] = None
    for_: Length | None = field(default=None, name="for")
    scope: WhomWire = field(default_factory=WhomWire)
    amount_usd: Annotated[
        Usd | None, Meta(description="What it may spend in all; absent: as much as Governor estimates.")
    ] = None
    amounts: Annotated[
        dict[Name, Tokens],
        Meta(max_length=16, description="For quotas that count tokens or requests: how much of their unit, by policy."),
    ] = field(default_factory=dict)
    models: Annotated[list[Name], Meta(max_length=32, description="For kind `model`.")] = field(default_factory=list)
    input_tokens_max: Annotated[Tokens | None, Meta(description="For kind `context`: input of one request.")] = None
    output_tokens_max: Tokens | None = None
    total_tokens_max: Tokens | None = None
    justification: Annotated[Prose, Meta(description="Why.")] = ""
    outcome: Annotated[Prose, Meta(description="The business outcome.")] = ""
    expected_value_usd: Annotated[Usd | None, Meta(description="What that is expected to be worth.")] = None
    urgent: Annotated[bool, Meta(description="Reminds and escalates sooner.")] = False
    request_id: RequestId | None = None

    def to_core(self, now: datetime) -> Wish:
        """Return what is wished.

        Raises:
            InvalidRequestError: If an amount is none, or not exactly one end is given.
        """
        return Wish(
            kind=GrantKind(self.kind),
            lifts=tuple(self.lifts),
            until_at=_end(self.until, self.for_, now),
            scope=self.scope.to_core(),
            amount_nano_usd=_usd(self.amount_usd, "amount_usd"),
            amounts=dict(self.amounts),
            models=tuple(self.models),
            input_tokens_max=self.input_tokens_max,
            output_tokens_max=self.output_tokens_max,
            total_tokens_max=self.total_tokens_max,
            justification=self.justification,
            outcome=self.outcome,
            expected_value_nano_usd=_usd(self.expected_value_usd, "expected_value_usd"),
            urgent=self.urgent,
            request_id=self.request_id or "",
        )


class ApproveWire(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """A vote for a request; less or shorter than asked resets the votes before."""

    reason: Annotated[str, Meta(max_length=500)] = ""
    amount_usd: Usd | None = None
    until: Instant | None = None
    input_tokens_max: Tokens | None = None
    output_tokens_max: Tokens | None = None
    total_tokens_max: Tokens | None = None

    def to_core(self) -> LowerTerms:
        """Return the lower terms, if any.

        Raises:
            InvalidRequestError: If the amount is none.
        """
        return LowerTerms(
            amount_nano_usd=_usd(self.amount_usd, "amount_usd"),
            ends_at=self.until.astimezone(UTC) if self.until is not None else None,
            input_tokens_max=self.input_tokens_max,
            output_tokens_max=self.output_tokens_max,
            total_tokens_max=self.total_tokens_max,
        )


class WhyWire(Struct, forbid_unknown_fields=True, frozen=True):
    """Why; whoever it concerns reads it."""

    reason: Reason


class MaybeWhyWire(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """Why, if one wants to say so."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class NothingWire(Struct, forbid_unknown_fields=True, frozen=True):
    """An empty object: there is nothing to say."""


class QuestionWire(Struct, forbid_unknown_fields=True, frozen=True):
    """A question to who asked, or the answer."""

    text: Reason


class ExtensionWire(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """The same for longer: a request of its own that begins when the first one ends."""

    until: Instant | None = None
    for_: Annotated[
        Annotated[str, Meta(max_length=64)] | None, Meta(description="How long from now, like `20 days`.")
    ] = field(default=None, name="for")
    amount_usd: Annotated[Usd | None, Meta(description="What it may spend then; absent: as much as the first.")] = None
    justification: Prose = ""
    request_id: RequestId | None = None

    def end(self, now: datetime) -> datetime:
        """Return when it should end."""
        return _end(self.until, self.for_, now)

    def amount(self) -> int | None:
        """Return what it may spend, or None."""
        return _usd(self.amount_usd, "amount_usd")


class ReviewWire(Struct, forbid_unknown_fields=True, frozen=True):
    """Whether breaking the glass was right."""

    justified: bool
    note: Reason


class CameOfItWire(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What came of a grant."""

    count: Annotated[Count | None, Meta(description="How many results there were.")] = None
    worth_usd: Annotated[Usd | None, Meta(description="What they are worth together.")] = None
    note: Annotated[str, Meta(max_length=500)] = ""

    def worth(self) -> int | None:
        """Return the worth in nano-USD, or None."""
        return _usd(self.worth_usd, "worth_usd")


class DelegationWire(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """Who votes in one's place, and until when."""

    to: Annotated[Name, Meta(description="A person, by any name.")]
    until: Instant | None = None
    for_: Length | None = field(default=None, name="for")

    def end(self, now: datetime) -> datetime:
        """Return when it ends."""
        return _end(self.until, self.for_, now)


def _end(until: datetime | None, length: str | None, now: datetime) -> datetime:
    return end_of(until.astimezone(UTC) if until is not None else None, length or "", now)


def _usd(text: str | None, field_: str) -> int | None:
    if text is None:
        return None
    try:
        return nano_from_text(text)
    except AmountError as error:
        raise InvalidRequestError(f"`{field_}`: {error.message}", code="invalid_amount", field=field_) from error


EXCEPTION = BodyDecoder(ExceptionWire, {".scope": WhomWire})
APPROVE = BodyDecoder(ApproveWire)
REASON = BodyDecoder(WhyWire)
MAYBE_REASON = BodyDecoder(MaybeWhyWire)
NOTHING = BodyDecoder(NothingWire)
QUESTION = BodyDecoder(QuestionWire)
EXTENSION = BodyDecoder(ExtensionWire)
REVIEW = BodyDecoder(ReviewWire)
CAME_OF_IT = BodyDecoder(CameOfItWire)
DELEGATION = BodyDecoder(DelegationWire)
