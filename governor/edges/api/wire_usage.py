"""What ``POST /usage`` reads, and how it becomes a core value."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from governor.core.decisions.event import CallStatus, UsageEvent
from governor.core.decisions.request import Operation
from governor.core.errors import InvalidRequestError
from governor.core.provider_usage.convert import convert
from governor.core.provider_usage.report import Converted, OtherModel, ProviderUsage
from governor.core.usage import Usage
from governor.edges.api.decoding import BodyDecoder
from governor.edges.api.wire_decide import Count, SubjectWire, Tags, Text, Units

PROVIDER_USAGE_SIZE_MAX = 16_384
"""Bytes of a provider's object, which is kept with its event; the largest that we know have two thousand."""

_NO_UNITS: dict[str, int] = {}
_NO_TAGS: dict[str, str] = {}


_Said = Count | UnsetType
"""Absent and 0 are two things until it is known that some count was said: then what is absent is 0."""


class UsageCountsWire(Struct, forbid_unknown_fields=True, frozen=True):
    """Token counts in the OpenTelemetry GenAI convention: cached and cache-write tokens are parts of the input.

    With one count at least; the others are 0.
    """

    input_tokens: Annotated[_Said, Meta(description="All input, cached and cache-write tokens included.")] = UNSET
    cached_input_tokens: Annotated[_Said, Meta(description="Part of the input that was read from a cache.")] = UNSET
    cache_write_tokens: Annotated[_Said, Meta(description="Part of the input written to a cache.")] = UNSET
    cache_write_1h_tokens: Annotated[_Said, Meta(description="Part of the input written to a one-hour cache.")] = UNSET
    output_tokens: Annotated[_Said, Meta(description="All output, reasoning included.")] = UNSET
    reasoning_tokens: Annotated[_Said, Meta(description="Part of the output.")] = UNSET


_NO_COUNTS = UsageCountsWire()


class ProviderUsageWire(Struct, forbid_unknown_fields=True, frozen=True):
    """A provider's own usage object, and whose it is: that says which of its counts include which."""

    provider: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="Who wrote the object (`openai`, `anthropic`, `google`, ...); others are read as "
            "OpenAI-compatible. Who is paid is the event's own `provider`.",
        ),
    ]
    usage: Annotated[dict[str, Any], Meta(description="The object, verbatim.")]


class UsageWire(Struct, forbid_unknown_fields=True, frozen=True):
    """One usage event."""

    event_id: Annotated[str, Meta(min_length=1, max_length=256, description="The reporter's id; counts once.")]
    model: Annotated[str, Meta(min_length=1, max_length=256, description="The model that was used.")]
    source: Annotated[Text | None, Meta(description="Who reports; absent: the key's name. Bound to the key.")] = None
    time: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(
            description="When the call ended, RFC 3339: it is priced at this time. Absent: when it is received. With a "
            "decision, a time before it or after the receipt is taken as that bound; without one, more than 5 minutes "
            "ahead or 90 days old is rejected."
        ),
    ] = None
    decision_id: Annotated[Text | None, Meta(description="The decision it belongs to; absent: unreserved usage.")] = (
        None
    )
    provider: Text | None = None
    operation: Operation = Operation.CHAT
    status: CallStatus = CallStatus.OK
    final: Annotated[
        bool, Meta(description="False for a part of a call that goes on: it counts as a request with its last event.")
    ] = True
    counts: Annotated[
        Literal["provider", "estimated"], Meta(description="`estimated` for the gateway's own guess.")
    ] = "provider"
    corrects: Annotated[Text | None, Meta(description="The `event_id` that this event replaces.")] = None
    usage: UsageCountsWire | None = None
    provider_usage: Annotated[
        ProviderUsageWire | None, Meta(description="The provider's own object, instead of `usage`.")
    ] = None
    units: Units = _NO_UNITS
    tags: Tags = _NO_TAGS
    subject: Annotated[SubjectWire | None, Meta(description="Who used it; only read without a decision.")] = None
    use_case: Text | None = None


_NOBODY = SubjectWire().to_core()

USAGE = BodyDecoder(
    UsageWire, {".usage": UsageCountsWire, ".provider_usage": ProviderUsageWire, ".subject": SubjectWire}
)


