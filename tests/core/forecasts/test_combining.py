"""How forecasts of the same thing are weighed, and how sure their combination is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.core.forecasts.conformal import SHARES, Errors, prior_errors
from governor.core.forecasts.run_rate import run_rate
from governor.core.forecasts.weights import weighted_median, weighted_quantile, weights_by_loss

AMOUNTS = st.floats(0, 1e12)


def test_a_run_rate_goes_on_as_so_far() -> None:
    """A quarter of the time used ten, the whole uses forty; nothing passed yet, nothing more is known."""
    assert (40.0, 7.0) == (run_rate(10, 2, 8), run_rate(7, 0, 8))


def test_better_methods_count_more() -> None:
    """A method with a third of the loss weighs more, and without a trial all weigh alike."""
    weights = weights_by_loss([[0.1, 0.3], [0.1, 0.3]], 2, 2.0)

    assert weights[0] > 2 * weights[1]
    assert [0.5, 0.5] == weights_by_loss([], 2, 2.0)


def test_an_untried_method_takes_the_average() -> None:
    """Nothing speaks for it or against it."""
    best, untried, worst = weights_by_loss([[0.1, None, 0.3]] * 4, 3, 2.0)

    assert best > untried > worst


@given(st.lists(st.tuples(AMOUNTS, st.floats(0.01, 10)), min_size=1, max_size=12), st.floats(0, 1))
def test_a_quantile_lies_among_the_values(weighted: list[tuple[float, float]], share: float) -> None:
    """Whatever the weights, it is between the least and the largest, and more share is never less."""
    values, weights = [value for value, _ in weighted], [weight for _, weight in weighted]
    found = weighted_quantile(values, weights, share)

    assert min(values) <= found <= max(values)
    assert found <= weighted_quantile(values, weights, min(share + 0.1, 1.0)) + 1e-6 * max(values)


def test_equal_weights_give_the_plain_median() -> None:
    """Also for an even number of values."""
    assert (2.0, 2.5) == (weighted_median([3, 1, 2], [1, 1, 1]), weighted_median([1, 2, 3, 4], [1] * 4))


@pytest.mark.parametrize("unevenness", [0.05, 0.3, 0.6, 2.0])
@pytest.mark.parametrize("ratio", [0.01, 0.5, 1.0, 10.0])
def test_errors_of_others_are_in_order(unevenness: float, ratio: float) -> None:
    """A higher share is a higher error, for every kind of series and every length."""
    errors = prior_errors(unevenness, ratio)

    assert len(SHARES) == len(errors)
    assert sorted(errors) == list(errors)


def test_a_series_own_errors_come_to_count_most() -> None:
    """With a dozen independent errors the interval is that of the series, not that of the others."""
    others = prior_errors(0.3, 1.0)
    own = [step / 10 for step in range(-6, 7)]

    assert Errors((), 0, others).quantile(0.9) > 1.0
    assert 0.3 < Errors(own, 12, others).quantile(0.9) < 0.8


@given(st.floats(0.02, 0.98))
def test_a_share_below_is_the_inverse_of_a_quantile(share: float) -> None:
    """The probability of passing a limit agrees with the interval."""
    errors = Errors([-0.4, -0.1, 0.2, 0.5], 4, prior_errors(0.3, 1.0))

    assert abs(share - errors.share_below(errors.quantile(share))) < 0.02
