"""Finding the lines of a price book that concern a model, without reading the others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from governor.core.globs import is_glob, matches


class _Line(Protocol):
    """A line of a price book: what it says of its model is a canonical id or a glob."""

    @property
    def model(self) -> str: ...


LineT = TypeVar("LineT", bound=_Line)


@dataclass(frozen=True, slots=True)
class PriceLines(Generic[LineT]):
    """Lines by model literal, and globs by the maker that they name (``""``: they name none).

    Plain mappings of tuples, so that a compiled price book pickles with its index.
    """

    literals: Mapping[str, tuple[LineT, ...]]
    globs: Mapping[str, tuple[LineT, ...]]

    @classmethod
    def of(cls, lines: Iterable[LineT]) -> "PriceLines[LineT]":
        """Index lines; those of one model keep their order."""
        literals: defaultdict[str, list[LineT]] = defaultdict(list)
        globs: defaultdict[str, list[LineT]] = defaultdict(list)
        for line in lines:
            if is_glob(line.model):
                globs[_maker(line.model.partition("*")[0])].append(line)
            else:
                literals[line.model].append(line)
        return cls(
            {model: tuple(found) for model, found in literals.items()},
            {maker: tuple(found) for maker, found in globs.items()},
        )

    def matching(self, model_id: str) -> list[LineT]:
        """Return the lines whose literal or glob matches a canonical id."""
        found = list(self.literals.get(model_id, ()))
        for maker in dict.fromkeys((_maker(model_id), "")):
            found += [line for line in self.globs.get(maker, ()) if matches(line.model, model_id)]
        return found


def _maker(text: str) -> str:
    """Return what stands before the first slash, or ``""`` without one."""
    head, slash, _ = text.partition("/")
    return head if slash else ""
