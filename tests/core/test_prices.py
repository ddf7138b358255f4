"""Prices: which one is in force, and what a call costs to the last nano-USD."""

import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.core.errors import AmountError
from governor.core.money import NANO_PER_USD, Rounding, nano_from_text, usd_text
from governor.core.policy.header import Source
from governor.core.prices import Discount, Price, PriceBook, PriceEntry, Rates, Tier, cost_nano_usd, held_nano_usd
from governor.core.usage import Usage

ALWAYS = datetime.min.replace(tzinfo=UTC)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SOURCE = Source("prices.yaml", 1)

OPUS = Price(
    Rates(
        input=nano_from_text("15"),
        cached_input=nano_from_text("1.5"),
        cache_write=nano_from_text("18.75"),
        cache_write_1h=nano_from_text("30"),
        output=nano_from_text("75"),
    ),
    tiers=(Tier(200_000, Rates(input=nano_from_text("30"), output=nano_from_text("112.5"))),),
    batch_discount_bp=5_000,
)


@dataclass(frozen=True)
class ListPrices:
    """An external catalogue with one price for everything."""

    price_of_all: Price | None

    def price(self, model_id: str, provider: str, at: datetime) -> Price | None:  # noqa: ARG002 - the protocol names them
        """Return the one price."""
        return self.price_of_all


def flat(usd: str, output: str = "") -> Price:
    """Return a price in USD per million tokens."""
    return Price(Rates(input=nano_from_text(usd), output=nano_from_text(output or usd)))


def line(model: str, usd: str, provider: str = "", from_at: datetime = ALWAYS) -> PriceEntry:
    """Return a line of a price book."""
    return PriceEntry(model, provider, from_at, flat(usd), SOURCE)


def cost(price: Price, usage: Usage, rounding: Rounding = Rounding.HALF_UP, **how: bool | int) -> str | None:
    """Return what a call costs, as USD text."""
    nano = cost_nano_usd(price, usage, rounding, **how)
    return None if nano is None else usd_text(nano)


@pytest.mark.parametrize(
    ("input_price", "output_price", "expected"),
    [
        ("15.00", "75.00", "90.000000000"),
        ("2.50", "10.00", "12.500000000"),
        ("3.00", "15.00", "18.000000000"),
        ("1.25", "10.00", "11.250000000"),
        ("0.15", "0.60", "0.750000000"),
        ("0.20", "0.50", "0.700000000"),
    ],
)
def test_list_prices_add_up_to_the_cent(input_price: str, output_price: str, expected: str) -> None:
    """A million tokens each way cost what the price list says."""
    price = flat(input_price, output_price)

    assert expected == cost(price, Usage(input_tokens=1_000_000, output_tokens=1_000_000))


