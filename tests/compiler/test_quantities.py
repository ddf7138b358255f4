"""Amounts with units: what people write, exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.compiler.formats import PARSERS
from governor.compiler.quantities import Amount, QuantityError, parse_amount, parse_percent, parse_price, parse_tokens
from governor.core.money import AMOUNT_MAX, NANO_PER_USD
from governor.core.units import Unit, amount_words


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("50,000 USD", Amount(50_000 * NANO_PER_USD, Unit.USD)),
        ("50k USD", Amount(50_000 * NANO_PER_USD, Unit.USD)),
        ("0.000000001 USD", Amount(1, Unit.USD)),
        ("19.99k USD", Amount(19_990 * NANO_PER_USD, Unit.USD)),
        ("1.5M tokens", Amount(1_500_000, Unit.TOKENS)),
        ("32_000 tokens", Amount(32_000, Unit.TOKENS)),
        ("2,000 requests", Amount(2_000, Unit.REQUESTS)),
        ("1 request", Amount(1, Unit.REQUESTS)),
        ("20 concurrent requests", Amount(20, Unit.CONCURRENT)),
        ("0 USD", Amount(0, Unit.USD)),
    ],
)
def test_limits_are_read_as_written(text: str, amount: Amount) -> None:
    """Every way of writing an amount that the language page shows is read exactly."""
    assert amount == parse_amount(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("50000", "missing-unit"),
        ("50k EUR", "wrong-currency"),
        ("£50", "wrong-currency"),
        ("$50", "wrong-format"),
        ("50 usd", "wrong-unit"),
        ("50 bananas", "wrong-unit"),
        ("-1 USD", "wrong-number"),
        ("nan USD", "not-a-number"),
        (".inf USD", "not-a-number"),
        ("Infinity tokens", "not-a-number"),
        ("1e400 USD", "not-a-number"),
        ("0.0000000001 USD", "wrong-number"),
        ("1.5 tokens", "wrong-number"),
        ("9,223,372,037 USD", "wrong-number"),
        ("9" * 400 + " tokens", "wrong-number"),
        ("1,00 USD", "wrong-format"),
        ("1,0000 USD", "wrong-format"),
        ("١٢ USD", "wrong-format"),
        ("", "wrong-format"),
        ("USD", "wrong-format"),
        ("5 USD per day", "wrong-unit"),
    ],
)
def test_what_is_not_a_limit_is_refused(text: str, code: str) -> None:
    """Bare numbers, other currencies, NaN, negative, too fine and overflowing amounts are refused by their own code."""
    with pytest.raises(QuantityError) as caught:
        parse_amount(text)

    assert code == caught.value.code
    assert len(caught.value.message) < 200


@given(st.integers(0, AMOUNT_MAX), st.sampled_from(list(Unit)))
def test_what_answers_write_is_what_policies_read(amount: int, unit: Unit) -> None:
    """An amount written for people comes back as the same amount."""
    assert Amount(amount, unit) == parse_amount(amount_words(amount, unit))


@given(st.text(max_size=60))
def test_any_text_is_a_quantity_or_a_problem(text: str) -> None:
    """No text makes any parser raise anything but its own error."""
    outcomes = []
    for parse in PARSERS.values():
        try:
            outcomes.append(parse(text) is not None)
        except QuantityError as error:
            outcomes.append(error.message[0].islower() or error.message[0] == "`")

    assert all(outcomes)


@given(st.integers(0, 900_000), st.sampled_from([("1M tokens", 1), ("1k tokens", 1_000), ("token", 1_000_000)]))
def test_a_price_is_per_million_tokens(cents: int, per: tuple[str, int]) -> None:
    """A price for fewer tokens is the same price for a million of them."""
    text, times = per
    expected = cents * NANO_PER_USD // 100 * times

    assert expected == parse_price(f"{Decimal(cents) / 100:f} USD per {text}")


@given(st.integers(0, 10_000))
def test_percentages_are_basis_points(points: int) -> None:
    """A percentage with two decimals is a whole number of basis points."""
    assert points == parse_percent(f"{Decimal(points) / 100:f}%")


def test_tokens_are_whole() -> None:
    """Suffixes make whole tokens of decimals."""
    assert [200_000, 1_048_576, 1_500] == [
        parse_tokens(text) for text in ("200k tokens", "1,048,576 tokens", "1.5K tokens")
    ]
