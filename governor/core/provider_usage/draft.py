"""Reading a usage object step by step: what was taken from it, and what nobody asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from governor.core.money import AMOUNT_MAX, NANO_PER_USD
from governor.core.provider_usage.report import OtherModel, UnreadableUsageError

Path = tuple[str, ...]

_WORDS = {str: "text", bool: "true or false", list: "a list", dict: "an object", type(None): "null"}


@dataclass(slots=True)
class Draft:
    """A usage object on its way into our convention.

    Attributes:
        given: The object as the provider wrote it.
        counts: Our counts so far, by the names of ``Usage``.
        units: What is not counted in tokens.
        modalities: Tokens by modality as reported: ``input_audio`` of the whole input, ``cached_audio`` of its cached
            part, ``output_audio`` of the output.
        warnings: Sentences for the answer.
        others: What other models did, by their names.
        parts: Our counts of each time that the model was gone through, where that was more than once.
        placed: Names of counts whose place a rule has settled, against what the shape says of them.
        total_is_explained: Whether a rule has accounted for a total that the counts do not come to.
        reported_cost_nano_usd: What the provider says that it cost.
        unknown_parts: Paths inside lists that nobody asked for.
        taken: The provider's counts that are there, by their first names.
    """

    given: Mapping[str, Any]
    counts: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    modalities: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    others: dict[str, OtherModel] = field(default_factory=dict)
    parts: list[dict[str, int]] = field(default_factory=list)
    placed: set[str] = field(default_factory=set)
    total_is_explained: bool = False
    reported_cost_nano_usd: int | None = None
    unknown_parts: list[str] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    _known: set[Path] = field(default_factory=set)
    _above: set[Path] = field(default_factory=set)
    _wholly: set[Path] = field(default_factory=set)

    def of(self, kind: str) -> int:
        """Return one of our counts so far."""
        return self.counts.get(kind, 0)

    def add(self, kind: str, count: int) -> None:
        """Add to one of our counts; below nothing is nothing less."""
        self.counts[kind] = self.counts.get(kind, 0) + count

    def know(self, name: str, *, wholly: bool = False) -> None:
        """Note that the meaning of a path is known; ``wholly`` with everything below it."""
        path, above = _steps(name)
        (self._wholly if wholly else self._known).add(path)
        self._above.update(above)

    def raw(self, name: str) -> Any:
        """Return what stands at a dotted path; null and absent are both None.

        Raises:
            UnreadableUsageError: If something on the way is not an object.
        """
        self.know(name)
        value: Any = self.given
        steps, _ = _steps(name)
        for depth, step in enumerate(steps):
            if value is None:
                return None
            if not isinstance(value, dict):
                raise UnreadableUsageError(f"`{'.'.join(steps[:depth])}` is {_word(value)}; it must be an object")
            value = value.get(step)
        return value

    def count(self, *names: str) -> int | None:
        """Return the count at the first of several spellings that is there, or None.

        Raises:
            UnreadableUsageError: If it is not a whole number from 0 to the largest amount.
        """
        found = [(name, count) for name in names if (count := whole_number(name, self.raw(name))) is not None]
        for name, count in found[1:]:
            if count != found[0][1]:
                self.warnings.append(f"`{name}` is {count} but `{found[0][0]}` is {found[0][1]}; the latter is counted")
        return found[0][1] if found else None

    def seconds(self, name: str) -> int | None:
        """Return seconds, begun ones counted whole, or None.

        Raises:
            UnreadableUsageError: If it is not a number from 0 to the largest amount.
        """
        value = self.raw(name)
        if isinstance(value, float) and 0 <= value <= AMOUNT_MAX and not value.is_integer():
            return int(value) + 1
        return whole_number(name, value)

    def items(self, name: str) -> Iterator[Mapping[str, Any]]:
        """Yield the objects of a list; null and absent are an empty one.

        Raises:
            UnreadableUsageError: If it is not a list of objects.
        """
        listed = self.raw(name)
        if listed is None:
            return
        if not isinstance(listed, list):
            raise UnreadableUsageError(f"`{name}` is {_word(listed)}; it must be a list")
        self.know(name, wholly=True)
        for number, item in enumerate(listed):
            if not isinstance(item, dict):
                raise UnreadableUsageError(f"`{name}[{number}]` is {_word(item)}; it must be an object")
            yield item

    def money(self, name: str, per_usd: int = 1) -> int | None:
        """Return an amount in nano-USD, rounded half up, or None; what is no amount is told in a warning.

        Args:
            name: Where it stands.
            per_usd: How many of the provider's unit make a dollar.
        """
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            nano = (Decimal(str(value)) * NANO_PER_USD / per_usd).to_integral_value(ROUND_HALF_UP)
            if 0 <= nano <= AMOUNT_MAX:
                return int(nano)
        self.warnings.append(f"`{name}` is {_shown(value)}, which is no amount of money; it is left out")
        return None

    def unknown(self) -> list[str]:
        """Return the dotted paths that nobody has asked for, the shallowest of each; what is empty says nothing."""
        return [*self._unknown(self.given, ()), *self.unknown_parts]

    def _unknown(self, given: Mapping[str, Any], above: Path) -> Iterator[str]:
        for name, value in given.items():
            path = (*above, name)
            if value in (None, {}, []) or path in self._wholly:
                continue
            if isinstance(value, dict) and path in self._above:
                yield from self._unknown(value, path)
            elif path not in self._known:
                yield ".".join(path)


@cache
def _steps(name: str) -> tuple[Path, tuple[Path, ...]]:
    """Return a dotted path in steps, and the paths above it; the names are those of the shapes, a few hundred."""
    path = tuple(name.split("."))
    return path, tuple(path[:depth] for depth in range(1, len(path)))


def whole_number(name: str, value: Any) -> int | None:
    """Return a count, or None for null.

    Raises:
        UnreadableUsageError: If it is not a whole number from 0 to the largest amount.
    """
    if value is None or (type(value) is int and 0 <= value <= AMOUNT_MAX):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableUsageError(f"`{name}` is {_word(value)}; a count is a whole number")
    # Some providers count in floating point (Cohere): 12.0 is 12.
    if isinstance(value, float) and not value.is_integer():
        raise UnreadableUsageError(f"`{name}` is {value}; a count is a whole number")
    count = int(value)
    if not 0 <= count <= AMOUNT_MAX:
        raise UnreadableUsageError(f"`{name}` is {_shown(count)}; a count is from 0 to {AMOUNT_MAX}")
    return count


def _word(value: Any) -> str:
    return _WORDS.get(type(value), "a number")


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, int | float) else _word(value)
    return text if len(text) <= 24 else f"{text[:12]}... ({len(text)} digits)"
