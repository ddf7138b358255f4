"""CloudEvents as usage events: structured and binary by the ``cloudevents`` library, the batch by hand.

The envelope's ``id`` is the event's ``event_id``, its ``source`` the ``source``, its ``time`` the ``time``; its
``data`` is the rest of a usage event. Any ``type`` is taken: what a key may send to ``/usage`` is usage.
"""

import base64
import binascii
from datetime import datetime
from typing import Any

import msgspec
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event, from_structured_event
from cloudevents.core.exceptions import BaseCloudEventException
from starlette.types import Scope

from governor.core.errors import GovernorError, InvalidRequestError
from governor.edges.api.decoding import refuse_controls_in
from governor.edges.api.errors import ApiError
from governor.edges.api.repeated_fields import refuse_repeated_fields

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
REQUIRED = ("id", "source", "type")
"""Checked before the library sees an event: it would make up an id and a time, and a made-up id counts twice."""


def in_binary_mode(scope: Scope) -> bool:
    """Tell whether the envelope of an event travels in headers."""
    return any(name == b"ce-specversion" for name, _ in scope["headers"])


def read_binary(scope: Scope, body: bytes) -> dict[str, Any]:
    """Read an event whose envelope is in ``ce-`` headers, as the fields of a usage event.

    Raises:
        ApiError: ``invalid_cloud_event`` or ``malformed_json``.
        InvalidRequestError: If the data is not an object, or holds control characters.
    """
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
    _require(attributes)
    refuse_controls_in(document(body))
    try:
        event = from_binary_event(HTTPMessage(headers, body))
    except (BaseCloudEventException, ValueError, TypeError) as error:
        raise _invalid(str(error)) from None
    return _fields(event.get_attributes(), event.get_data(), attributes)


def read_structured(body: bytes) -> dict[str, Any]:
    """Read an event that is one JSON object; raises as ``read_binary`` does."""
    envelope = document(body)
    if not isinstance(envelope, dict):
        raise _invalid("an event is an object")
    refuse_controls_in(envelope)
    _require(envelope)
    if "data" in envelope and "data_base64" in envelope:
        raise _invalid("an event has `data` or `data_base64`, not both")
    if "data_base64" in envelope:
        envelope = _unpacked(envelope)
    try:
        event = from_structured_event(HTTPMessage({"content-type": STRUCTURED}, msgspec.json.encode(envelope)))
    except (BaseCloudEventException, ValueError, TypeError) as error:
        raise _invalid(str(error)) from None
    return _fields(event.get_attributes(), event.get_data(), envelope)


def document(body: bytes) -> Any:
    """Decode JSON strictly: no NaN, no infinity, no object that names a field twice.

    Raises:
        ApiError: ``malformed_json``.
        InvalidRequestError: For a field that is named twice.
    """
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError("the body is not JSON; send UTF-8 JSON without NaN or Infinity", code="malformed_json") from None
    refuse_repeated_fields(body)
    return decoded


def _require(attributes: dict[str, Any]) -> None:
    for name in REQUIRED:
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise _invalid(f"the attribute `{name}` is missing or empty")
    if "time" in attributes:
        try:
            msgspec.convert(attributes["time"], datetime)
        except msgspec.ValidationError:
            raise _invalid("the attribute `time` is not a time like 2026-11-20T09:00:00Z") from None


def _unpacked(envelope: dict[str, Any]) -> dict[str, Any]:
    """Return an envelope with its base64 data as plain data."""
    try:
        data = base64.b64decode(envelope["data_base64"], validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise _invalid("`data_base64` is not base64") from None
    unpacked = document(data)
    refuse_controls_in(unpacked)
    return {name: value for name, value in envelope.items() if name != "data_base64"} | {"data": unpacked}


def _fields(attributes: dict[str, Any], data: object, given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a usage event: the data, with the envelope's id, source and time."""
    if not isinstance(data, dict):
        raise InvalidRequestError(
            "the data of the event is not an object; send the fields of a usage event", field="data"
        )
    for name in ("event_id", "source", "time"):
        if name in data:
            raise InvalidRequestError(
                f"`{name}` stands in the CloudEvents envelope; leave it out of `data`", field=f"data.{name}"
            )
    fields = {**data, "event_id": attributes["id"], "source": attributes["source"]}
    if "time" in given:
        fields["time"] = attributes["time"]
    return fields


def _invalid(why: str) -> GovernorError:
    return ApiError(f"not a CloudEvent: {why[:300]}", code="invalid_cloud_event")
