"""PriceBook documents to one core value."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import UnsetType

from governor.compiler.build.header import Models
from governor.compiler.build.reader import Reader, given
from governor.compiler.quantities import parse_money, parse_percent, parse_price, parse_tokens
from governor.compiler.shapes.prices import DiscountShape, PriceBookShape, PriceShape, RatesShape, UnknownPriceShape
from governor.compiler.source import Path
from governor.core.model_names import provider_name
from governor.core.money import NANO_PER_USD
from governor.core.priced_units import misspelt_unit
from governor.core.prices import Discount, Price, PriceBook, PriceEntry, Rates, Tier

SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_KINDS = ("input", "cached_input", "cache_write", "cache_write_1h", "output", "reasoning")
_DEAR_NANO_USD = 10_000 * NANO_PER_USD
_CHEAP_NANO_USD = NANO_PER_USD // 10_000


def build_prices(documents: Sequence[tuple[PriceBookShape, Reader]], models: Models) -> PriceBook:
    """Merge all PriceBooks of a folder; without one, the price catalogue alone knows prices.

    Args:
        documents: Shapes with their readers, in file order.
        models: Canonicalises models.
    """
    if not documents:
        return PriceBook()
    entries: list[PriceEntry] = []
    discounts: list[Discount] = []
    seen: dict[tuple[str, str, datetime], str] = {}
    for shape, reader in documents:
        for index, item in enumerate(shape.prices):
            entry = _entry(item, reader, ("prices", index), models)
            key = (entry.model, entry.provider, entry.from_at)
            if key in seen:
                message = f"`{entry.model}` already has a price from this day in {seen[key]}"
                reader.add("duplicate-name", message, ("prices", index), hint="a price is superseded by a later `from`")
            seen[key] = str(entry.source)
            entries.append(entry)
        discounts.extend(_discount(item, reader, ("discounts", index)) for index, item in enumerate(shape.discounts))
    first, reader = documents[0]
    _check_agreement(documents)
    return PriceBook(
        entries=tuple(entries),
        discounts=tuple(sorted(discounts, key=lambda discount: discount.from_at)),
        unknown_price=_unknown_price(first, reader),
        use_catalogue=first.catalogue != "none",
        source=reader.source(),
        policy=f"PriceBook/{first.name}",
    )


def _check_agreement(documents: Sequence[tuple[PriceBookShape, Reader]]) -> None:
    first, _ = documents[0]
    for shape, reader in documents[1:]:
        for name in ("catalogue", "unknown_price"):
            if getattr(shape, name) != getattr(first, name):
                message = f"the PriceBook `{first.name}` says something else about `{name}`"
                reader.add("catalogue-conflict", message, (name,), hint="write the same in both")


def _entry(item: PriceShape, reader: Reader, path: Path, models: Models) -> PriceEntry:
    source = reader.source(path)
    tiers = []
    for index, tier in enumerate(item.above):
        here: Path = (*path, "above", index)
        context = reader.read(parse_tokens, tier.context, (*here, "context"), 0)
        tiers.append(Tier(context, _rates(tier, reader, here)))
    if len({tier.context_tokens for tier in tiers}) < len(tiers):
        reader.add("duplicate-name", "two tiers have the same context", (*path, "above"), hint="keep one of them")
    batch = None
    if not isinstance(item.batch, UnsetType):
        batch = reader.read(parse_percent, item.batch.discount, (*path, "batch", "discount"), 0)
    rates = _rates(item, reader, path)
    if all(isinstance(getattr(item, name), UnsetType) for name in (*_KINDS, "per_request")) and not item.units:
        reader.add("missing-field", f"the price of `{item.model}` has no prices", path, hint="write input and output")
    price = Price(rates, tuple(sorted(tiers, key=lambda tier: tier.context_tokens)), batch, 0, str(source))
    from_at = reader.first_instant(item.from_, (*path, "from")) or SINCE_EVER
    return PriceEntry(models.canonical(item.model), provider_name(given(item.provider, "")), from_at, price, source)


def _rates(item: RatesShape, reader: Reader, path: Path) -> Rates:
    found: dict[str, int | None] = {}
    for kind in _KINDS:
        text: str | UnsetType = getattr(item, kind)
        found[kind] = reader.maybe(parse_price, text, (*path, kind))
        _check_range(found[kind], text, reader, (*path, kind))
    per_request = reader.maybe(parse_money, item.per_request, (*path, "per_request"))
    units = {name: reader.read(parse_money, text, (*path, "units", name), 0) for name, text in item.units.items()}
    for name in units:
        _check_unit(name, reader, (*path, "units", name))
    modalities: dict[str, int] = {}
    for name, text in item.modalities.items():
        here: Path = (*path, "modalities", name)
        modalities[name] = reader.read(parse_price, text, here, 0)
        _check_range(modalities[name], text, reader, here)
    return Rates(**found, per_request=per_request, units=units, modalities=modalities)


def _check_range(rate: int | None, text: str | UnsetType, reader: Reader, path: Path) -> None:
    if rate is None or rate == 0 or _CHEAP_NANO_USD <= rate <= _DEAR_NANO_USD:
        return
    message = f"`{text}` is far outside what models cost"
    reader.add("suspicious-price", message, path, hint="prices are per million tokens: write 15.00 USD per 1M tokens")


def _check_unit(name: str, reader: Reader, path: Path) -> None:
    """Point out a unit that is nearly a usual one: what gateways count would find no price."""
    meant = misspelt_unit(name)
    if meant:
        message = f"`{name}` is not a unit that gateways count"
        reader.add("suspicious-unit", message, path, hint=f"did you mean `{meant}`?")


def _discount(item: DiscountShape, reader: Reader, path: Path) -> Discount:
    points = reader.read(parse_percent, item.discount, (*path, "discount"), 0)
    from_at = reader.first_instant(item.from_, (*path, "from")) or SINCE_EVER
    return Discount(provider_name(given(item.provider, "")), points, from_at)


def _unknown_price(shape: PriceBookShape, reader: Reader) -> Price | None:
    if not isinstance(shape.unknown_price, UnknownPriceShape):
        return None
    rates = _rates(shape.unknown_price.use, reader, ("unknown_price", "use"))
    for kind in ("input", "output"):
        if getattr(rates, kind) is None:
            message = f"the price of unknown models needs `{kind}`"
            reader.add("missing-field", message, ("unknown_price", "use"), hint=f"write {kind}: 20 USD per 1M tokens")
    return Price(rates, origin=str(reader.source(("unknown_price",))))
