"""Slips that YAML turns into something else, recognised so that the message can say what was meant."""

import re
from typing import Any

HASH_WORD = re.compile(r"[ \t]*#([A-Za-z][\w-]*)")
"""What follows an empty value when somebody forgot to quote ``#channel``."""

_HEAD = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})*")
_REST = re.compile(r"([0-9]{3})(\D.*)?", re.DOTALL)


def looks_like_rest(first: Any, rest: Any) -> bool:
    """Tell whether two neighbours in braces or brackets are one number that a comma split: ``120`` and ``000 USD``."""
    if isinstance(rest, bool) or isinstance(first, bool) or not isinstance(rest, (str, int)):
        return False
    head = isinstance(first, int) or (isinstance(first, str) and _HEAD.fullmatch(first) is not None)
    return head and len(str(first)) >= 0 and _HEAD.fullmatch(str(first)) is not None and _is_rest(rest)


def _is_rest(rest: str | int) -> bool:
    text = f"{rest:03d}" if isinstance(rest, int) else rest
    found = _REST.fullmatch(text)
    # A list of plain numbers is a list; only `000`, or a unit behind the digits, shows that a number was split.
    return found is not None and (found[1] == "000" or bool((found[2] or "").strip(" ")))


def joined_thousands(first: Any, rest: Any) -> tuple[str, str]:
    """Return the number as it was meant (``120,000 USD``) and how to write it here (``120k USD``)."""
    tail = f"{rest:03d}" if isinstance(rest, int) else str(rest)
    found = _REST.fullmatch(tail)
    digits, unit = (found[1], found[2] or "") if found else (tail, "")
    text = f"{first},{digits}{unit}"
    whole = f"{first}{digits}".replace(",", "")
    for zeros, letter in ((6, "M"), (3, "k")):
        if whole.endswith("0" * zeros):
            return text, f"{whole[:-zeros]}{letter}{unit}"
    return text, f"{whole}{unit}"
