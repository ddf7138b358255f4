"""Times as people type them."""

from datetime import UTC, datetime

from governor.core.errors import InvalidRequestError


def instant_of(text: str) -> datetime:
    """Read an RFC 3339 instant with its time zone.

    Raises:
        InvalidRequestError: If it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"`{text[:40]}` is not a time; write it like 2026-11-20T09:00:00Z") from error
    if at.tzinfo is None:
        raise InvalidRequestError(f"`{text[:40]}` has no time zone; write it like 2026-11-20T09:00:00Z")
    return at.astimezone(UTC)
