"""The price catalogue: models and list prices of the ``genai-prices`` library, as the core wants them.

The data is what the installed library ships: it is never updated at run time, so that a decision can be replayed.
Loading it takes a good part of a second and a look-up some hundred microseconds: both happen on first use, once for
each model and provider. Safe between threads: at worst a race looks a model up twice.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from genai_prices.types import ClauseEquals, ClauseOr, ClauseStartsWith, ModelInfo, Provider

from governor.clients.list_prices import DatedPrice, DearestPrice
from governor.core.decisions.snapshot import Catalogues
from governor.core.memo import Memo
from governor.core.model_names import bare_name, read_name, undated
from governor.core.models import Model
from governor.core.prices import Price

# Our short name of a maker to the library's provider that sells its models first hand, in order of search.
_MAKERS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "google",
    "xai": "x-ai",
    "mistral": "mistral",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "meta": "meta",
    "moonshotai": "moonshotai",
    "minimax": "minimax",
    "zai": "zai",
    "voyageai": "voyageai",
    "elevenlabs": "elevenlabs",
}
_HOSTS = {"bedrock": "aws", "vertex": "google"}
_MARKETS = ("aws", "azure", "google", "openrouter")
"""Who else may serve a model while its provider is unknown; resellers beyond these do not raise a hold."""

_OPENROUTER_MAKERS = {"xai": "x-ai", "mistral": "mistralai", "meta": "meta-llama", "zai": "z-ai"}

_NEEDLESS = re.compile(r"-(0|latest|reasoning|[0-9]{4}|20[0-9]{6}|20[0-9]{2}-[0-9]{2}-[0-9]{2})$")


@dataclass(frozen=True, slots=True)
class _Found:
    """A model where the library lists it first hand."""

    model_id: str
    info: ModelInfo


class GenaiPrices:
    """``ModelLookup`` and ``PriceLookup`` over the library's bundled data."""

    def __init__(self) -> None:
        self._models: Memo[Model | None] = Memo()
        self._offers: Memo[DearestPrice] = Memo()

    def find(self, name: str, provider: str) -> Model | None:
        """Return the model that a cleaned-up lower-case name means, with its canonical id ``maker/model``, or None."""
        return self._models.get((name, provider), lambda: _find(name, provider))

    def on_sale(self) -> Collection[str]:
        """Return the canonical ids of the models that their makers sell today: those not marked as deprecated."""
        return models_on_sale()

    def price(self, model_id: str, provider: str, at: datetime) -> Price | None:
        """Return the list price in force at an instant, or None if the catalogue does not know it.

        While the provider is ``""`` or one that the library has never heard of, the dearest of the maker's own price
        and those of the large markets counts. A known provider that does not list the model has no price for it.
        """
        offers = self._offers.get((model_id, provider), lambda: DearestPrice(_offers(model_id, provider)))
        return offers.at(at)


@cache
def genai_prices() -> Catalogues:
    """Return the catalogue, one for the whole process, so that every snapshot shares what it has looked up."""
    catalogue = GenaiPrices()
    return Catalogues(models=catalogue, prices=catalogue)


@cache
def known_model_ids() -> frozenset[str]:
    """Return the canonical ids of all models that their makers sell first hand; for lint and spelling hints."""
    listed = (
        (info, _canonical_id(maker, _providers()[seller], info))
        for maker, seller in _MAKERS.items()
        for info in _providers()[seller].models
        if _made_by(maker, info)
    )
    # Some listings are never found, because one before them matches their own id: nobody can mean them.
    return frozenset(model_id for info, model_id in listed if (found := _first_hand(model_id)) and found.info is info)


@cache
def models_on_sale() -> frozenset[str]:
    """Return the canonical ids of ``known_model_ids`` that the library does not call deprecated."""
    return frozenset(
        model_id for model_id in known_model_ids() if (found := _first_hand(model_id)) and not found.info.deprecated
    )


@cache
def _providers() -> Mapping[str, Provider]:
    # Not the library's own snapshot: that one another part of the process could replace or update.
    from genai_prices.data import providers  # noqa: PLC0415 - 1.6 MB of Python that only a look-up needs

    return {provider.id: provider for provider in providers}


def _find(name: str, provider: str) -> Model | None:
    found = _first_hand(name) or _elsewhere(name, provider)
    if found is None:
        return None
    return Model(found.model_id, context_window=found.info.context_window)


