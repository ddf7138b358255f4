"""Dated prices and what a call costs. Rates are integer nano-USD per million tokens; one rounding at the end.

The order is tier, batch, discount. A kind of token without a price of its own costs what the kind it belongs to
costs (cached input as input, reasoning as output). A missing price is *unknown*, never zero.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from governor.core.globs import is_glob
from governor.core.memo import Memo
from governor.core.money import TOKENS_PER_RATE, Rounding, divide
from governor.core.policy.header import Source
from governor.core.price_lines import PriceLines
from governor.core.priced_units import unit_rate
from governor.core.usage import Usage

FULL_BP = 10_000
"""Basis points of the whole: a discount of 12 % is 1,200."""

_PARTS = 9_000_000
"""Costs are summed in these parts of a nano-USD: exact per million tokens, per minute and per hour."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices by kind: nano-USD per million tokens, except ``per_request`` (nano-USD per call) and ``units``.

    None is *unset*: the kind costs what the kind it belongs to costs. ``units`` maps a unit (``image``,
    ``audio_minute``, ``search``) to nano-USD for one, ``modalities`` a part of the tokens (``input_audio``) to its
    rate. 0 is a price: free.
    """

    input: int | None = None
    cached_input: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    reasoning: int | None = None
    per_request: int | None = None
    units: Mapping[str, int] = field(default_factory=dict)
    modalities: Mapping[str, int] = field(default_factory=dict)


NO_RATES = Rates()


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
        batch: The whole price of batch calls where it is a list of its own; it replaces rates, tiers and
            ``batch_discount_bp``, and the contract's discount still comes last.
        discount_bp: A contract's discount in basis points, applied last.
        origin: Where it comes from, for the explanation: ``prices.yaml:12`` or ``genai-prices``.
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    batch_discount_bp: int | None = None
    discount_bp: int = 0
    origin: str = ""
    batch: "Price | None" = None


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
        discounts: In ascending order of date; a provider's own beats the one for any provider.
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
    _lines: PriceLines[PriceEntry] = field(init=False, repr=False, compare=False)
    _own: Memo[tuple[Price | None, ...]] = field(default_factory=Memo, init=False, repr=False, compare=False)
    _epochs: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        dates = {entry.from_at for entry in self.entries} | {discount.from_at for discount in self.discounts}
        object.__setattr__(self, "_lines", PriceLines.of(self.entries))
        object.__setattr__(self, "_epochs", tuple(sorted(dates)))

    @property
    def price_epochs(self) -> tuple[datetime, ...]:
        """The instants, ascending, at which any price or discount of the book changes."""
        return self._epochs

    def price(self, model_id: str, provider: str, at: datetime, lookup: PriceLookup | None = None) -> Price | None:
        """Return the price in force, with the contract's discount, or None if it is unknown.

        A literal entry beats a glob, a longer glob beats a shorter one, an entry for the provider beats one for any
        provider, and the latest ``from_at <= at`` wins among equals (the last in file order, if they are of one date).
        While the provider is unknown (``""``) the dearest price that any provider could ask counts, see ``dearest``.
        ``unknown_price`` is not applied here: the caller decides what unknown means.
        """
        epoch = bisect_right(self._epochs, at)
        own = self._own.get((model_id, provider, epoch), lambda: self._own_prices(model_id, provider, at))
        if lookup is None or not self.use_catalogue:
            return dearest(own)
        listed = lookup.price(model_id, provider, at)
        if own[-1] is not None:
            return _with_list_behind(dearest(own), listed)
        return dearest((*own, listed and self._discounted(listed, provider, at)))

    def _own_prices(self, model_id: str, provider: str, at: datetime) -> tuple[Price | None, ...]:
        """Return the book's prices that may count, the last one for providers without a line of their own."""
        lines = [line for line in self._lines.matching(model_id) if line.from_at <= at]
        named = {line.provider for line in lines if line.provider} if not provider else set()
        return tuple(self._own_price(lines, served_by, at) for served_by in (*sorted(named), provider))

    def _own_price(self, lines: list[PriceEntry], provider: str, at: datetime) -> Price | None:
        """Return the price of the line that comes first for a provider."""
        usable = [line for line in lines if line.provider in {"", provider}]
        if not usable:
            return None
        # Of equals `max` keeps the first, so the lines go in backwards: the last in file order counts.
        line = max(reversed(usable), key=_precedence)
        return self._discounted(line.price, provider, at)

    def _discounted(self, price: Price, provider: str, at: datetime) -> Price:
        matching = [d for d in self.discounts if d.provider in {"", provider} and d.from_at <= at]
        if not matching:
            return price
        discount = max(matching, key=lambda d: (d.provider != "", d.from_at))
        return replace(price, discount_bp=discount.discount_bp)


