"""Model ids: canonicalised once, so that allowlist, price and quota all see the same id.

A canonical id is ``maker/model`` in lower case (``anthropic/claude-sonnet-4``). Who serves and bills it, the
*provider* (``bedrock``, ``azure``, ``vertex``, ...), is kept beside the id.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from governor.core.globs import matches
from governor.core.memo import Memo
from governor.core.model_names import bare_name, provider_name, read_name


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model: limits in tokens, None where unknown."""

    id: str
    aliases: tuple[str, ...] = ()
    tier: str = ""
    context_window: int | None = None
    max_output: int | None = None
    capabilities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """The result of canonicalising what a caller asked for.

    Attributes:
        id: Canonical id; for an unknown model, the cleaned-up name that was asked for.
        provider: Who serves and bills it, or ``""`` while that is unknown.
        asked: The text as asked, kept for the explanation.
        known: Whether a ModelCatalog or the price catalogue knows the model. A model that only a PriceBook names is
            known because the compiler lists it in the ModelCatalog.
        model: What is known of it.
    """

    id: str
    provider: str
    asked: str
    known: bool
    model: Model


class ModelLookup(Protocol):
    """The external price catalogue's view of models (``genai-prices``); injected, because the core does no IO."""

    def find(self, name: str, provider: str) -> Model | None:
        """Return the model that a cleaned-up lower-case name means, with its canonical id, or None."""
        ...

    def on_sale(self) -> Collection[str]:
        """Return the canonical ids of the models that their makers sell today."""
        ...


@dataclass(frozen=True, slots=True)
class ModelCatalog:
    """All ModelCatalog policies of a folder, merged.

    Attributes:
        models: By canonical id.
        aliases: Literal alias (lower case) to canonical id.
        alias_globs: Pairs of alias glob (lower case) and canonical id, in file order.
        groups: Group name to canonical ids or globs, nested groups expanded.
        use_catalogue: Whether names that are not listed here are looked up in the price catalogue.
    """

    models: Mapping[str, Model] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    alias_globs: tuple[tuple[str, str], ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    use_catalogue: bool = True

    _memo: Memo[ResolvedModel] = field(default_factory=Memo, init=False, repr=False, compare=False)

    def resolve(self, asked: str, provider: str = "", lookup: ModelLookup | None = None) -> ResolvedModel:
        """Canonicalise a model name; the same question is answered from memory.

        In order: lower case; exact id; literal alias; alias glob; the same after taking off a provider prefix
        (``bedrock/``, ``azure/``, ``vertex_ai/``, a region prefix such as ``eu.``) which becomes the provider unless
        one was given; the same after taking off a dated suffix (``-20250514``, ``-2024-08-06``, ``@20250514``,
        ``-v1:0``, ``-latest``) or a routing suffix (``:free``, ``@preset/x``); the external catalogue, whose answer
        may again be an alias here; the only listed model of that name, whoever made it; else unknown, as the
        cleaned-up name.

        Args:
            asked: The name as the caller wrote it, at most 256 characters.
            provider: Who serves it, if the caller says so; any spelling (``vertex_ai``, ``aws.bedrock``).
            lookup: The external catalogue, used when ``use_catalogue`` is set.

        Returns:
            The resolved model; ``known`` is False if nothing knows it. Never raises for odd text.
        """
        catalogue = lookup if self.use_catalogue else None
        return self._memo.get((asked, provider, catalogue), lambda: self._resolve(asked, provider, catalogue))

    def _resolve(self, asked: str, provider: str, lookup: ModelLookup | None) -> ResolvedModel:
        name = read_name(asked)
        served_by = provider_name(provider) or name.provider
        found = self._listed(name.candidates)
        external = None
        if lookup is not None:
            # A listed model's own name is asked, not the caller's: the catalogue may not know the alias.
            names = name.candidates if found is None else read_name(found).candidates
            external = _first_known(lookup, names, served_by)
        if found is None and external is not None and lookup is not None:
            found = self._listed((external.id,)) or self._listed_as(external.id, lookup) or external.id
        if found is None:
            found = self._only_namesake(name.candidates)
        if found is None:
            return ResolvedModel(name.clean, served_by, asked, known=False, model=Model(name.clean))
        return ResolvedModel(found, served_by, asked, known=True, model=self._described(found, external))

    def _listed(self, names: Iterable[str]) -> str | None:
        """Return the canonical id that the first of the names means here, by id, alias or alias glob."""
        for name in names:
            if name in self.models:
                return name
            if name in self.aliases:
                return self.aliases[name]
            for pattern, model_id in self.alias_globs:
                if matches(pattern, name):
                    return model_id
        return None

    def _listed_as(self, external_id: str, lookup: ModelLookup) -> str | None:
        """Return the one listed model that the catalogue knows by this id: ``grok-4.1-fast`` is ``grok-4-1-fast``."""
        same = [i for i in self.models if (known := lookup.find(i, "")) is not None and known.id == external_id]
        return same[0] if len(same) == 1 else None

    def _only_namesake(self, names: Iterable[str]) -> str | None:
        """Return the one listed model that a bare name can mean; two of a name are nobody's."""
        for name in names:
            if "/" not in name:
                namesakes = [model_id for model_id in self.models if bare_name(model_id) == name]
                if len(namesakes) == 1:
                    return namesakes[0]
        return None

    def _described(self, model_id: str, external: Model | None) -> Model:
        """Put together what policies and the catalogue know of a model; policies have the last word."""
        listed = self.models.get(model_id)
        if external is None:
            return listed or Model(model_id)
        if listed is None:
            return replace(external, id=model_id)
        return replace(
            listed,
            context_window=external.context_window if listed.context_window is None else listed.context_window,
            max_output=external.max_output if listed.max_output is None else listed.max_output,
            capabilities=listed.capabilities or external.capabilities,
        )


def _first_known(lookup: ModelLookup, names: Iterable[str], provider: str) -> Model | None:
    return next((model for name in names if (model := lookup.find(name, provider)) is not None), None)
