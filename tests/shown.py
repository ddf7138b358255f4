"""What a page shows of an answer, against the answer that is given."""

from typing import Any


def part_of(given: Any, shown: Any) -> Any:
    """Return what is shown of what is given: the fields that are named, the first items of lists."""
    if isinstance(shown, dict):
        return {name: part_of(given.get(name), value) for name, value in shown.items()}
    if isinstance(shown, list):
        return [part_of(one, other) for one, other in zip(given, shown, strict=False)]
    return given
