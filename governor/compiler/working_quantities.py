"""Lengths of time and limits of the approval rules, and the working week, as people write them."""

import re
from dataclasses import dataclass

from governor.compiler.quantities import QuantityError, parse_duration, parse_money
from governor.core.periods import Every
from governor.core.working_time import Clock, Span

_DAY_S = 86_400
_SPAN = re.compile(r"\s*(?P<number>[0-9]{1,4}) ?working (?P<unit>minute|hour|day)s?\s*")
_LENGTH = re.compile(r"\s*(?P<number>[0-9]{1,3}) ?(?P<unit>day|week)s?\s*")
_CAP = re.compile(
    r"(?P<amount>.*\S) per (?P<every>day|week|month|quarter|year)"
    r"(?: per (?P<per>department|team|user|project|use_case|use case))?\s*"
)
_USES = re.compile(r"\s*(?P<number>[0-9]{1,3}) per (?P<every>day|week|month) per person\s*")
_CHARACTERS = re.compile(r"\s*(?P<number>[0-9]{1,4}) characters?\s*")
_CLOCK_TIME = re.compile(r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})")
_LENGTH_MAX = 366
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Cap:
    """So much money in each calendar period, for each value of an attribute or (``""``) for all together."""

    amount_nano_usd: int
    every: Every
    per: str


@dataclass(frozen=True, slots=True)
class UsesPerPerson:
    """So often in each calendar period."""

    count: int
    every: Every


def parse_span(text: str) -> Span:
    """Read a length of time that may be counted in working time: ``4 working hours``, ``3 working days``, ``2 hours``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        if "working" in text:
            hint = "write it like 4 working hours or 3 working days"
            raise QuantityError(f"`{text[:40]}` is not a length of working time", code="wrong-format", hint=hint)
        return Span(parse_duration(text))
    number = int(match["number"])
    if not number or number > 1_000:
        raise QuantityError(
            f"`{text[:40]}` is not between 1 and 1,000", code="wrong-number", hint="write 3 working days"
        )
    match match["unit"]:
        case "day":
            return Span(number, Clock.WORKING_DAYS)
        case "hour":
            return Span(number * 3600, Clock.WORKING)
        case _:
            return Span(number * 60, Clock.WORKING)


def parse_length(text: str) -> int:
    """Read a length of time of at most 366 days in seconds: ``30 days``, ``12 weeks``, ``2 hours``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        return parse_duration(text)
    days = int(match["number"]) * (7 if match["unit"] == "week" else 1)
    if not 1 <= days <= _LENGTH_MAX:
        message = f"`{text[:40]}` is not between a day and {_LENGTH_MAX} days"
        raise QuantityError(message, code="wrong-number", hint="write it like 30 days")
    return days * _DAY_S


def parse_cap(text: str) -> Cap:
    """Read how much is approved automatically: ``1,000 USD per month per department``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _CAP.fullmatch(text)
    if match is None:
        hint = "write it like 1,000 USD per month per department"
        raise QuantityError(f"`{text[:40]}` is not an amount in a period", code="wrong-format", hint=hint)
    return Cap(parse_money(match["amount"]), Every(match["every"]), (match["per"] or "").replace(" ", "_"))


def parse_uses(text: str) -> UsesPerPerson:
    """Read how often a person may do something: ``2 per week per person``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _USES.fullmatch(text)
    if match is None or not int(match["number"]):
        hint = "write it like 2 per week per person"
        raise QuantityError(f"`{text[:40]}` does not say how often", code="wrong-format", hint=hint)
    return UsesPerPerson(int(match["number"]), Every(match["every"]))


def parse_characters(text: str) -> int:
    """Read a length of text: ``40 characters``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _CHARACTERS.fullmatch(text)
    if match is None:
        hint = "write it like 40 characters"
        raise QuantityError(f"`{text[:40]}` is not a length of text", code="wrong-format", hint=hint)
    return int(match["number"])


def parse_clock_time(text: str) -> int:
    """Read a time of day as minutes after midnight: ``09:00``, and ``24:00`` for the day's end.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _CLOCK_TIME.fullmatch(text.strip())
    minutes = int(match["hour"]) * 60 + int(match["minute"]) if match else -1
    if match is None or int(match["minute"]) > 59 or minutes > 24 * 60:
        raise QuantityError(f"`{text[:40]}` is not a time of day", code="wrong-format", hint='write it like "09:00"')
    return minutes


def parse_weekdays(text: str) -> frozenset[int]:
    """Read days of the week as ISO weekdays: ``mon-fri``, ``sat``, ``sun-thu``.

    Raises:
        QuantityError: If it is anything else.
    """
    first, dash, last = (part.strip() for part in text.strip().lower().partition("-"))
    if first not in WEEK or (dash and last not in WEEK):
        hint = f"write a day or a range like mon-fri, of {', '.join(WEEK)}"
        raise QuantityError(f"`{text[:40]}` is not a day of the week", code="wrong-value", hint=hint)
    start = WEEK.index(first)
    length = (WEEK.index(last) - start) % 7 + 1 if dash else 1
    return frozenset((start + offset) % 7 + 1 for offset in range(length))
