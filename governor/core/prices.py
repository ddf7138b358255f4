"""Dated prices and what a call costs. Rates are integer nano-USD per million tokens; one rounding at the end.

The order is tier, batch, discount. A kind of token without a price of its own costs what the kind it belongs to
costs (cached input as input, reasoning as output). A missing price is *unknown*, never zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from governor.core.money import Rounding
from governor.core.policy.header import Source
from governor.core.usage import Usage


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices by kind: nano-USD per million tokens, except ``per_request`` (nano-USD per call) and ``units``.

    None is *unset*: the kind costs what the kind it belongs to costs. ``units`` maps a unit (``image``,
    ``audio_minute``, ``search``) to nano-USD for one.
    """

    input: int | None = None
    cached_input: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    reasoning: int | None = None
    per_request: int | None = None
    units: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates of the whole request when its input exceeds ``context_tokens``; unset kinds keep the base rates."""

    context_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Price:
    """One price in force for a model.

    Attributes:
        rates: Base rates.
        tiers: Ascending by ``context_tokens``; the highest that the input exceeds applies to the whole request.
        batch_discount_bp: Batch calls cost this many basis points less; None: as other calls.
        discount_bp: A contract's discount in basis points, applied last.
        origin: Where it comes from, for the explanation: ``prices.yaml:12`` or ``genai-prices``.
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    batch_discount_bp: int | None = None
    discount_bp: int = 0
    origin: str = ""


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """One dated line of a PriceBook: in force from ``from_at`` until the next entry of the same model and provider.

    Attributes:
        model: Canonical id or glob.
        provider: Who serves it; ``""`` is any.
        from_at: UTC; an entry without a date is in force since ever (datetime.min, aware).
    """

    model: str
    provider: str
    from_at: datetime
    price: Price
    source: Source


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount for a provider (``""``: any) from an instant on, in basis points."""

    provider: str
    discount_bp: int
    from_at: datetime


class PriceLookup(Protocol):
    """The external price catalogue; injected, because the core does no IO."""

    def price(self, model_id: str, provider: str, at: datetime) -> Price | None:
        """Return the list price in force at an instant, or None if the catalogue does not know it.

        With ``provider == ""`` it returns the dearest of the providers that it knows for the model.
        """
        ...


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All PriceBook policies of a folder, merged.

    Attributes:
        entries: PriceBook lines, by model literal or glob.
        discounts: In ascending order of date.
        unknown_price: What a model without a price costs, or None: requests for it are denied.
        use_catalogue: Whether the external catalogue stands behind the entries.
        source: The first PriceBook, or None if there is none.
        policy: The first PriceBook's name as answers give it ("PriceBook/contract-prices").
    """

    entries: tuple[PriceEntry, ...] = ()
    discounts: tuple[Discount, ...] = ()
    unknown_price: Price | None = None
    use_catalogue: bool = True
    source: Source | None = None
    policy: str = "PriceBook"

    def price(self, model_id: str, provider: str, at: datetime, lookup: PriceLookup | None = None) -> Price | None:
        """Return the price in force, with the contract's discount, or None if it is unknown.

        A literal entry beats a glob, a longer glob beats a shorter one, an entry for the provider beats one for any
        provider, and the latest ``from_at <= at`` wins among equals. While the provider is unknown (``""``) the dearest
        matching price counts. ``unknown_price`` is not applied here: the caller decides what unknown means.
        """
        raise NotImplementedError


def cost_nano_usd(
    price: Price, usage: Usage, rounding: Rounding, *, batch: bool = False, requests: int = 1
) -> int | None:
    """Return what a call costs in nano-USD, rounded once.

    Args:
        price: The price in force.
        usage: Consistent counts (see ``Usage.contradiction``).
        rounding: ``UP`` for holds, ``HALF_UP`` for settlements.
        batch: Whether the call was made through a batch interface.
        requests: Number of calls for ``per_request``; at least 1.

    Returns:
        The cost, or None if a kind of token or a unit that was used has no price at all.

    Raises:
        AmountError: If the cost does not fit 64 bits.
    """
    raise NotImplementedError