def _with_list_behind(own: Price | None, listed: Price | None) -> Price | None:
    """Return the book's price with the list's prices of units and modalities that it does not name.

    A contract is about text; a search that the model makes, or a minute that it hears, costs what the list says until
    the book says otherwise.
    """
    if own is None or listed is None or not (listed.rates.units or listed.rates.modalities):
        return own
    units = {unit: rate for unit, rate in listed.rates.units.items() if unit_rate(own.rates.units, unit) is None}
    rates = replace(
        own.rates,
        units={**own.rates.units, **units},
        modalities={**listed.rates.modalities, **own.rates.modalities},
    )
    return replace(own, rates=rates)


def _precedence(line: PriceEntry) -> tuple[bool, int, bool, datetime]:
    return (not is_glob(line.model), len(line.model), line.provider != "", line.from_at)


def dearest(prices: Iterable[Price | None]) -> Price | None:
    """Return the price with the highest output rate, then input rate, net of discount; of equals the first.

    An unknown price among known ones does not count; without any known price the result is None.
    """
    return max((price for price in prices if price is not None), key=_dearness, default=None)


def _dearness(price: Price) -> tuple[int, int]:
    share = FULL_BP - price.discount_bp
    return ((price.rates.output or 0) * share, (price.rates.input or 0) * share)


