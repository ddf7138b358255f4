"""Page cursors: opaque to callers, checked when they come back."""

import base64
import binascii
import json

from governor.core.errors import InvalidRequestError


def encode_cursor(*parts: str) -> str:
    """Return a cursor that stands after an item, named by its sort key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> tuple[str, ...]:
    """Return the parts of a cursor.

    Args:
        cursor: What a page gave as ``next``.
        length: How many parts this list's cursors have.

    Raises:
        InvalidRequestError: If no page gave this cursor.
    """
    try:
        parts = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        parts = None
    if not isinstance(parts, list) or len(parts) != length or not all(isinstance(part, str) for part in parts):
        raise wrong_cursor()
    return tuple(parts)


def wrong_cursor() -> InvalidRequestError:
    """Make the error for a cursor that no page gave."""
    return InvalidRequestError(
        "`cursor` is not one that a page of this list gave; leave it out to begin again",
        code="invalid_cursor",
        field="cursor",
    )
