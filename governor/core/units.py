"""What a budget counts, and how its amounts are written.

An amount of ``Unit.USD`` is nano-USD; of every other unit it is a whole number of that unit.
"""

from enum import StrEnum

from governor.core.money import NANO_PER_USD, decimal_text


class Unit(StrEnum):
    """The unit of a quota's limit, as written in policies and answers."""

    USD = "USD"
    TOKENS = "tokens"
    REQUESTS = "requests"
    CONCURRENT = "concurrent requests"


_USD = Unit.USD  # An attribute of an enumeration costs 0.2 us, and an answer renders twelve amounts.


class Counts(StrEnum):
    """Which tokens a token quota counts. ``REASONING`` is part of ``OUTPUT``; ``ALL`` is input plus output."""

    ALL = "all"
    INPUT = "input"
    OUTPUT = "output"
    REASONING = "reasoning"


def amount_text(amount: int, unit: Unit) -> str:
    """Render an amount as the decimal string of its unit: nano-USD 4_200_000_000 is ``"4.2"``."""
    return decimal_text(amount) if unit is _USD else str(amount)


def amount_words(amount: int, unit: Unit) -> str:
    """Render an amount for people: ``"20,000 USD"``, ``"1,500,000 tokens"``, ``"1 request"``, ``"0.0042 USD"``."""
    if unit is not Unit.USD:
        words = unit.value.removesuffix("s") if abs(amount) == 1 else unit.value
        return f"{amount:,} {words}"
    sign = "-" if amount < 0 else ""
    whole, fraction = divmod(abs(amount), NANO_PER_USD)
    if not fraction:
        return f"{sign}{whole:,} USD"
    digits = f"{fraction:09d}".rstrip("0")
    # Cents keep two digits ("4.20 USD"); finer amounts keep what they need.
    return f"{sign}{whole:,}.{digits.ljust(2, '0')} USD"


def rounded_words(amount: int, unit: Unit) -> str:
    """Render an amount that was worked out (a day's part, a share, a carry): money in whole cents, rounded down.

    What is less than a cent keeps its digits.
    """
    cent = NANO_PER_USD // 100
    return amount_words(amount - amount % cent if unit is _USD and amount > cent else amount, unit)
