"""Literals and globs. ``*`` matches any run of characters, also an empty one and also ``/``; nothing else is special.

A glob is a list of pieces that must occur in order, so that no pattern can cost a backtracking search.
"""

from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=65_536)
def _pieces(pattern: str) -> tuple[str, tuple[str, ...], str]:
    """Cut a glob into what the value starts with, what it holds in order, and what it ends with."""
    first, *inner, last = pattern.split("*")
    return first, tuple(piece for piece in inner if piece), last


def is_glob(pattern: str) -> bool:
    """Tell whether a pattern has a wildcard."""
    return "*" in pattern


def matches(pattern: str, value: str) -> bool:
    """Tell whether the whole value matches a literal or a glob."""
    if "*" not in pattern:
        return pattern == value
    first, inner, last = _pieces(pattern)
    end = len(value) - len(last)
    if end < len(first) or not value.startswith(first) or not value.endswith(last):
        return False
    at = len(first)
    for piece in inner:
        # The leftmost place leaves the most room for the pieces to come: no other place need be tried.
        found = value.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def matches_any(patterns: Iterable[str], value: str) -> bool:
    """Tell whether the value matches at least one of the patterns."""
    for pattern in patterns:  # noqa: SIM110 - every policy is matched so; a generator costs more than the match
        if matches(pattern, value):
            return True
    return False