@pytest.mark.parametrize(
    ("batch", "long", "cached", "expected"),
    [
        # 100,000 (or 300,000) tokens in, half of them cached or none, 2,000 out.
        (False, False, False, "1.650000000"),
        (False, False, True, "0.975000000"),
        (False, True, False, "9.225000000"),
        (False, True, True, "4.950000000"),
        (True, False, False, "0.825000000"),
        (True, False, True, "0.487500000"),
        (True, True, False, "4.612500000"),
        (True, True, True, "2.475000000"),
    ],
)
def test_batch_tier_and_cache_combine(batch: bool, long: bool, cached: bool, expected: str) -> None:
    """A tier re-prices the whole request, the cached rate that it does not name stays, batch halves all of it."""
    tokens = 300_000 if long else 100_000
    usage = Usage(input_tokens=tokens, cached_input_tokens=tokens // 2 if cached else 0, output_tokens=2_000)

    assert expected == cost(OPUS, usage, batch=batch)


def test_a_tier_begins_above_its_threshold() -> None:
    """At the threshold the base rates hold; one token more re-prices every token."""
    assert "3.000000000" == cost(OPUS, Usage(input_tokens=200_000))
    assert "6.000030000" == cost(OPUS, Usage(input_tokens=200_001))


def test_the_highest_tier_passed_counts() -> None:
    """Of several tiers the last one that the input exceeds applies."""
    tiers = (Tier(1_000, Rates(input=20_000_000)), Tier(2_000, Rates(input=30_000_000)))
    price = Price(Rates(input=10_000_000), tiers)

    costs = [cost_nano_usd(price, Usage(input_tokens=tokens), Rounding.UP) for tokens in (1_000, 2_000, 3_000)]

    assert [1_000 * 10, 2_000 * 20, 3_000 * 30] == costs


def test_discounts_come_last_and_are_not_added_to_batch() -> None:
    """Half for batch and 12 % by contract leave 44 %, rounded once."""
    price = Price(OPUS.rates, OPUS.tiers, OPUS.batch_discount_bp, discount_bp=1_200)

    assert "0.726000000" == cost(price, Usage(input_tokens=100_000, output_tokens=2_000), batch=True)


def test_a_batch_list_replaces_the_base_list() -> None:
    """Where batch calls have prices of their own these count, with the contract's discount."""
    of_batches = Price(Rates(input=NANO_PER_USD // 4))
    price = Price(Rates(input=NANO_PER_USD), batch_discount_bp=9_000, batch=of_batches, discount_bp=5_000)

    assert "0.500000000" == cost(price, Usage(input_tokens=1_000_000))
    assert "0.125000000" == cost(price, Usage(input_tokens=1_000_000), batch=True)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(input_tokens=10, cached_input_tokens=10), 10 * 2),
        (Usage(input_tokens=10, cache_write_tokens=10), 10 * 2),
        (Usage(input_tokens=10, cache_write_1h_tokens=10), 10 * 2),
        (Usage(output_tokens=10, reasoning_tokens=10), 10 * 7),
    ],
)
def test_a_kind_without_a_price_costs_what_it_belongs_to(usage: Usage, expected: int) -> None:
    """Cache tokens cost as input and reasoning as output where no price of their own is set."""
    price = Price(Rates(input=2_000_000, output=7_000_000))

    assert expected == cost_nano_usd(price, usage, Rounding.HALF_UP)


def test_an_hour_of_cache_costs_at_least_an_ordinary_write() -> None:
    """Without a price for an hour the ordinary cache write counts, before input."""
    price = Price(Rates(input=2_000_000, cache_write=3_000_000))

    assert 30 == cost_nano_usd(price, Usage(input_tokens=10, cache_write_1h_tokens=10), Rounding.HALF_UP)


def test_free_and_unknown_are_different() -> None:
    """A price of 0 costs nothing; a missing price is unknown, never 0; what was not used needs no price."""
    free, input_only = Price(Rates(input=0, output=0)), Price(Rates(input=5))
    usage = Usage(input_tokens=1_000, output_tokens=1_000)

    assert 0 == cost_nano_usd(free, usage, Rounding.UP)
    assert cost_nano_usd(input_only, usage, Rounding.UP) is None
    assert cost_nano_usd(Price(Rates()), usage, Rounding.UP) is None
    assert 5 == cost_nano_usd(input_only, Usage(input_tokens=1_000_000), Rounding.UP)


def test_a_free_kind_does_not_fall_back() -> None:
    """0 is set: free cache reads are not charged as input."""
    price = Price(Rates(input=NANO_PER_USD, cached_input=0))

    assert "0.000000000" == cost(price, Usage(input_tokens=1_000, cached_input_tokens=1_000))


def test_each_call_pays_its_fee() -> None:
    """A price per request counts once for each call, also in a batch."""
    price = Price(Rates(input=0, per_request=5_000_000), batch_discount_bp=5_000)

    assert "0.015000000" == cost(price, Usage(), requests=3)
    assert "0.007500000" == cost(price, Usage(), requests=3, batch=True)


def test_holds_round_up_and_settlements_half_up() -> None:
    """One token of a very cheap model holds a whole nano-USD and settles at none."""
    price, usage = Price(Rates(input=400_000)), Usage(input_tokens=1)

    assert 1 == cost_nano_usd(price, usage, Rounding.UP)
    assert 0 == cost_nano_usd(price, usage, Rounding.HALF_UP)


def test_a_cost_that_no_column_holds_is_refused() -> None:
    """An overflow is an error, not a small number."""
    with pytest.raises(AmountError):
        cost_nano_usd(OPUS, Usage(input_tokens=10**15), Rounding.UP)


RATES = st.one_of(st.none(), st.integers(0, 10**12))
PARTS = st.integers(0, 10**6)


