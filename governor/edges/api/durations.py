"""Lengths of time as callers write them: ``"10 minutes"``."""

import re

from governor.core.errors import InvalidRequestError
from governor.core.ledger.reservation import HOLD_FOR_S_MAX

_LENGTH = re.compile(r"([0-9]{1,6}) ?(second|minute|hour|day)s?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def hold_seconds(text: str) -> int:
    """Read the life of a hold.

    Args:
        text: A whole number and a unit, like ``"90 seconds"``, ``"10 minutes"`` or ``"2 hours"``.

    Returns:
        Seconds, from 1 to 24 hours.

    Raises:
        InvalidRequestError: If it is not a length of time, is nothing, or is longer than a hold may live.
    """
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise InvalidRequestError(
            f"`{text[:40]}` is not a length of time; write `hold_for` like `10 minutes`", field="hold_for"
        )
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds == 0:
        raise InvalidRequestError(
            "a hold of no time holds nothing; write `hold_for` like `10 minutes`", field="hold_for"
        )
    if seconds > HOLD_FOR_S_MAX:
        raise InvalidRequestError(
            f"`{text[:40]}` is longer than a hold may live; write at most `24 hours`", field="hold_for"
        )
    return seconds
