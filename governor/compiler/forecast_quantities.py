"""Growth, changes and horizons of the forecast rules, as people write them."""

import re
from decimal import Decimal

from governor.compiler.quantities import QuantityError

_HORIZON = re.compile(r"\s*([0-9]{1,3}) days?\s*")
_CHANGE = re.compile(r"\s*(?P<sign>[+-]?)(?P<number>[0-9]{1,4}(\.[0-9]{1,2})?) ?(%|percent)\s*")
_GROWTH = re.compile(r"(?P<change>.*\S) per month\s*")

HORIZON_DAYS_MAX = 400


def parse_horizon(text: str) -> int:
    """Read how many days are looked at, from 1 to 400: ``90 days``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _HORIZON.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= HORIZON_DAYS_MAX:
        hint = f"write it like 90 days, at most {HORIZON_DAYS_MAX} days"
        raise QuantityError(f"`{text[:40]}` is not a number of days", code="wrong-format", hint=hint)
    return int(match[1])


def parse_change(text: str) -> int:
    """Read a change as basis points, from -100% to 1,000%: ``20%``, ``-7.5%``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _CHANGE.fullmatch(text)
    points = int(Decimal(match["sign"] + match["number"]) * 100) if match is not None else 0
    if match is None or not -10_000 <= points <= 100_000:
        hint = "write it like 20% or -5%"
        raise QuantityError(f"`{text[:40]}` is not a change", code="wrong-format", hint=hint)
    return points


def parse_growth(text: str) -> int:
    """Read growth in a month as basis points: ``8% per month``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _GROWTH.fullmatch(text)
    if match is None:
        hint = "write it like 8% per month"
        raise QuantityError(f"`{text[:40]}` is not growth in a month", code="wrong-format", hint=hint)
    points = parse_change(match["change"])
    if points <= -10_000:
        hint = "write it like -5% per month"
        raise QuantityError(f"`{text[:40]}` leaves nothing", code="wrong-number", hint=hint)
    return points
