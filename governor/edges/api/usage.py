"""``POST /usage``: what calls used. One event, a list, or CloudEvents in any of their three modes."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from starlette.types import Receive, Scope

from governor.clients.clock import Clock
from governor.core.decisions.event import UsageEvent
from governor.core.errors import GovernorError
from governor.core.ledger.results import EventResult, EventStatus
from governor.core.provider_usage.report import UnreadableUsageError
from governor.edges.api.bodies import media_type, read_body
from governor.edges.api.cloud_events import (
    BATCH,
    STRUCTURED,
    document,
    in_binary_mode,
    read_binary,
    read_structured,
)
from governor.edges.api.errors import ApiError
from governor.edges.api.event_lists import id_in, is_list, raw_items
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.wire_usage import USAGE, UsageWire, event_body, usage_events
from governor.services.answers import encode_event_result
from governor.services.keys import Identity
from governor.services.settle import Settler

Event = tuple[UsageEvent, bytes]

Slot = list[Event] | EventResult
"""What one event of the body became: itself with the parts of other models, or its rejection."""


class UsageRoute:
    """Answers ``/usage``.

    Args:
        settler: Settles.
        clock: Read once for each request, before anything else.
        metrics: Where events are counted.
        body_size_max: The largest body, in bytes.
    """

    def __init__(self, settler: Settler, clock: Clock, metrics: HttpMetrics, body_size_max: int) -> None:
        self._settler = settler
        self._clock = clock
        self._metrics = metrics
        self._body_size_max = body_size_max

    async def answer(self, scope: Scope, receive: Receive, identity: Identity) -> bytes:
        """Settle the events; the results stand in the order of the events."""
        now = self._clock.now()
        media = media_type(scope)
        body = await read_body(scope, receive, self._body_size_max)
        slots = self._read(scope, media, body, identity.name)
        events = [event for slot in slots if not isinstance(slot, EventResult) for event in slot]
        settled = iter(await self._settler.settle(events, identity.caller, now) if events else ())
        results = [[slot] if isinstance(slot, EventResult) else [next(settled) for _ in slot] for slot in slots]
        for result in (result for several in results for result in several):
            self._metrics.usage_event(result.status, unpriced=_is_unpriced(result))
        return b'{"events":[' + b",".join(_answer(*several) for several in results) + b"]}"

    def _read(self, scope: Scope, media: str, body: bytes, client: str) -> list[Slot]:
        """Return each event, or its rejection in its slot; a single bad event is an error of its own."""
        if media == STRUCTURED:
            return [_converted(read_structured(body), client)]
        if media == BATCH:
            return _each(_batch(body), lambda item: _converted(read_structured(bytes(item)), client))
        if media not in {"application/json", ""}:
            raise ApiError(
                f"`{media[:80]}` is not read here; send application/json, {STRUCTURED} or {BATCH}",
                code="unsupported_media_type",
                accepted=["application/json", STRUCTURED, BATCH],
            )
        if in_binary_mode(scope):
            return [_converted(read_binary(scope, body), client)]
        if is_list(body):
            return _each(raw_items(body), lambda item: _event(USAGE.decode(bytes(item)), client))
        return [_event(USAGE.decode(body), client)]


def _answer(result: EventResult, *others: EventResult) -> bytes:
    answer = encode_event_result(result)
    if not others:
        return answer
    return answer[:-1] + b',"other_models":[' + b",".join(encode_event_result(other) for other in others) + b"]}"


def _is_unpriced(result: EventResult) -> bool:
    """Tell whether an event was recorded now, and nobody knows what it costs."""
    return result.unpriced and result.status is EventStatus.RECORDED


def _event(wire: UsageWire, client: str) -> Slot:
    # The digest is of what was said, not of how it was written: the same event alone, in a list or as a CloudEvent is
    # a duplicate and no conflict.
    body = event_body(wire)
    try:
        return [(event, body) for event in usage_events(wire, client)]
    except UnreadableUsageError as error:
        # Not the caller's mistake but the provider's object: an answer, as for counts that contradict each other.
        return EventResult(wire.event_id, EventStatus.REJECTED, error.message)


def _converted(fields: dict[str, Any], client: str) -> Slot:
    return _event(USAGE.convert(fields), client)


def _batch(body: bytes) -> list[msgspec.Raw]:
    if not is_list(body):
        document(body)
        raise ApiError("a batch is a list of events", code="invalid_cloud_event")
    return raw_items(body)


def _each(items: Iterable[Any], read: Callable[[Any], Slot]) -> list[Slot]:
    slots: list[Slot] = []
    for item in items:
        try:
            slots.append(read(item))
        except GovernorError as error:
            slots.append(_rejection(item, error))
    return slots


def _rejection(item: object, error: GovernorError) -> EventResult:
    """Say in its slot why an event was not even read; its id is given back where one can be made out."""
    return EventResult(id_in(item), EventStatus.REJECTED, f"{error.code}: {error.message}")
