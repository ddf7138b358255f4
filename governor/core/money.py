"""Money is integer nano-USD; rates are integer nano-USD per million tokens; one rounding function.

Nano-USD fit a signed 64-bit integer up to 9.2 billion USD. Prices are quoted per million tokens, so a
cost is ``sum(tokens * rate) / 1_000_000``, divided and rounded exactly once.
"""

import re
from enum import StrEnum

from governor.core.errors import AmountError

NANO_PER_USD = 1_000_000_000
TOKENS_PER_RATE = 1_000_000
AMOUNT_MAX = 2**63 - 1
"""The largest amount of any unit: what a signed 64-bit column holds."""

# Not `\d`: that also takes the digits of other scripts.
_PLAIN_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


class Rounding(StrEnum):
    """Holds round up, so that they never promise too little; settlements round half up."""

    UP = "up"
    HALF_UP = "half_up"


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Divide two non-negative integers with one rounding.

    Args:
        numerator: At least 0.
        denominator: At least 1.
        rounding: ``UP`` for holds, ``HALF_UP`` for settlements.

    Returns:
        The quotient, an integer.

    Raises:
        AmountError: If the result does not fit a signed 64-bit integer, the numerator is negative or the denominator
            is not positive.
    """
    if numerator < 0 or denominator < 1:
        raise AmountError("an amount must not be negative, nor be divided by less than one", amount=numerator)
    quotient, rest = divmod(numerator, denominator)
    if rest and (rounding is Rounding.UP or 2 * rest >= denominator):
        quotient += 1
    return bounded(quotient)


def bounded(amount: int) -> int:
    """Return the amount if ``0 <= amount <= AMOUNT_MAX``.

    Raises:
        AmountError: Otherwise.
    """
    if not 0 <= amount <= AMOUNT_MAX:
        raise AmountError(f"`{amount}` is outside 0 to {AMOUNT_MAX}", amount=amount)
    return amount


def nano_from_text(text: str) -> int:
    """Read a plain decimal number of USD ("4.2", "20000") as nano-USD, exactly.

    Raises:
        AmountError: For anything but ASCII digits with at most nine decimals, or an overflow.
    """
    match = _PLAIN_NUMBER.fullmatch(text)
    if match is None:
        raise AmountError(f"`{text[:40]}` is not a plain decimal number; write it like 12.50")
    whole, fraction = match[1].lstrip("0") or "0", (match[2] or "").rstrip("0")
    if len(fraction) > 9:
        raise AmountError(f"`{text[:40]}` is finer than a nano-USD; use at most nine decimals")
    if len(whole) > 12:
        raise AmountError(f"`{text[:40]}` is larger than any budget")
    return bounded(int(whole) * NANO_PER_USD + int(fraction.ljust(9, "0")))


def usd_text(nano_usd: int) -> str:
    """Render nano-USD with all nine decimals, as every ``*_usd`` field does: ``"0.000750000"``."""
    sign = "-" if nano_usd < 0 else ""
    whole, fraction = divmod(abs(nano_usd), NANO_PER_USD)
    return f"{sign}{whole}.{fraction:09d}"


def decimal_text(nano_usd: int) -> str:
    """Render nano-USD as the shortest exact decimal, as amounts of a budget do: ``"4.2"``, ``"20000"``."""
    if nano_usd < 0:
        return f"-{decimal_text(-nano_usd)}"
    whole, fraction = divmod(nano_usd, NANO_PER_USD)
    return f"{whole}.{fraction:09d}".rstrip("0") if fraction else str(whole)