def usage_events(wire: UsageWire, client: str) -> list[UsageEvent]:
    """Return the core values of a decoded event: its own, and one for each other model that took part in the call.

    Args:
        wire: The event.
        client: The key's name: the source of events that name none, and the owner of those that do.

    Raises:
        InvalidRequestError: If the instant is not one that can be kept, or usage is said twice.
        UnreadableUsageError: If the provider's object cannot be counted.
    """
    if wire.time is not None and not 1970 <= wire.time.year <= 9998:
        raise InvalidRequestError("`time` is outside the years 1970 to 9998", field="time")
    if wire.provider_usage is None:
        return [_event(wire, client)]
    if wire.usage is not None:
        raise InvalidRequestError("send `usage` or `provider_usage`, not both", field="provider_usage")
    verbatim = msgspec.json.encode(wire.provider_usage.usage)
    if len(verbatim) > PROVIDER_USAGE_SIZE_MAX:
        raise InvalidRequestError(
            f"the usage object is larger than {PROVIDER_USAGE_SIZE_MAX:,} bytes; send the object alone, not the answer",
            field="provider_usage.usage",
        )
    converted = convert(wire.provider_usage.provider, wire.provider_usage.usage)
    event = replace(
        _event(wire, client),
        usage=_with_units(converted, wire.units),
        provider_usage=ProviderUsage(converted.report, verbatim),
        parts=converted.parts,
    )
    return [event, *(_of_other_model(event, other) for other in converted.others)]


def _with_units(converted: Converted, units: dict[str, int]) -> Usage:
    """Return the provider's counts with the units that the caller knows beside them."""
    twice = sorted(converted.usage.units.keys() & units.keys())
    if twice:
        raise InvalidRequestError(
            f"`units.{twice[0]}` is in the provider's object, too; leave it out of `units`", field=f"units.{twice[0]}"
        )
    return replace(converted.usage, units={**converted.usage.units, **units})


def _of_other_model(event: UsageEvent, other: OtherModel) -> UsageEvent:
    """Return what another model did as an event of its own, under an id that follows from the event's."""
    return replace(
        event,
        event_id=f"{event.event_id}/{other.model}",
        corrects=f"{event.corrects}/{other.model}" if event.corrects else "",
        model=other.model,
        usage=other.usage,
        provider_usage=None,
        parts=(),
        # What is corrected may have been a guess that knew of no other model.
        corrects_if_known=True,
    )


def _event(wire: UsageWire, client: str) -> UsageEvent:
    return UsageEvent(
        source=bound_source(wire.source, client),
        event_id=wire.event_id,
        model=wire.model,
        occurred_at=wire.time,
        decision_id=wire.decision_id or "",
        provider=wire.provider or "",
        operation=wire.operation,
        status=wire.status,
        usage=_usage(wire),
        estimated=wire.counts == "estimated",
        final=wire.final,
        corrects=wire.corrects or "",
        subject=wire.subject.to_core() if wire.subject is not None else _NOBODY,
        use_case=wire.use_case or "",
        tags=wire.tags,
    )


def _usage(wire: UsageWire) -> Usage | None:
    """Return what was used: units alone are usage too; nothing at all, or no count, is None, which is not zero."""
    counts = wire.usage
    if counts is None or counts == _NO_COUNTS:
        return Usage(units=wire.units) if wire.units else None
    return Usage(
        _number(counts.input_tokens),
        _number(counts.cached_input_tokens),
        _number(counts.cache_write_tokens),
        _number(counts.cache_write_1h_tokens),
        _number(counts.output_tokens),
        _number(counts.reasoning_tokens),
        wire.units,
    )


def _number(count: int | UnsetType) -> int:
    return 0 if count is UNSET else count


def event_body(wire: UsageWire) -> bytes:
    """Return what an event says, however it was written: a count that is absent beside another one is 0."""
    if wire.usage is not None:
        counts = {name: _number(count) for name, count in structs.asdict(wire.usage).items()}
        wire = structs.replace(wire, usage=UsageCountsWire(**counts))
    return msgspec.json.encode(wire, order="deterministic")


def bound_source(source: str | None, client: str) -> str:
    """Bind a source to the client that reports it, so that no key can claim, block or correct another's events."""
    return f"{client}/{source}" if source and source != client else client
