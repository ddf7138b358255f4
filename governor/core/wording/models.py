"""Models and prices in words. What several documents say is merged, as it is when requests are decided."""

from collections.abc import Iterator

from governor.core.models import Model, ModelCatalog
from governor.core.prices import FULL_BP, Price, PriceBook, Rates
from governor.core.units import Unit, amount_words
from governor.core.wording.phrases import begin_words, listed, tokens_words
from governor.core.wording.statements import Statement

_KINDS = {
    "input": "input",
    "cached_input": "cached input",
    "cache_write": "cache writes",
    "cache_write_1h": "cache writes for an hour",
    "output": "output",
    "reasoning": "reasoning",
}


def catalog_statements(catalog: ModelCatalog) -> Iterator[Statement]:
    """Yield which models are known, by which names, and in which groups."""
    for model_id, model in catalog.models.items():
        yield Statement(f"models.{model_id}", f"model {model_id}", _model_words(model))
    for alias, model_id in (*catalog.aliases.items(), *catalog.alias_globs):
        yield Statement(f"aliases.{alias}", f"the name `{alias}`", f"means {model_id}")
    if len(catalog.alias_globs) > 1:
        order = ", then ".join(alias for alias, _ in catalog.alias_globs)
        yield Statement("aliases.order", "order in which names with `*` are tried", order)
    for name, members in catalog.groups.items():
        yield Statement(f"groups.{name}", f"group {name}", listed(members))
    others = "are looked up in the price catalogue" if catalog.use_catalogue else "are unknown"
    yield Statement("catalogue", "models that are not listed", others)


def _model_words(model: Model) -> str:
    parts = [model.tier] if model.tier else []
    if model.context_window is not None:
        parts.append(f"context window {tokens_words(model.context_window)}")
    if model.max_output is not None:
        parts.append(f"longest answer {tokens_words(model.max_output)}")
    if model.capabilities:
        parts.append(f"able to do {listed(sorted(model.capabilities))}")
    return "; ".join(parts) or "known"


def price_statements(book: PriceBook, time_zone: str) -> Iterator[Statement]:
    """Yield what models cost, from when on, and what is taken off."""
    for entry in book.entries:
        begins = begin_words(entry.from_at, time_zone)
        where = f" at {entry.provider}" if entry.provider else ""
        for part, words in price_parts(entry.price):
            key = f"prices.{entry.model}{where}.{entry.from_at.isoformat()}.{part}"
            yield Statement(key, f"price of {entry.model}{where} from {begins} on, {part}", words)
    for discount in book.discounts:
        begins = begin_words(discount.from_at, time_zone)
        provider = discount.provider or "all providers"
        key = f"discounts.{provider}.{discount.from_at.isoformat()}"
        yield Statement(key, f"discount of {provider} from {begins} on", _percent(discount.discount_bp))
    unknown = "are refused" if book.unknown_price is None else f"cost {price_words(book.unknown_price)}"
    yield Statement("unknown_price", "models without a price", unknown)
    others = "come from the price catalogue" if book.use_catalogue else "are unknown"
    yield Statement("catalogue", "prices that are not listed", others)


def price_words(price: Price) -> str:
    """Say what a model costs in one line."""
    return ", ".join(f"{part} {words}" for part, words in price_parts(price)) or "nothing"


def price_parts(price: Price) -> Iterator[tuple[str, str]]:
    """Yield every rate of a price with what it is for: ``("input", "15 USD per 1M tokens")``."""
    yield from _rate_parts(price.rates, "")
    for tier in price.tiers:
        yield from _rate_parts(tier.rates, f" above {tokens_words(tier.context_tokens)} of context")
    if price.batch_discount_bp is not None:
        yield "in batches", f"{_percent(price.batch_discount_bp)} less"
    if price.batch is not None:
        yield from ((f"in batches, {part}", words) for part, words in price_parts(price.batch))
    if price.discount_bp:
        yield "by contract", f"{_percent(price.discount_bp)} less"


def _rate_parts(rates: Rates, when: str) -> Iterator[tuple[str, str]]:
    for kind, words in _KINDS.items():
        rate = getattr(rates, kind)
        if rate is not None:
            yield f"{words}{when}", f"{amount_words(rate, Unit.USD)} per 1M tokens"
    if rates.per_request is not None:
        yield f"each request{when}", amount_words(rates.per_request, Unit.USD)
    for name, rate in sorted(rates.units.items()):
        yield f"each {name.replace('_', ' ')}{when}", amount_words(rate, Unit.USD)
    for name, rate in sorted(rates.modalities.items()):
        yield f"{name.replace('_', ' ')}{when}", f"{amount_words(rate, Unit.USD)} per 1M tokens"


def _percent(basis_points: int) -> str:
    return f"{basis_points * 100 / FULL_BP:g}%"
