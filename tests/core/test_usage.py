"""Usage: what counts as consistent, and what a token quota charges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.core.money import AMOUNT_MAX
from governor.core.units import Counts
from governor.core.usage import Usage


@pytest.mark.parametrize(
    ("usage", "culprit"),
    [
        (Usage(input_tokens=10, cached_input_tokens=11), "cached"),
        (Usage(input_tokens=10, cached_input_tokens=4, cache_write_tokens=4, cache_write_1h_tokens=4), "cache-write"),
        (Usage(output_tokens=10, reasoning_tokens=11), "reasoning_tokens"),
        (Usage(input_tokens=-1), "input_tokens"),
        (Usage(output_tokens=AMOUNT_MAX + 1), "output_tokens"),
        (Usage(input_tokens=AMOUNT_MAX, output_tokens=1), "together"),
        (Usage(units={"images": -1}), "images"),
    ],
)
def test_impossible_counts_are_named(usage: Usage, culprit: str) -> None:
    """The sentence names the count that cannot be."""
    contradiction = usage.contradiction()

    assert contradiction is not None
    assert culprit in contradiction


@given(st.lists(st.integers(0, 10**6), min_size=6, max_size=6))
def test_parts_that_fill_their_whole_are_no_contradiction(parts: list[int]) -> None:
    """Disjoint parts of the input and reasoning within the output are consistent, also when nothing else is left."""
    cached, write, write_1h, plain, reasoning, said = parts
    usage = Usage(cached + write + write_1h + plain, cached, write, write_1h, reasoning + said, reasoning)

    assert usage.contradiction() is None


@pytest.mark.parametrize(
    ("counts", "tokens"), [(Counts.ALL, 1300), (Counts.INPUT, 1000), (Counts.OUTPUT, 300), (Counts.REASONING, 200)]
)
def test_a_quota_charges_the_tokens_that_it_counts(counts: Counts, tokens: int) -> None:
    """Parts are not counted beside their whole."""
    usage = Usage(1000, 400, 100, 100, 300, 200)

    assert tokens == usage.tokens(counts)
