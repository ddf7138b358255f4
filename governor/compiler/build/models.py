"""ModelCatalog documents to one core value."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from governor.compiler.build.reader import Reader, given
from governor.compiler.problems import did_you_mean
from governor.compiler.quantities import parse_date, parse_tokens
from governor.compiler.shapes.models import ModelCatalogShape, ModelGroupShape
from governor.compiler.source import Path
from governor.core.globs import is_glob
from governor.core.models import Model, ModelCatalog, ModelLookup

NESTING_MAX = 8


@dataclass(frozen=True, slots=True)
class BuiltModels:
    """The merged catalogue, and what only the compiler wants to know.

    Attributes:
        catalog: All ModelCatalogs, merged.
        retires_on: Day of retirement by canonical id.
    """

    catalog: ModelCatalog
    retires_on: dict[str, date]


@dataclass(slots=True)
class _Merging:
    models: dict[str, Model] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    alias_globs: list[tuple[str, str]] = field(default_factory=list)
    groups: dict[str, tuple[Reader, Path, ModelGroupShape]] = field(default_factory=dict)
    retires_on: dict[str, date] = field(default_factory=dict)


def build_models(documents: Sequence[tuple[ModelCatalogShape, Reader]], lookup: ModelLookup | None) -> BuiltModels:
    """Merge all ModelCatalogs of a folder; without one, the price catalogue alone knows models.

    Args:
        documents: Shapes with their readers, in file order.
        lookup: The price catalogue's models, to canonicalise literals in groups.
    """
    merging = _Merging()
    for shape, reader in documents:
        _add_models(merging, shape, reader)
        for index, group in enumerate(shape.groups):
            path: Path = ("groups", index)
            if group.name in merging.groups:
                message = f"the model group `{group.name}` is defined twice"
                reader.add("duplicate-name", message, (*path, "name"), hint="keep one of them")
            merging.groups[group.name] = (reader, path, group)
    _check_aliases(merging, documents)
    use_catalogue = not documents or any(shape.catalogue != "none" for shape, _ in documents)
    for shape, reader in documents:
        if (shape.catalogue != "none") != use_catalogue:
            message = "another ModelCatalog uses the price catalogue, this one does not"
            reader.add("catalogue-conflict", message, ("catalogue",), hint="write the same catalogue in both")
    bare = ModelCatalog(merging.models, merging.aliases, tuple(merging.alias_globs), {}, use_catalogue)
    expansion = _Expansion(merging, bare, lookup)
    groups = {name: expansion.expand(name) for name in merging.groups}
    catalog = ModelCatalog(bare.models, bare.aliases, bare.alias_globs, groups, use_catalogue)
    return BuiltModels(catalog, merging.retires_on)


def _add_models(merging: _Merging, shape: ModelCatalogShape, reader: Reader) -> None:
    for index, item in enumerate(shape.models):
        path: Path = ("models", index)
        model_id = item.id.lower()
        if model_id in merging.models:
            message = f"the model `{model_id}` is listed twice"
            reader.add("duplicate-name", message, (*path, "id"), hint="keep one of them")
        merging.models[model_id] = Model(
            id=model_id,
            aliases=tuple(item.aliases),
            tier=given(item.tier, ""),
            context_window=reader.maybe(parse_tokens, item.context_window, (*path, "context_window")),
            max_output=reader.maybe(parse_tokens, item.max_output, (*path, "max_output")),
            capabilities=frozenset(item.capabilities),
        )
        retires_on = reader.maybe(parse_date, item.retires_on, (*path, "retires_on"))
        if retires_on is not None:
            merging.retires_on[model_id] = retires_on
        for number, alias in enumerate(item.aliases):
            _add_alias(merging, alias.lower(), model_id, reader, (*path, "aliases", number))


def _add_alias(merging: _Merging, alias: str, model_id: str, reader: Reader, path: Path) -> None:
    if is_glob(alias):
        merging.alias_globs.append((alias, model_id))
        return
    other = merging.aliases.setdefault(alias, model_id)
    if other != model_id:
        message = f"`{alias}` is already an alias of `{other}`"
        reader.add("duplicate-name", message, path, hint="an alias means one model")


def _check_aliases(merging: _Merging, documents: Sequence[tuple[ModelCatalogShape, Reader]]) -> None:
    """An alias that is the id of another model would never be looked at: ids come first."""
    for shape, reader in documents:
        for index, item in enumerate(shape.models):
            for number, alias in enumerate(item.aliases):
                if alias.lower() in merging.models and alias.lower() != item.id.lower():
                    message = f"`{alias}` is the id of another model"
                    path: Path = ("models", index, "aliases", number)
                    reader.add("duplicate-name", message, path, hint="an alias means one model")


@dataclass(slots=True)
class _Expansion:
    """Expands groups, with the groups inside them; each group once."""

    merging: _Merging
    catalog: ModelCatalog
    lookup: ModelLookup | None
    open: list[str] = field(default_factory=list)
    done: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def expand(self, name: str) -> tuple[str, ...]:
        """Return canonical ids and globs of a group, each once."""
        if name in self.done:
            return self.done[name]
        reader, path, group = self.merging.groups[name]
        self.open.append(name)
        found: dict[str, None] = {}
        for index, pattern in enumerate(group.models):
            here: Path = (*path, "models", index)
            if pattern.startswith("group:"):
                found.update(dict.fromkeys(self._nested(pattern[6:].strip(), reader, here)))
            elif is_glob(pattern):
                found[pattern.lower()] = None
            else:
                found[self.catalog.resolve(pattern, lookup=self.lookup).id] = None
        self.open.pop()
        self.done[name] = tuple(found)
        return self.done[name]

    def _nested(self, name: str, reader: Reader, path: Path) -> tuple[str, ...]:
        if name not in self.merging.groups:
            hint = did_you_mean(name, self.merging.groups)
            reader.add("unknown-reference", f"no ModelCatalog has a group `{name[:60]}`", path, hint=hint)
            return ()
        if name in self.open:
            reader.add("wrong-value", f"the group `{name}` contains itself", path, hint="take one of them out")
            return ()
        if len(self.open) >= NESTING_MAX:
            message = f"groups are nested deeper than {NESTING_MAX} levels"
            reader.add("too-deep", message, path, hint="name the models instead")
            return ()
        return self.expand(name)
