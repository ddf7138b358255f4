"""Literals and globs. ``*`` matches any run of characters, also an empty one and also ``/``; nothing else is special."""

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=65_536)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Runs of stars are one star: `a***b` must not cost a backtracking search.
    parts = [re.escape(part) for part in re.split(r"\*+", pattern)]
    return re.compile(".*".join(parts), re.DOTALL)


def is_glob(pattern: str) -> bool:
    """Tell whether a pattern has a wildcard."""
    return "*" in pattern


def matches(pattern: str, value: str) -> bool:
    """Tell whether the whole value matches a literal or a glob."""
    if "*" not in pattern:
        return pattern == value
    if pattern == "*":
        return True
    return _compiled(pattern).fullmatch(value) is not None


def matches_any(patterns: Iterable[str], value: str) -> bool:
    """Tell whether the value matches at least one of the patterns."""
    return any(matches(pattern, value) for pattern in patterns)