def _first_hand(name: str) -> _Found | None:
    """Find a model with its maker, by ``maker/model`` or by a bare name."""
    maker, slash, bare = name.partition("/")
    if slash and maker not in _MAKERS:
        return None
    for candidate in (maker,) if slash else _MAKERS:
        seller = _providers()[_MAKERS[candidate]]
        info = _listed(seller, bare if slash else name)
        if info is not None and _made_by(candidate, info):
            return _Found(_canonical_id(candidate, seller, info), info)
    return None


def _elsewhere(name: str, provider: str) -> _Found | None:
    """Find a model with who serves it, or in the largest market, which lists models as ``maker/model``."""
    served_by = _seller(provider)
    if served_by is not None and (info := served_by.find_model(name)) is not None:
        clean = undated(read_name(info.id).clean)
        return _Found(clean if "/" in clean else f"{provider}/{clean}", info)
    if "/" in name and (info := _providers()["openrouter"].find_model(name)) is not None:
        return _Found(read_name(info.id).clean, info)
    return None


def _offers(model_id: str, provider: str) -> Iterator[DatedPrice]:
    """Yield the prices that may count for a model, each dated."""
    maker = model_id.partition("/")[0]
    named = _seller(provider)
    own = _MAKERS.get(maker, maker)
    sellers = [named.id] if named is not None else [own, *(market for market in _MARKETS if market != own)]
    for seller_id in sellers:
        if (seller := _providers().get(seller_id)) is not None:
            for info in _sold(seller, model_id):
                # Azure sells OpenAI's models at OpenAI's prices, but not with OpenAI's batch list.
                yield DatedPrice(info, has_variants=any(info is listed for listed in seller.models))


def _sold(seller: Provider, model_id: str) -> list[ModelInfo]:
    """Return a seller's listings of a model: several where the region decides."""
    if seller.id == "aws":
        # Bedrock's ids carry region, date and version, and its match rules want the date: compare without them.
        return _bedrock_listings().get(_plain(model_id), [])
    name = _openrouter_name(model_id) if seller.id == "openrouter" else bare_name(model_id)
    info = _listed(seller, name, list(_providers().values()))
    return [] if info is None else [info]


@cache
def _bedrock_listings() -> Mapping[str, list[ModelInfo]]:
    listings: dict[str, list[ModelInfo]] = {}
    for info in _providers()["aws"].models:
        listings.setdefault(_plain(read_name(info.id).clean), []).append(info)
    return listings


def _openrouter_name(model_id: str) -> str:
    maker, _, bare = model_id.partition("/")
    return f"{_OPENROUTER_MAKERS.get(maker, maker)}/{bare}"


def _listed(seller: Provider, name: str, everybody: list[Provider] | None = None) -> ModelInfo | None:
    """Find a name with a seller; versions are written with dots or dashes."""
    dashed = re.sub(r"(?<=[0-9])\.(?=[0-9])", "-", name)
    for spelling in dict.fromkeys((name, dashed)):
        if (info := seller.find_model(spelling, all_providers=everybody)) is not None:
            return info
    return None


def _seller(provider: str) -> Provider | None:
    """Return the library's provider of our short name, or None if there is none of exactly that name."""
    return _providers().get(_HOSTS.get(provider) or _MAKERS.get(provider) or provider)


def _made_by(maker: str, info: ModelInfo) -> bool:
    """Tell whether a first-hand listing is the maker's own: Google also sells Anthropic's models."""
    return maker != "google" or not info.id.startswith("claude")


def _canonical_id(maker: str, seller: Provider, info: ModelInfo) -> str:
    """Name a listing by the shortest form of its id that still means it: not ``claude-sonnet-4-0``, just ``-4``.

    In lower case, as every id and every glob: some makers write ``GLM-4.5V``, and a rule on ``zai/glm-*`` means it.
    """
    names = (bare_name(info.id), *_literals(info.match))
    bare = next((name for name in names if seller.find_model(name) is info), names[0])
    while (shorter := _NEEDLESS.sub("", bare)) != bare and seller.find_model(shorter) is info:
        bare = shorter
    return f"{maker}/{bare}".lower()


def _literals(match: object) -> Iterator[str]:
    """Yield the names that a match rule spells out: not every listing matches its own id."""
    if isinstance(match, ClauseEquals):
        yield match.equals
    elif isinstance(match, ClauseStartsWith):
        yield match.starts_with
    elif isinstance(match, ClauseOr):
        for clause in match.or_:
            yield from _literals(clause)


def _plain(model_id: str) -> str:
    return _NEEDLESS.sub("", undated(model_id))
