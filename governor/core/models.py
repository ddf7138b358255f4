"""Model ids: canonicalised once, so that allowlist, price and quota all see the same id.

A canonical id is ``maker/model`` in lower case (``anthropic/claude-sonnet-4``). Who serves and bills it, the
*provider* (``bedrock``, ``azure``, ``vertex``, ...), is kept beside the id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


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
        known: Whether a ModelCatalog, a PriceBook or the price catalogue knows the model.
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


@dataclass(frozen=True, slots=True)
class ModelCatalog:
    """All ModelCatalog policies of a folder, merged.

    Attributes:
        models: By canonical id.
        aliases: Literal alias (lower case) to canonical id.
        alias_globs: Pairs of alias glob and canonical id, in file order.
        groups: Group name to canonical ids or globs, nested groups expanded.
        use_catalogue: Whether names that are not listed here are looked up in the price catalogue.
    """

    models: Mapping[str, Model] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    alias_globs: tuple[tuple[str, str], ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    use_catalogue: bool = True

    def resolve(self, asked: str, provider: str = "", lookup: ModelLookup | None = None) -> ResolvedModel:
        """Canonicalise a model name.

        In order: lower case; exact id; literal alias; alias glob; the same after taking off a provider prefix
        (``bedrock/``, ``azure/``, ``vertex_ai/``, a region prefix such as ``eu.``) which becomes the provider unless one
        was given; the same after taking off a dated suffix (``-20250514``, ``-2024-08-06``, ``@20250514``,
        ``-v1:0``, ``-latest``); the external catalogue; else unknown, as the cleaned-up name.

        Args:
            asked: The name as the caller wrote it, at most 256 characters.
            provider: Who serves it, if the caller says so.
            lookup: The external catalogue, used when ``use_catalogue`` is set.

        Returns:
            The resolved model; ``known`` is False if nothing knows it.
        """
        raise NotImplementedError