def cost_nano_usd(
    price: Price,
    usage: Usage,
    rounding: Rounding,
    *,
    batch: bool = False,
    requests: int = 1,
    input_size: int | None = None,
    parts: Sequence[Usage] = (),
) -> int | None:
    """Return what a call costs in nano-USD, rounded once.

    Args:
        price: The price in force.
        usage: Consistent counts (see ``Usage.contradiction``).
        rounding: ``UP`` for holds, ``HALF_UP`` for settlements.
        batch: Whether the call was made through a batch interface.
        requests: Number of calls for ``per_request``.
        input_size: Input tokens of one call, which choose the tier; None: those of ``usage``, which is one call.
        parts: The tokens of ``usage`` as the provider went through them, each choosing its own tier; none: at one go.

    Returns:
        The cost, or None if a kind of token or a unit that was used has no price at all.

    Raises:
        AmountError: If the cost does not fit 64 bits.
    """
    plan = price.batch if batch and price.batch is not None else price
    base, size = plan.rates, usage.input_tokens if input_size is None else input_size
    if parts:
        tokens = _parts_cost(plan, parts)
        size = max([part.input_tokens for part in parts])
        over = _tier(plan, size)
    else:
        over = _tier(plan, size)
        tokens = _tokens_cost(base, over, usage)
    units = _units_cost({**base.units, **over.units}, usage.units) if usage.units else 0
    if tokens is None or units is None:
        return None
    fee = _first(over.per_request, base.per_request) or 0
    whole = tokens * (_PARTS // TOKENS_PER_RATE) + units + fee * requests * _PARTS
    batch_bp = price.batch_discount_bp if batch and price.batch is None else None
    share = (FULL_BP - (batch_bp or 0)) * (FULL_BP - price.discount_bp)
    return divide(whole * share, _PARTS * FULL_BP * FULL_BP, rounding)


def _tier(plan: Price, input_size: int) -> Rates:
    """Return the rates of the highest tier that an input exceeds."""
    over = NO_RATES
    for tier in plan.tiers:
        if input_size > tier.context_tokens:
            over = tier.rates
    return over


def _parts_cost(plan: Price, parts: Sequence[Usage]) -> int | None:
    cost = 0
    for part in parts:
        tokens = _tokens_cost(plan.rates, _tier(plan, part.input_tokens), part)
        if tokens is None:
            return None
        cost += tokens
    return cost


def held_nano_usd(price: Price, input_tokens: int, output_tokens: int) -> int | None:
    """Return what plain input and output tokens are held for: ``cost_nano_usd`` rounded up."""
    plain = _plain_cost(price, input_tokens, output_tokens, Rounding.UP)
    if plain is not None:
        return plain
    return cost_nano_usd(price, Usage(input_tokens=input_tokens, output_tokens=output_tokens), Rounding.UP)


def _plain_cost(price: Price, input_tokens: int, output_tokens: int, rounding: Rounding) -> int | None:
    """Return what one call of plain input and output costs at a fifth of the time, or None: take the whole way.

    Most requests are one call below every tier of a model priced by tokens only.
    """
    rates = price.rates
    if (
        rates.input is None
        or rates.output is None
        or rates.per_request
        or (price.tiers and input_tokens > price.tiers[0].context_tokens)
    ):
        return None
    tokens = input_tokens * rates.input + output_tokens * rates.output
    if price.discount_bp:
        return divide(tokens * (FULL_BP - price.discount_bp), TOKENS_PER_RATE * FULL_BP, rounding)
    return divide(tokens, TOKENS_PER_RATE, rounding)


def _tokens_cost(base: Rates, over: Rates, usage: Usage) -> int | None:
    """Return tokens times rates, in millionths of a nano-USD, or None if a kind that was used has no price."""
    cached, write, write_1h = usage.cached_input_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
    thought = usage.reasoning_tokens
    # Only what was used needs a rate: most calls have no cache writes, and this runs for each decision.
    charges = [
        (usage.input_tokens - cached - write - write_1h, _first(over.input, base.input)),
        (usage.output_tokens - thought, _first(over.output, base.output)),
    ]
    if cached:
        charges.append((cached, _first(over.cached_input, base.cached_input, over.input, base.input)))
    if write or write_1h:
        write_rate = _first(over.cache_write, base.cache_write, over.input, base.input)
        charges += ((write, write_rate), (write_1h, _first(over.cache_write_1h, base.cache_write_1h, write_rate)))
    if thought:
        charges.append((thought, _first(over.reasoning, base.reasoning, over.output, base.output)))
    if usage.modalities:
        charges += _modality_charges(base, over, usage.modalities)
    cost = 0
    for count, rate in charges:
        if count:
            if rate is None:
                return None
            cost += count * rate
    return cost


def _modality_charges(base: Rates, over: Rates, used: Mapping[str, int]) -> list[tuple[int, int | None]]:
    """Return what tokens of a modality cost beside the rate of the part that they are in, which they pay, too."""
    parts = {
        "input": _first(over.input, base.input),
        "cached": _first(over.cached_input, base.cached_input, over.input, base.input),
        "output": _first(over.output, base.output),
    }
    charges: list[tuple[int, int | None]] = []
    for modality, count in used.items():
        own = _first(over.modalities.get(modality), base.modalities.get(modality))
        paid = parts[modality.partition("_")[0]]
        if own is not None and paid is not None:
            charges.append((count, own - paid))
    return charges


def _units_cost(rates: Mapping[str, int], used: Mapping[str, int]) -> int | None:
    """Return what units cost, in parts (``_PARTS``) of a nano-USD, or None if one that was used has no price."""
    cost = 0
    for unit, count in used.items():
        if not count:
            continue
        priced = unit_rate(rates, unit)
        if priced is None:
            return None
        rate, per, times = priced
        cost += count * rate * (_PARTS // per) * times
    return cost


def _first(*rates: int | None) -> int | None:
    """Return the first rate that is set; 0 is set."""
    for rate in rates:
        if rate is not None:
            return rate
    return None
