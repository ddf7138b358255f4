"""Why somebody did something by hand: a text that stands in the audit, and in answers."""

from governor.core.errors import InvalidRequestError

LONGEST = 500
SHORTEST = 3


def checked_reason(text: str) -> str:
    """Return a reason without space around it.

    Raises:
        InvalidRequestError: If it says nothing, is too long, or holds control characters.
    """
    reason = text.strip()
    if not SHORTEST <= len(reason) <= LONGEST or not reason.isprintable():
        raise InvalidRequestError(
            f"a reason is one line of {SHORTEST} to {LONGEST} characters; say why, others will read it", field="reason"
        )
    return reason
