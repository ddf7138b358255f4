"""Reports that come one by one or as a list: a bad one in a list is answered in its slot, and refuses no other."""

from typing import Any

import msgspec

from governor.core.errors import InvalidRequestError
from governor.edges.api.errors import ApiError

EVENTS_MAX = 1000
"""Events in one body."""

_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def is_list(body: bytes) -> bool:
    """Tell whether a JSON body is a list, before it is decoded."""
    return body.lstrip()[:1] == b"["


def raw_items(body: bytes) -> list[msgspec.Raw]:
    """Return the items of a list, each still as it was written.

    Raises:
        ApiError: ``malformed_json`` if the list is none.
        InvalidRequestError: If it is longer than ``EVENTS_MAX``.
    """
    try:
        items = _LIST.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError("the body is not JSON; send UTF-8 JSON without NaN or Infinity", code="malformed_json") from None
    require_bounded(items)
    return items


def require_bounded(items: list[Any]) -> None:
    """Refuse a list that is longer than ``EVENTS_MAX``.

    Raises:
        InvalidRequestError: If it is.
    """
    if len(items) > EVENTS_MAX:
        raise InvalidRequestError(f"{len(items):,} events are more than {EVENTS_MAX:,}; send them in parts")


def id_in(item: object) -> str:
    """Return the id of an event that could not be read, as far as one can be made out."""
    fields = _read(item) if isinstance(item, msgspec.Raw) else item
    given = fields.get("event_id", fields.get("id")) if isinstance(fields, dict) else None
    return given[:256] if isinstance(given, str) else ""


def _read(item: msgspec.Raw) -> object:
    try:
        return msgspec.json.decode(item)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # JSON all the same, or the list would not have been one: a number that no machine holds, brackets without end.
        return None
