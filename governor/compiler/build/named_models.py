"""Models that are tried in order: fallbacks, downgrades, routings."""

from collections.abc import Iterable, Sequence

from governor.compiler.build.header import Models
from governor.compiler.build.reader import Reader
from governor.compiler.source import Path
from governor.core.globs import is_glob, matches


def named_models(patterns: Sequence[str], reader: Reader, models: Models, path: Path) -> tuple[str, ...]:
    """Return canonical ids in order, groups expanded; a pattern is a problem, because it has no order."""
    for index, pattern in enumerate(patterns):
        if is_glob(pattern):
            message = f"`{pattern}` is a pattern, and these models are tried in order"
            reader.add("wrong-value", message, (*path, index), hint="name the models, or a group of them")
    plain = [pattern for pattern in patterns if not is_glob(pattern)]
    return offered_models(models.expand(plain, reader, path), models.catalog.models)


def offered_models(members: Iterable[str], listed: Iterable[str]) -> tuple[str, ...]:
    """Return ids in order, each once; a group's pattern stands for the models that the folder lists and it matches.

    Models that only the price catalogue knows are not meant: it holds what nobody here has a contract for, and what
    its next version adds or takes out must not change what is offered.
    """
    found: dict[str, None] = {}
    for member in members:
        if is_glob(member):
            found.update((model, None) for model in listed if matches(member, model))
        else:
            found[member] = None
    return tuple(found)