@given(st.lists(RATES, min_size=6, max_size=6), st.lists(PARTS, min_size=6, max_size=6), PARTS, PARTS)
def test_a_cost_is_the_exact_sum_rounded_once(
    rates: list[int | None], parts: list[int], batch_bp: int, discount_bp: int
) -> None:
    """Against a calculation in fractions, every kind at its own or its fallback's rate."""
    batch_bp, discount_bp = batch_bp % 10_001, discount_bp % 10_001
    price = Price(Rates(*rates), batch_discount_bp=batch_bp, discount_bp=discount_bp)
    plain, cached, write, write_1h, said, thought = parts
    usage = Usage(plain + cached + write + write_1h, cached, write, write_1h, said + thought, thought)
    base, output = rates[0], rates[4]
    of_write = base if rates[2] is None else rates[2]
    used = (
        (plain, base),
        (cached, base if rates[1] is None else rates[1]),
        (write, of_write),
        (write_1h, of_write if rates[3] is None else rates[3]),
        (said, output),
        (thought, output if rates[5] is None else rates[5]),
    )
    expected = None
    if all(rate is not None for count, rate in used if count):
        exact = Fraction(sum(count * (rate or 0) for count, rate in used), 1_000_000)
        exact *= Fraction((10_000 - batch_bp) * (10_000 - discount_bp), 10_000**2)
        expected = int(exact + Fraction(1, 2))

    assert expected == cost_nano_usd(price, usage, Rounding.HALF_UP, batch=True)


def test_the_line_that_says_most_wins() -> None:
    """Literal before glob, longer glob before shorter, own provider before any, in whatever order they are written."""
    ranked = [
        line("a/m-1", "6", "bedrock"),
        line("a/m-1", "5"),
        line("a/m-*", "4", "bedrock"),
        line("a/m-*", "3"),
        line("a/*", "2"),
        line("*", "1"),
    ]
    for first in range(len(ranked)):
        book = PriceBook(entries=tuple(reversed(ranked[first:])))

        assert ranked[first].price == book.price("a/m-1", "bedrock", NOW)
        assert ranked[first].price == PriceBook(entries=tuple(ranked[first:])).price("a/m-1", "bedrock", NOW)


def test_a_line_is_superseded_by_the_next_date() -> None:
    """A price is in force from its instant until the next one; before the first there is none."""
    spring, autumn = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    book = PriceBook(entries=(line("a/m", "2", from_at=autumn), line("a/m", "1", from_at=spring)))
    just_before = datetime(2026, 9, 30, 23, 59, 59, 999_999, tzinfo=UTC)

    assert book.price("a/m", "", datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)) is None
    assert flat("1") == book.price("a/m", "", spring) == book.price("a/m", "", just_before)
    assert flat("2") == book.price("a/m", "", autumn)
    assert (spring, autumn) == book.price_epochs


def test_of_two_lines_of_one_date_the_last_written_counts() -> None:
    """Two files that say the same thing differently do not make the answer depend on chance."""
    book = PriceBook(entries=(line("a/m", "9"), line("a/m", "1")))

    assert flat("1") == book.price("a/m", "", NOW)


def test_an_undated_line_is_in_force_since_ever() -> None:
    """A line without a date has no first instant to wait for."""
    assert flat("1") == PriceBook(entries=(line("a/m", "1"),)).price("a/m", "", datetime(1970, 1, 1, tzinfo=UTC))


def test_while_nobody_knows_who_serves_the_dearest_counts() -> None:
    """The lines of all providers and, for those without one, the catalogue compete; output first, then input."""
    cheap = PriceEntry("a/m", "azure", ALWAYS, flat("1", "9"), SOURCE)
    dear = PriceEntry("a/m", "bedrock", ALWAYS, flat("2", "9"), SOURCE)
    book = PriceBook(entries=(cheap, dear))

    assert dear.price == book.price("a/m", "", NOW)
    assert cheap.price == book.price("a/m", "azure", NOW)
    assert dear.price == book.price("a/m", "", NOW, ListPrices(flat("100", "8")))
    assert flat("0", "10") == book.price("a/m", "", NOW, ListPrices(flat("0", "10")))


def test_what_is_dearest_is_seen_after_discounts() -> None:
    """A dear list price with a deep discount is not the dearest."""
    lines = (line("a/m", "10", "azure"), line("a/m", "8", "bedrock"))
    book = PriceBook(entries=lines, discounts=(Discount("azure", 5_000, ALWAYS),))

    assert flat("8") == book.price("a/m", "", NOW)


