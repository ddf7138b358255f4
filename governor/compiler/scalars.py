"""What an unquoted YAML word means: the core schema of YAML 1.2, with exact numbers and no surprises."""

import re
from decimal import Decimal

from governor.core.errors import GovernorError

WORDS_OF_YAML_11 = frozenset({"yes", "no", "on", "off", "y", "n"})
"""Unquoted words that YAML 1.1 readers take for booleans; here they are words."""

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("null", "Null", "NULL", "~"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DIGITS_MAX = 30


class ScalarError(GovernorError):
    """An unquoted number that cannot be taken as it stands; ``hint`` says what to write."""

    code = "not-a-number"

    def __init__(self, message: str, *, code: str, hint: str) -> None:
        super().__init__(message, code=code)
        self.hint = hint


def plain_scalar(text: str) -> str | int | Decimal | bool | None:
    """Return the value of an unquoted scalar that is not empty.

    Raises:
        ScalarError: For NaN, infinities, numbers with an exponent or of more than 30 digits, numbers with a leading
            zero, and octal or hexadecimal numbers.
    """
    first = text[0]
    if first not in "0123456789+-.":
        return _WORDS.get(text, text) if first in "nNtTfF~" else text
    if _NOT_A_NUMBER.fullmatch(text):
        raise ScalarError(f"`{text}` is not a number", code="not-a-number", hint="write an amount with its unit")
    if _BASED.fullmatch(text):
        hint = f'write it in decimal, or "{text[:20]}" in quotes'
        raise ScalarError(f"`{text[:40]}` is octal or hexadecimal", code="wrong-format", hint=hint)
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _DECIMAL.fullmatch(text):
        return _decimal(text)
    return text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    if len(digits) > _DIGITS_MAX:
        raise ScalarError(f"`{text[:20]}...` is larger than any budget", code="not-a-number", hint="write it shorter")
    # `000` alone is what a thousands comma leaves behind; it is recognised where its neighbour is known.
    if len(digits) > 1 and digits[0] == "0" and digits != "000":
        hint = f'write "{text}" in quotes'
        raise ScalarError(f"the number `{text}` would lose its leading zero", code="leading-zero", hint=hint)
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > _DIGITS_MAX or "e" in text.lower():
        hint = "write it out, with its unit"
        raise ScalarError(f"`{text[:20]}` is not a number of this language", code="not-a-number", hint=hint)
    return Decimal(text)
