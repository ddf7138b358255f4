"""How a provider's usage object is written: its counts, what each includes, and where that is documented.

A shape is data, so that the documentation is made from what the conversion does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from governor.core.provider_usage.draft import Draft


class Kind(StrEnum):
    """Our counts, by the names of ``Usage``."""

    INPUT = "input_tokens"
    CACHED = "cached_input_tokens"
    WRITE = "cache_write_tokens"
    WRITE_1H = "cache_write_1h_tokens"
    OUTPUT = "output_tokens"
    REASONING = "reasoning_tokens"


WHOLES = frozenset({Kind.INPUT, Kind.OUTPUT})


@dataclass(frozen=True, slots=True)
class Count:
    """One count of a provider's object.

    Attributes:
        names: Its dotted path, in each spelling that the provider uses; the first that is there counts.
        adds_to: Our counts that it adds to. A part that stands beside its whole adds to both.
        inside: The provider's count that includes it already, by its first name; ``""``: none does.
        unit: The unit that it counts (``searches``), or ``""``.
        modality: The part of our input or output that it is (``input_audio``), or ``""``.
        required: Whether an object without it cannot be read.
        apart: Billed by the provider, but not by anything that we can price: told in a warning.
        meaning: What it counts, where its name does not say.
    """

    names: tuple[str, ...]
    adds_to: tuple[Kind, ...] = ()
    inside: str = ""
    unit: str = ""
    modality: str = ""
    required: bool = False
    apart: bool = False
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that an object says beside its counts.

    Attributes:
        name: Its dotted path; whatever is below it is known, too.
        plain: The values that leave the price as it is; another one is told in a warning. Empty: it never matters.
    """

    name: str
    plain: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """One form of a usage object.

    Attributes:
        name: What it is called in answers and in the documentation.
        known_by: An object has this shape if it has any of these.
        counts: Its counts.
        facts: What else is known of it.
        totals: Paths of the total, if it has one: it must be our input and output together.
        finish: A rule that a table cannot say, applied after the counts.
        rules: The same in words.
        sources: Pages or recordings on which all of this rests.
    """

    name: str
    known_by: tuple[str, ...]
    counts: tuple[Count, ...]
    facts: tuple[Fact, ...] = ()
    totals: tuple[str, ...] = ()
    finish: Callable[[Draft], None] | None = None
    rules: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider and the shapes of its objects, in the order in which they are tried.

    Attributes:
        name: Our short name of it; callers may use any spelling that ``provider_name`` knows.
        title: Its name for people.
    """

    name: str
    title: str
    shapes: tuple[Shape, ...]


def whole(*names: str, kind: Kind, required: bool = True) -> Count:
    """Return a count that is input or output as it stands."""
    return Count(names, (kind,), required=required)


def part(*names: str, kind: Kind, inside: str) -> Count:
    """Return a count that another one of the object includes."""
    return Count(names, (kind,), inside)


def beside(*names: str, whole_kind: Kind, kind: Kind) -> Count:
    """Return a count that no other of the object includes: it is part of our whole, and added to it."""
    return Count(names, (whole_kind, kind))


def said(*names: str, inside: str, meaning: str = "") -> Count:
    """Return a count that changes nothing: it only says what is inside another."""
    return Count(names, inside=inside, meaning=meaning)


def facts(*names: str) -> tuple[Fact, ...]:
    """Return things that never matter for the price."""
    return tuple(Fact(name) for name in names)
