"""Models that are tried in order: fallbacks, downgrades, routings."""

from collections.abc import Sequence

from governor.compiler.build.header import Models
from governor.compiler.build.reader import Reader
from governor.compiler.source import Path
from governor.core.globs import is_glob


def named_models(patterns: Sequence[str], reader: Reader, models: Models, path: Path) -> tuple[str, ...]:
    """Return canonical ids in order, groups expanded; a pattern is a problem, because it has no order."""
    for index, pattern in enumerate(patterns):
        if is_glob(pattern):
            message = f"`{pattern}` is a pattern, and these models are tried in order"
            reader.add("wrong-value", message, (*path, index), hint="name the models, or a group of them")
    # A group may hold patterns for its other uses; here only the models it names can be offered.
    return tuple(model for model in models.expand(list(patterns), reader, path) if not is_glob(model))