def test_a_contract_for_any_provider_stands_before_the_catalogue() -> None:
    """A line that holds for every provider leaves the catalogue nothing to say."""
    book = PriceBook(entries=(line("a/m", "1"),))

    assert flat("1") == book.price("a/m", "", NOW, ListPrices(flat("100")))
    assert flat("1") == book.price("a/m", "azure", NOW, ListPrices(flat("100")))


def test_the_catalogue_stands_behind_the_book_unless_it_is_switched_off() -> None:
    """A model without a line has its list price, or none at all with `catalogue: none`."""
    assert flat("7") == PriceBook().price("a/m", "azure", NOW, ListPrices(flat("7")))
    assert PriceBook(use_catalogue=False).price("a/m", "azure", NOW, ListPrices(flat("7"))) is None
    assert PriceBook().price("a/m", "azure", NOW, ListPrices(None)) is None


def test_the_default_for_unknown_prices_is_not_applied_by_itself() -> None:
    """What unknown means is the caller's to decide."""
    assert PriceBook(unknown_price=flat("100")).price("a/m", "", NOW) is None


def test_a_providers_discount_acts_from_its_date() -> None:
    """It lowers lines and list prices of that provider only; its own discount beats the one for all."""
    april = datetime(2026, 4, 1, tzinfo=UTC)
    book = PriceBook(
        entries=(line("a/m", "1"),),
        discounts=(Discount("", 500, ALWAYS), Discount("anthropic", 1_200, april), Discount("anthropic", 2_000, NOW)),
    )
    march = datetime(2026, 3, 31, tzinfo=UTC)
    moments = product(("anthropic", "azure"), (march, april, NOW))
    prices = [book.price("a/m", provider, at) for provider, at in moments]
    listed = book.price("b/m", "anthropic", NOW, ListPrices(flat("3")))

    assert [500, 1_200, 2_000, 500, 500, 500] == [price.discount_bp for price in prices if price]
    assert listed is not None
    assert 2_000 == listed.discount_bp


def test_a_large_book_is_not_read_from_end_to_end() -> None:
    """Only lines of the model or of its maker's globs are looked at."""
    lines = [line(f"maker-{i}/model", "1") for i in range(2_000)] + [line(f"maker-{i}/*", "2") for i in range(2_000)]
    book = PriceBook(entries=tuple(lines))

    assert 2 == len(book._lines.matching("maker-7/model"))
    assert flat("2") == book.price("maker-7/other", "", NOW)


def test_a_book_survives_a_trip_between_processes() -> None:
    """It arrives equal, and prices as before."""
    book = PriceBook(entries=(line("a/*", "1"), line("a/m", "2")), discounts=(Discount("", 500, ALWAYS),))
    price = book.price("a/m", "", NOW)
    copy = pickle.loads(pickle.dumps(book))

    assert copy == book
    assert price == copy.price("a/m", "", NOW)


_RATES = st.none() | st.integers(0, 10**12)


@given(
    rates=st.builds(Rates, input=_RATES, output=_RATES, reasoning=_RATES, per_request=_RATES),
    tiers=st.lists(st.builds(Tier, st.integers(1, 1_000), st.builds(Rates, input=_RATES)), max_size=1).map(tuple),
    discount_bp=st.integers(0, 10_000),
    input_tokens=st.integers(0, 2_000),
    output_tokens=st.integers(0, 2_000),
)
def test_the_short_way_to_a_hold_costs_what_the_whole_way_costs(
    rates: Rates, tiers: tuple[Tier, ...], discount_bp: int, input_tokens: int, output_tokens: int
) -> None:
    """Holds of plain tokens are priced like everything else, only faster."""
    price = Price(rates, tiers, discount_bp=discount_bp)
    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens)

    expected = cost_nano_usd(price, usage, Rounding.UP)

    assert expected == held_nano_usd(price, input_tokens, output_tokens)


def test_the_tier_is_chosen_by_one_call_of_several() -> None:
    """A batch of short requests is not one long request."""
    price = Price(Rates(input=10), (Tier(100, Rates(input=20)),))
    usage = Usage(input_tokens=1_000_000)

    assert 20 == cost_nano_usd(price, usage, Rounding.UP)
    assert [10, 20] == [cost_nano_usd(price, usage, Rounding.UP, input_size=size) for size in (100, 101)]
