"""Units: how amounts are written for programs and for people."""

import pytest

from governor.core.units import Unit, amount_text, amount_words, rounded_words


@pytest.mark.parametrize(
    ("amount", "unit", "text", "words"),
    [
        (20_000_000_000_000, Unit.USD, "20000", "20,000 USD"),
        (4_200_000_000, Unit.USD, "4.2", "4.20 USD"),
        (4_200_000, Unit.USD, "0.0042", "0.0042 USD"),
        (1, Unit.USD, "0.000000001", "0.000000001 USD"),
        (0, Unit.USD, "0", "0 USD"),
        (-1_500_000_000, Unit.USD, "-1.5", "-1.50 USD"),
        (1_500_000, Unit.TOKENS, "1500000", "1,500,000 tokens"),
        (1, Unit.REQUESTS, "1", "1 request"),
        (0, Unit.REQUESTS, "0", "0 requests"),
        (20, Unit.CONCURRENT, "20", "20 concurrent requests"),
        (1, Unit.CONCURRENT, "1", "1 concurrent request"),
    ],
)
def test_an_amount_is_written_in_its_unit(amount: int, unit: Unit, text: str, words: str) -> None:
    """Programs read a plain decimal; people read separators and the unit."""
    assert text == amount_text(amount, unit)
    assert words == amount_words(amount, unit)


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (9_090_909_090, Unit.USD, "9.09 USD"),
        (9_099_999_999, Unit.USD, "9.09 USD"),
        (9_000_000_001, Unit.USD, "9 USD"),
        (10_000_001, Unit.USD, "0.01 USD"),
        (10_000_000, Unit.USD, "0.01 USD"),
        (9_090_909, Unit.USD, "0.009090909 USD"),
        (0, Unit.USD, "0 USD"),
        (1_234_567, Unit.TOKENS, "1,234,567 tokens"),
    ],
)
def test_money_that_was_worked_out_is_written_in_cents(amount: int, unit: Unit, words: str) -> None:
    """Rounded down, so that nobody reads more than there is; less than a cent and other units keep their digits."""
    assert words == rounded_words(amount, unit)
