"""Amounts with units, as people write them: ``50k USD``, ``1.5M tokens``, ``80%``, ``15.00 USD per 1M tokens``.

Every parser takes text and returns whole numbers: nano-USD, tokens, requests, seconds, basis points.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from governor.core.errors import GovernorError
from governor.core.money import AMOUNT_MAX, NANO_PER_USD, TOKENS_PER_RATE
from governor.core.units import Unit


class QuantityError(GovernorError):
    """Text that is not the quantity it should be; ``hint`` says what to write."""

    code = "wrong-format"

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, code=code)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Amount:
    """A limit: an integer of ``unit`` (nano-USD for ``Unit.USD``)."""

    amount: int
    unit: Unit


_NUMBER = r"(?P<number>-?(?:[0-9]{1,3}(?:[,_][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)[ ]?(?P<suffix>[kKM])?"
_QUANTITY = re.compile(_NUMBER + r"(?:[ ]?(?P<unit>%|[A-Za-z$€£].*))?", re.DOTALL)
_SUFFIXES = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000}
_UNITS = {
    "USD": Unit.USD,
    "token": Unit.TOKENS,
    "tokens": Unit.TOKENS,
    "request": Unit.REQUESTS,
    "requests": Unit.REQUESTS,
    "concurrent request": Unit.CONCURRENT,
    "concurrent requests": Unit.CONCURRENT,
}
_CURRENCIES = frozenset(
    [
        "EUR",
        "GBP",
        "CHF",
        "JPY",
        "CNY",
        "INR",
        "CAD",
        "AUD",
        "NZD",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "TRY",
        "BRL",
        "MXN",
        "ZAR",
        "SGD",
        "HKD",
        "KRW",
        "AED",
        "ILS",
        "BTC",
    ]
)
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_NOT_FINITE = re.compile(r"[-+]?\.?(?:nan|inf|infinity)\b.*", re.IGNORECASE)
_EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+\b.*")


def _split(text: str, wanted: str, example: str) -> tuple[Decimal, str]:
    """Split a quantity into its exact number and its unit."""
    text = text.strip()
    shown = text[:40]
    if _NOT_FINITE.fullmatch(text) or _EXPONENT.fullmatch(text):
        raise QuantityError(f"`{shown}` is not a number", code="not-a-number", hint=f"write {wanted} like {example}")
    if text[:1] in "$€£" and text[:1]:
        _refuse_sign(text, example)
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise QuantityError(f"`{shown}` is not {wanted}", code="wrong-format", hint=f"write it like {example}")
    number = Decimal(match["number"].replace(",", "").replace("_", "")) * _SUFFIXES[match["suffix"] or ""]
    if number.is_signed():
        raise QuantityError(f"`{shown}` is negative", code="wrong-number", hint="write an amount of 0 or more")
    unit = re.sub(r"\s+", " ", (match["unit"] or "").strip())
    if not unit:
        message = f"`{shown}` has no unit"
        raise QuantityError(message, code="missing-unit", hint=f"write {wanted} like {example}")
    return number, unit


def _refuse_sign(text: str, example: str) -> None:
    if text[0] == "$":
        raise QuantityError(f"`{text[:40]}` has a sign for its currency", code="wrong-format", hint=f"write {example}")
    raise _currency_error(text[0])


def _currency_error(currency: str) -> QuantityError:
    message = f"`{currency}` is not supported: money is USD in this version"
    return QuantityError(message, code="wrong-currency", hint="convert the amount and write USD")


def _whole(number: Decimal, shown: str, scale: int = 1) -> int:
    scaled = number * scale
    if scaled > AMOUNT_MAX:
        raise QuantityError(f"`{shown[:40]}` is larger than any budget", code="wrong-number", hint="write less")
    whole = int(scaled)
    if whole != scaled:
        hint = "use at most nine decimals" if scale != 1 else "write a whole number"
        raise QuantityError(f"`{shown[:40]}` is too fine", code="wrong-number", hint=hint)
    return whole


def _wrong_unit(shown: str, unit: str, wanted: str, example: str) -> QuantityError:
    word = unit.split(" ", maxsplit=1)[0].strip(".,;")
    if word.upper() in _CURRENCIES or word in "€£":
        return _currency_error(word)
    if word == "usd":
        return QuantityError("`usd` is written in capitals", code="wrong-unit", hint=f"write {example}")
    message = f"`{unit[:40]}` in `{shown[:40]}` is not the unit of {wanted}"
    return QuantityError(message, code="wrong-unit", hint=f"write it like {example}")


def parse_amount(text: str) -> Amount:
    """Read a limit: ``20,000 USD``, ``1.5M tokens``, ``2,000 requests``, ``20 concurrent requests``.

    Raises:
        QuantityError: If it has no unit, another unit, or is negative, too fine or too large.
    """
    number, word = _split(text, "a limit", "50k USD, 1.5M tokens, 2,000 requests or 20 concurrent requests")
    unit = _UNITS.get(word)
    if unit is None:
        raise _wrong_unit(text, word, "a limit", "50k USD or 1.5M tokens")
    return Amount(_whole(number, text, NANO_PER_USD if unit is Unit.USD else 1), unit)


def parse_tokens(text: str) -> int:
    """Read a number of tokens: ``200k tokens``.

    Raises:
        QuantityError: If it is anything else.
    """
    number, word = _split(text, "a number of tokens", "200k tokens")
    if _UNITS.get(word) is not Unit.TOKENS:
        raise _wrong_unit(text, word, "a number of tokens", "200k tokens")
    return _whole(number, text)


def parse_money(text: str) -> int:
    """Read money as nano-USD: ``0.04 USD``.

    Raises:
        QuantityError: If it is anything else.
    """
    number, word = _split(text, "an amount of money", "0.04 USD")
    if word != "USD":
        raise _wrong_unit(text, word, "an amount of money", "0.04 USD")
    return _whole(number, text, NANO_PER_USD)


def parse_price(text: str) -> int:
    """Read a price as nano-USD per million tokens: ``15.00 USD per 1M tokens``.

    Raises:
        QuantityError: If it is anything else, or not a whole number of nano-USD per million tokens.
    """
    example = "15.00 USD per 1M tokens"
    number, words = _split(text, "a price", example)
    match = re.fullmatch(r"(\S+) per (.+)", words)
    if match is None or match[1] != "USD":
        if match is None and words == "USD":
            message = f"`{text[:40]}` does not say for how many tokens"
            raise QuantityError(message, code="missing-unit", hint=f"write it like {example}")
        raise _wrong_unit(text, words, "a price", example)
    per = 1 if match[2] == "token" else parse_tokens(match[2])
    if per == 0:
        raise QuantityError("a price per 0 tokens means nothing", code="wrong-number", hint=f"write {example}")
    rate, rest = divmod(_whole(number, text, NANO_PER_USD) * TOKENS_PER_RATE, per)
    if rest or rate > AMOUNT_MAX:
        word = "too fine" if rest else "too large"
        raise QuantityError(f"the price `{text[:40]}` is {word}", code="wrong-number", hint=f"write {example}")
    return rate


def parse_cost_per_outcome(text: str) -> int:
    """Read what one outcome costs as nano-USD: ``0.35 USD per outcome``.

    Raises:
        QuantityError: If it is anything else.
    """
    example = "0.35 USD per outcome"
    number, words = _split(text, "a cost per outcome", example)
    if words == "USD":
        hint = f"write it like {example}"
        raise QuantityError(f"`{text[:40]}` does not say for what", code="missing-unit", hint=hint)
    if words != "USD per outcome":
        raise _wrong_unit(text, words, "a cost per outcome", example)
    return _whole(number, text, NANO_PER_USD)


def parse_percent(text: str, percent_max: int = 100) -> int:
    """Read a percentage as basis points: ``12.5%`` is 1,250.

    Raises:
        QuantityError: If it is anything else.
    """
    number, word = _split(text, "a percentage", "80%")
    if word not in {"%", "percent"}:
        raise _wrong_unit(text, word, "a percentage", "80%")
    points = _whole(number, text, 100)
    if points > percent_max * 100:
        hint = f"write at most {percent_max}%"
        raise QuantityError(f"`{text[:40]}` is more than {percent_max}%", code="wrong-number", hint=hint)
    return points


def parse_whole_percent(text: str, percent_max: int = 100) -> int:
    """Read a percentage from 1% on without decimals.

    Raises:
        QuantityError: If it is anything else.
    """
    points = parse_percent(text, percent_max)
    if points == 0 or points % 100:
        hint = f"write a whole percentage from 1% to {percent_max}%"
        raise QuantityError(f"`{text[:40]}` is not a whole percentage", code="wrong-number", hint=hint)
    return points // 100


def parse_soft_limit(text: str) -> int | Amount:
    """Read a soft limit: a whole percentage (as ``int``) or an amount with its unit.

    Raises:
        QuantityError: If it is neither.
    """
    return parse_whole_percent(text) if text.strip().endswith(("%", "percent")) else parse_amount(text)


def parse_duration(text: str) -> int:
    """Read a length of time from a second to 31 days in seconds: ``10 minutes``.

    Raises:
        QuantityError: If it is anything else.
    """
    number, word = _split(text, "a length of time", "10 minutes")
    seconds = _SECONDS.get(word.removesuffix("s"))
    if seconds is None:
        raise _wrong_unit(text, word, "a length of time", "10 minutes")
    total = _whole(number * seconds, text)
    if not 1 <= total <= 31 * 86_400:
        message = f"`{text[:40]}` is not between a second and 31 days"
        raise QuantityError(message, code="wrong-number", hint="write it like 10 minutes")
    return total


_DAYS = re.compile(r"([0-9]{1,4}) days?")


def parse_days(text: str) -> int:
    """Read the length of a period in days, from 1 to 3,660: ``30 days``.

    Raises:
        QuantityError: If it is anything else.
    """
    match = _DAYS.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) <= 3_660:
        hint = "write a word such as month, or a length such as 30 days"
        raise QuantityError(f"`{text[:40]}` is not a period", code="wrong-value", hint=hint)
    return int(match[1])


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_date(text: str) -> date:
    """Read a day: ``2026-10-01``.

    Raises:
        QuantityError: If it is not a day of the calendar between 1970 and 2199.
    """
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not 1970 <= day.year <= 2199:
        raise QuantityError(f"`{text[:40]}` is not a date", code="wrong-date", hint="write it like 2026-10-01")
    return day


def parse_month_day(text: str) -> tuple[int, int]:
    """Read a day of every year: ``04-01``.

    Raises:
        QuantityError: If it is not a day that every year has.
    """
    match = re.fullmatch(r"([0-9]{2})-([0-9]{2})", text)
    try:
        # 2001 is no leap year: a fiscal year that starts on 29 February would not start in most years.
        day = date(2001, int(match[1]), int(match[2])) if match else None
    except ValueError:
        day = None
    if day is None:
        message = f"`{text[:40]}` is not a day of every year"
        raise QuantityError(message, code="wrong-date", hint="write month and day like 04-01")
    return day.month, day.day


def parse_time_zone(text: str) -> str:
    """Read the IANA name of a time zone: ``Europe/Berlin``.

    Raises:
        QuantityError: If there is no such zone.
    """
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"`{text[:40]}` is not a time zone"
        raise QuantityError(message, code="wrong-value", hint="write its IANA name, such as Europe/Berlin") from None
    return text
