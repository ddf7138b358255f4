"""Money: exact integers, one rounding, nothing that is not a plain number."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.core.errors import AmountError
from governor.core.money import AMOUNT_MAX, Rounding, bounded, decimal_text, divide, nano_from_text, usd_text

AMOUNTS = st.integers(min_value=0, max_value=AMOUNT_MAX)


@given(AMOUNTS)
def test_every_amount_survives_being_written_and_read(amount: int) -> None:
    """Both renderings of an amount read back as the amount."""
    assert amount == nano_from_text(usd_text(amount))
    assert amount == nano_from_text(decimal_text(amount))


@given(AMOUNTS)
def test_the_short_text_is_never_longer_than_needed(amount: int) -> None:
    """No trailing zeros, and no point without decimals."""
    text = decimal_text(amount)

    assert "." not in text or text[-1] not in "0."


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaN",
        "nan",
        "inf",
        "-inf",
        "Infinity",
        "1e400",
        "1E3",
        "-1",
        "+1",
        "-0",
        "1,000",
        "1_000",
        ".5",
        "5.",
        "1.2.3",
        "0x10",
        "٣",
        "１２",
        "1²",
        "1.٣",
        " 1",
        "1 ",
        "1\n",
        "1 USD",
        "$1",
        "0.0000000001",
        "9223372036.854775808",
        "9" * 400,
    ],
)
def test_what_is_not_a_plain_amount_is_refused(text: str) -> None:
    """Signs, exponents, separators, other scripts' digits, fineness and overflow are errors."""
    with pytest.raises(AmountError):
        nano_from_text(text)


def test_a_refused_text_is_quoted_no_longer_than_a_line() -> None:
    """The error of an enormous text stays short."""
    with pytest.raises(AmountError) as caught:
        nano_from_text("x" * 1_000_000)

    assert len(caught.value.message) < 200


def test_the_largest_amount_is_accepted() -> None:
    """The bound is what a signed 64-bit column holds, and belongs to the range."""
    assert AMOUNT_MAX == nano_from_text("9223372036.854775807")


def test_zeros_that_say_nothing_are_accepted() -> None:
    """Leading zeros, and zeros beyond the ninth decimal, change no amount."""
    assert nano_from_text("4.2") == nano_from_text("0000000000000000004.20000000000000")


@given(AMOUNTS, st.integers(min_value=1, max_value=10**12), st.sampled_from(Rounding))
def test_a_division_is_rounded_once_and_never_off_by_one(numerator: int, denominator: int, rounding: Rounding) -> None:
    """Rounding up is the ceiling; rounding half up is the nearest, halves upwards."""
    exact = Fraction(numerator, denominator)
    expected = -(-exact // 1) if rounding is Rounding.UP else (exact + Fraction(1, 2)) // 1

    assert expected == divide(numerator, denominator, rounding)


@pytest.mark.parametrize(
    ("numerator", "denominator", "up", "half_up"),
    [(1, 2, 1, 1), (3, 2, 2, 2), (1, 3, 1, 0), (2, 3, 1, 1), (4, 2, 2, 2)],
)
def test_halves_are_rounded_upwards(numerator: int, denominator: int, up: int, half_up: int) -> None:
    """A settlement rounds a half to the larger neighbour; a hold rounds whatever is left."""
    assert up == divide(numerator, denominator, Rounding.UP)
    assert half_up == divide(numerator, denominator, Rounding.HALF_UP)


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 1), (1, 0), (1, -1), (AMOUNT_MAX + 1, 1), (10**40, 3)])
def test_a_division_that_gives_no_amount_is_refused(numerator: int, denominator: int) -> None:
    """Negative, undefined and overflowing results are errors."""
    with pytest.raises(AmountError):
        divide(numerator, denominator, Rounding.UP)


@pytest.mark.parametrize("amount", [-1, AMOUNT_MAX + 1])
def test_an_amount_outside_the_range_is_refused(amount: int) -> None:
    """Neither debts nor what a column cannot hold are amounts."""
    with pytest.raises(AmountError):
        bounded(amount)


def test_an_overrun_is_written_with_its_sign() -> None:
    """What is free may be below zero after an overrun, and says so."""
    assert usd_text(-4_200_000_000) == "-4.200000000"
    assert decimal_text(-4_200_000_000) == "-4.2"
