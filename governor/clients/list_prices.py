"""One model's listing in the ``genai-prices`` library as the core's ``Price``: dates, tiers and batch variants.

Amounts become integer nano-USD, exactly; the few that are finer than that (an artefact of floating point in the
sources) are rounded up, so that they are never promised too cheap.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import product

from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)
from genai_prices.types import Tier as TierOfLibrary

from governor.core.money import NANO_PER_USD
from governor.core.prices import Price, Rates, Tier, dearest

ORIGIN = "genai-prices"
"""The origin of every list price, for explanations."""

_BATCH = {"processing": "batch"}

# Kind of token to the library's keys, first found: a five-minute cache write is the ordinary one.
_TOKENS = {
    "input": ("input_mtok", "input_text_mtok"),
    "cached_input": ("cache_read_mtok",),
    "cache_write": ("cache_write_mtok", "cache_write_5m_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok",),
    "output": ("output_mtok", "output_text_mtok"),
    "reasoning": ("output_reasoning_mtok",),
}
# Part of the tokens by modality to the library's key.
_MODALITIES = {
    "input_audio": "input_audio_mtok",
    "input_image": "input_image_mtok",
    "input_video": "input_video_mtok",
    "cached_audio": "cache_audio_read_mtok",
    "cached_image": "cache_image_read_mtok",
    "output_audio": "output_audio_mtok",
    "output_image": "output_image_mtok",
    "output_video": "output_video_mtok",
}
# Unit to the library's keys, and for how many units the library's price is.
_UNITS = {
    "search": (("web_searches_kcount",), 1000),
    "page": (("input_document_kpages",), 1000),
    "character": (("input_mchars",), 1_000_000),
    "audio_hour": (("audio_hours", "input_audio_hours"), 1),
}

_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)

_Amount = Decimal | TieredPrices


class DatedPrice:
    """All prices of one listing, past and to come; each is converted once.

    With ``has_variants`` False the listing is another seller's: its batch prices are that seller's own offer.
    """

    __slots__ = ("_converted", "_info", "_variants")

    def __init__(self, info: ModelInfo, *, has_variants: bool = True) -> None:
        self._info = info
        variants = info.price_variants or () if has_variants else ()
        self._variants: tuple[PriceVariant, ...] = tuple(variant for variant in variants if variant.when == _BATCH)
        self._converted: dict[tuple[int, tuple[bool, ...]], Price | None] = {}

    def at(self, at: datetime) -> Price | None:
        """Return the price in force at an aware instant, or None if the listing has none."""
        standard = self._info.get_prices(at)
        batch = tuple(v.constraint is None or v.constraint.active(at) for v in self._variants)
        # The library's price objects live as long as the process: their ids are keys.
        key = (id(standard), batch)
        if key not in self._converted:
            self._converted[key] = self._convert(standard, at, has_batch=any(batch))
        return self._converted[key]

    def changes_around(self, at: datetime) -> Iterator[datetime]:
        """Yield the instants, a day before and after ``at`` at least, at which the price may change."""
        dated = self._info.prices if isinstance(self._info.prices, list) else ()
        for constraint in (entry.constraint for entry in (*dated, *self._variants)):
            if isinstance(constraint, StartDateConstraint):
                yield datetime.combine(constraint.start_date, time.min, UTC)
            elif isinstance(constraint, TimeOfDateConstraint):
                for days, clock in product((-1, 0, 1), (constraint.start_time, constraint.end_time)):
                    yield datetime.combine(at + timedelta(days=days), clock, clock.tzinfo or UTC)

    def _convert(self, standard: ModelPrice, at: datetime, *, has_batch: bool) -> Price | None:
        price = _price(standard)
        if price is None or not has_batch:
            return price
        return Price(price.rates, price.tiers, origin=ORIGIN, batch=_price(self._info.get_prices(at, _BATCH)))


@dataclass(frozen=True, slots=True)
class _Quote:
    """A price and the instants between which it stands."""

    from_at: datetime
    until_at: datetime
    price: Price | None


class DearestPrice:
    """The dearest of several dated prices; it remembers the last answer while nothing changes.

    Safe between threads: the only state is one reference.
    """

    __slots__ = ("_offers", "_quote")

    def __init__(self, offers: Iterable[DatedPrice]) -> None:
        self._offers = tuple(offers)
        self._quote = _Quote(_EVER, _EVER, None)

    def at(self, at: datetime) -> Price | None:
        """Return the dearest price in force at an aware instant, or None if there is none."""
        quote = self._quote
        if not quote.from_at <= at < quote.until_at:
            self._quote = quote = self._ask(at)
        return quote.price

    def _ask(self, at: datetime) -> _Quote:
        changes = [change for offer in self._offers for change in offer.changes_around(at)]
        return _Quote(
            max((change for change in changes if change <= at), default=_EVER),
            min((change for change in changes if change > at), default=_NEVER),
            dearest(offer.at(at) for offer in self._offers),
        )


def _price(listed: ModelPrice) -> Price | None:
    """Convert a listing; one that names no price at all is unknown, not free."""
    rates = _rates(listed, 0)
    if rates == Rates():
        return None
    starts = sorted({tier.start for amount in _token_amounts(listed) for tier in _tiers(amount)})
    return Price(
        rates, tuple(Tier(start, _rates(listed, start + 1, tiered_only=True)) for start in starts), origin=ORIGIN
    )


def _rates(listed: ModelPrice, input_tokens: int, *, tiered_only: bool = False) -> Rates:
    """Return the rates at a size of input; with ``tiered_only`` just those of tokens that depend on it."""

    def of(keys: tuple[str, ...], per: int = 1) -> int | None:
        amount = _amount(listed, keys)
        if amount is None or (tiered_only and not _tiers(amount)):
            return None
        return _nano(_at_size(amount, input_tokens), per)

    tokens = Rates(
        input=of(_TOKENS["input"]),
        cached_input=of(_TOKENS["cached_input"]),
        cache_write=of(_TOKENS["cache_write"]),
        cache_write_1h=of(_TOKENS["cache_write_1h"]),
        output=of(_TOKENS["output"]),
        reasoning=of(_TOKENS["reasoning"]),
        modalities={name: price for name, key in _MODALITIES.items() if (price := of((key,))) is not None},
    )
    if tiered_only:
        return tokens
    units = {unit: price for unit, (keys, per) in _UNITS.items() if (price := of(keys, per)) is not None}
    if units and tokens == Rates():
        # Sold by the hour or the page: the tokens that such a call reports, too, cost nothing.
        tokens = Rates(input=0, output=0)
    return replace(tokens, per_request=of(("requests_kcount",), 1000), units=units)


def _amount(listed: ModelPrice, keys: tuple[str, ...]) -> _Amount | None:
    return next((amount for key in keys if (amount := getattr(listed, key)) is not None), None)


def _token_amounts(listed: ModelPrice) -> Iterator[_Amount]:
    return (amount for keys in _TOKENS.values() if (amount := _amount(listed, keys)) is not None)


def _tiers(amount: _Amount) -> list[TierOfLibrary]:
    return amount.tiers if isinstance(amount, TieredPrices) else []


def _at_size(amount: _Amount, input_tokens: int) -> Decimal:
    if isinstance(amount, Decimal):
        return amount
    return next((tier.price for tier in reversed(amount.tiers) if input_tokens > tier.start), amount.base)


def _nano(usd: Decimal, per: int = 1) -> int:
    """Return nano-USD for one unit, or for a million tokens, whose price is quoted for ``per`` of them."""
    return int((usd * NANO_PER_USD / per).to_integral_value(ROUND_CEILING))
