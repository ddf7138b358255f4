"""Finding the policies of a request without looking at the others.

Each policy is filed under the literals of one attribute: the one whose literals are rarest among all policies. A
request looks only into the drawers of its own attribute values, so that 100,000 policies cost what 10 do. Policies
without a literal stand in a drawer that every request looks into.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from governor.core.globs import is_glob, matches
from governor.core.policy.header import Header
from governor.core.policy.match import Attributes


class HasHeader(Protocol):
    """Anything with a policy envelope."""

    @property
    def header(self) -> Header:
        """The envelope."""
        ...


OTHER = "*"
"""In place of a literal: every value that is not of the closed set. No glob is ever filed as a literal."""

Drawer = tuple[str, str | None]
"""An attribute and a literal; None holds the policies that a request without the attribute must see."""


P = TypeVar("P", bound=HasHeader)


class PolicyIndex(Generic[P]):
    """Policies of one kind, found by a request's attributes. Immutable once built.

    Args:
        policies: In the order in which they are to be returned.
        closed: The values of attributes with a closed set of values (departments, teams): globs over them are filed
            as the literals that they mean, and for values that turn up beside the set all the same: an Organization
            that lists nobody takes the gateway's word.
    """

    def __init__(self, policies: Iterable[P], closed: Mapping[str, Sequence[str]]) -> None:
        self._policies: list[P] = list(policies)
        self._closed = {key: frozenset(values) for key, values in closed.items()}
        self._everywhere: list[int] = []
        self._drawers: dict[Drawer, list[int]] = {}
        literals = [_literals(policy.header, closed) for policy in self._policies]
        crowd = Counter((key, value) for terms in literals for key, values in terms.items() for value in values)
        drawers: defaultdict[Drawer, list[int]] = defaultdict(list)
        for position, (policy, terms) in enumerate(zip(self._policies, literals, strict=True)):
            if not terms:
                self._everywhere.append(position)
                continue
            _, key = min((sum(crowd[key, value] for value in values), key) for key, values in terms.items())
            for value in terms[key]:
                drawers[key, value].append(position)
            if policy.header.if_missing_applies:
                drawers[key, None].append(position)
            if any(is_glob(pattern) for pattern in dict(policy.header.applies_to.terms)[key]):
                drawers[key, OTHER].append(position)
        self._drawers = dict(drawers)
        self._keys = tuple(dict.fromkeys(key for key, _ in self._drawers))

    def candidates(self, attributes: Attributes) -> list[P]:
        """Return the policies that may concern a request, in order; the caller still matches each."""
        found = list(self._everywhere)
        for key in self._keys:
            value = attributes.get(key)
            found.extend(self._drawers.get((key, value), ()))
            if value is not None and key in self._closed and value not in self._closed[key]:
                found.extend(self._drawers.get((key, OTHER), ()))
        # A literal beside a glob is filed under both.
        return [self._policies[position] for position in sorted(set(found))]


def _literals(header: Header, closed: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the attributes of a selector whose patterns are, or can be written as, literals."""
    terms: dict[str, tuple[str, ...]] = {}
    for key, patterns in header.applies_to.terms:
        if not any(is_glob(pattern) for pattern in patterns):
            terms[key] = tuple(dict.fromkeys(patterns))
        elif key in closed:
            meant = [value for value in closed[key] if any(matches(pattern, value) for pattern in patterns)]
            literal = [pattern for pattern in patterns if not is_glob(pattern)]
            terms[key] = tuple(dict.fromkeys((*literal, *meant)))
    return terms
