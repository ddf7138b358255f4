"""Units beside tokens: their names, spoken time, and the price list under a book that does not name them."""

from datetime import UTC, datetime

import pytest

from governor.core.money import Rounding, usd_text
from governor.core.policy.header import Source
from governor.core.priced_units import gap_words, unit_rate
from governor.core.prices import Price, PriceBook, PriceEntry, Rates, cost_nano_usd
from governor.core.usage import Usage

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def cost(price: Price, usage: Usage) -> str | None:
    """Return a hold as the wire has it."""
    nano_usd = cost_nano_usd(price, usage, Rounding.UP)
    return None if nano_usd is None else usd_text(nano_usd)


class ListPrices:
    """A price list with one price for everything."""

    def __init__(self, price: Price) -> None:
        self._price = price

    def price(self, _model_id: str, _provider: str, _at: datetime) -> Price | None:
        """Return the price."""
        return self._price


@pytest.mark.parametrize(
    ("unit", "count", "expected"),
    [
        ("images", 3, "0.120000000"),
        ("searches", 2, "0.020000000"),
        ("audio_seconds", 90, "0.009000000"),
        ("audio_seconds", 1, "0.000100000"),
        ("pages", 7, "0.007000000"),
        ("characters", 1_000, "0.015000000"),
        ("barrels", 1, None),
        ("barrels", 0, "0.000000000"),
    ],
)
def test_units_are_priced_by_their_own_name(unit: str, count: int, expected: str | None) -> None:
    """Seconds are priced by the minute exactly; a unit that was used and has no price is unknown."""
    units = {
        "image": 40_000_000,
        "search": 10_000_000,
        "audio_minute": 6_000_000,
        "page": 1_000_000,
        "character": 15_000,
    }

    assert expected == cost(Price(Rates(units=units)), Usage(units={unit: count}))


def test_a_second_of_audio_by_the_hour_is_rounded_only_at_the_end() -> None:
    """A price that no second divides is summed exactly."""
    price = Price(Rates(units={"audio_hour": 40_000_000}))

    assert 40_000_000 == cost_nano_usd(price, Usage(units={"audio_seconds": 3_600}), Rounding.UP)
    assert 11_112 == cost_nano_usd(price, Usage(units={"audio_seconds": 1}), Rounding.UP)


def test_the_list_stands_under_a_book_with_units_that_it_does_not_name() -> None:
    """A contract about tokens says nothing of searches: they cost what the list says; its own units stay."""
    listed = Price(Rates(input=7, units={"search": 10_000_000, "image": 1}))
    line = Price(Rates(input=5, units={"images": 40_000_000}))
    book = PriceBook(entries=(PriceEntry("a/m", "", datetime.min.replace(tzinfo=UTC), line, Source("p.yaml", 1)),))
    price = book.price("a/m", "", NOW, ListPrices(listed))

    assert price is not None
    assert (5, {"images": 40_000_000, "search": 10_000_000}) == (price.rates.input, dict(price.rates.units))
    assert line == book.price("a/m", "", NOW)


@pytest.mark.parametrize("counted", ["audio_second", "audio_seconds"])
@pytest.mark.parametrize(("priced", "of"), [("audio_second", 1), ("audio_minutes", 60), ("audio_hour", 3600)])
def test_spoken_time_is_priced_by_any_unit_of_time(counted: str, priced: str, of: int) -> None:
    """The finest price counts where there are several."""
    assert (7, of, 1) == unit_rate({priced: 7}, counted)
    assert (1, 1, 60) == unit_rate({"audio_hour": 9, "audio_second": 1}, "audio_minutes")


def test_what_has_no_price_is_named_with_what_was_meant() -> None:
    """Each unit by itself; one that nobody used is no gap."""
    rates = {"image": 1, "classification": 1}

    assert (
        "no price is known for the unit `clasifications` of a/m; did you mean `classification`?; "
        "no price is known for the unit `pages` of a/m; add it to the `units` of its price in a PriceBook, "
        "or set unknown_price"
    ) == gap_words("a/m", rates, {"images": 1, "clasifications": 2, "pages": 1, "serches": 0})
