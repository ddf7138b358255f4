"""Whether a signed request is a new one: somebody who recorded it cannot send it again later."""

WINDOW_S = 300
"""How old a signed request may be, or how far ahead of our clock."""

_DIGITS_MAX = len("9999999999")


def is_recent(timestamp: str, now_s: float) -> bool:
    """Tell whether a request was signed within the last five minutes.

    Args:
        timestamp: Unix seconds, as it was sent: digits alone, so that the same instant has one spelling.
        now_s: The wall clock, Unix seconds: the sender's time is nobody's to move.
    """
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _DIGITS_MAX
    return is_number and abs(now_s - int(timestamp)) <= WINDOW_S
