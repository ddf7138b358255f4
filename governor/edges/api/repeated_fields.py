"""Objects that name a field twice: one reader follows the first, another the last, so nobody may act on either."""

import json
from typing import Any

import msgspec

from governor.core.errors import InvalidRequestError

_NESTING = frozenset({dict, list})
_decode = msgspec.json.Decoder().decode


def refuse_repeated_fields(body: bytes, *, parts_are_checked: bool = False) -> None:
    """Refuse a JSON body in which an object names a field twice; the decoder that follows would take the last.

    A name that was dropped shows in the count: where no space stands before a colon, a body has a quote before a colon
    for each of its names. Where the counts differ (such marks within a text), or where a space stands there, a slower
    reader looks at every pair.

    Args:
        body: JSON.
        parts_are_checked: Whether to look at the outermost object alone.

    Raises:
        InvalidRequestError: If there is one.
    """
    try:
        if not _has_space_before_colon(body) and body.count(b'":') == _names_in(_decode(body)):
            return
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A part that nobody can read is refused where it is read.
        pass
    repeated: list[str | None] = []
    try:
        json.loads(body, object_pairs_hook=lambda pairs: repeated.append(_repeated_in(pairs)))
    except (ValueError, RecursionError):
        return
    found = next((name for name in (repeated[-1:] if parts_are_checked else repeated) if name is not None), None)
    if found is not None:
        raise _refusal(found)


def unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of an object, for ``json.loads``.

    Raises:
        InvalidRequestError: If it names one of them twice.
    """
    found = _repeated_in(pairs)
    if found is not None:
        raise _refusal(found)
    return dict(pairs)


def _has_space_before_colon(body: bytes) -> bool:
    return b" :" in body or b"\n:" in body or b"\t:" in body or b"\r:" in body


def _names_in(value: Any) -> int:
    """Count the names of all objects. Only the kinds that a decoder of JSON makes are looked for: it is a hot path."""
    if type(value) is dict:
        count = len(value)
        for inner in value.values():
            if type(inner) in _NESTING:
                count += _names_in(inner)
        return count
    if type(value) is list:
        return sum([_names_in(inner) for inner in value if type(inner) in _NESTING])
    return 0


def _repeated_in(pairs: list[tuple[str, Any]]) -> str | None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return None


def _refusal(name: str) -> InvalidRequestError:
    shown = ascii(name)[1:-1][:80]
    return InvalidRequestError(f"the body names `{shown}` twice in one object", field=shown)
