"""A memory of what follows from a frozen value, so that it is worked out once."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Result = TypeVar("Result")

_ROOM = 16_384
"""Entries before a memo starts anew: callers choose the keys, so a memo must not grow with them."""


class Memo(Generic[Result]):
    """A bounded memory of results that follow from a frozen value and a key alone.

    It is the value's cache and no part of it: a copy or a pickle begins empty. Safe between threads: at worst a race
    works a result out twice.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Hashable, Result] = {}

    def get(self, key: Hashable, work_out: Callable[[], Result]) -> Result:
        """Return what is known for a key, working it out if nothing is."""
        try:
            return self._known[key]
        except KeyError:
            result = work_out()
        if len(self._known) >= _ROOM:
            self._known = {}
        self._known[key] = result
        return result

    def __reduce__(self) -> tuple[type["Memo[Result]"], tuple[()]]:
        return Memo, ()
