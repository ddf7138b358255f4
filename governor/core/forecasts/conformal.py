"""Intervals from errors that were really made, on this series and, while it is young, on others.

An error is measured in units of the series' own unrest (see ``services.forecast.predict``), so that errors of one
series say something about another. The errors below were made on public series: the more a series' days differ, the
more lopsided they are, because what is nearly asleep can wake up. A series begins with them and they count as
``PRIOR_WEIGHT`` observations, and less as it gets errors of its own, made at rolling origins with the same horizon.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from governor.core.forecasts.weights import weighted_quantile

PRIOR_WEIGHT = 8.0
"""How many observations of the series itself the errors of others stand for."""

SHARES = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.975)
"""The shares of errors below each number of a row of ``PRIOR``."""

RATIOS = (3.0, 1.0, 1 / 3)
"""Length of what is forecast, as a multiple of the history: a quarter, a half and three quarters of a first period."""

PRIOR: tuple[tuple[float, tuple[tuple[float, ...], ...]], ...] = (
    (
        0.15,
        (
            (-2.6, -2.1, -1.4, -1.0, -0.7, -0.2, 0.25, 0.6, 2.0, 4.0, 6.5),
            (-1.8, -1.2, -0.95, -0.65, -0.45, -0.15, 0.2, 0.4, 0.8, 1.3, 1.6),
            (-1.3, -1.1, -0.8, -0.5, -0.3, 0.05, 0.35, 0.5, 0.75, 0.95, 1.4),
        ),
    ),
    (
        0.4,
        (
            (-1.4, -1.3, -0.8, -0.5, -0.3, 0.05, 0.7, 1.4, 3.6, 8.5, 25.0),
            (-0.9, -0.75, -0.5, -0.3, -0.15, 0.15, 0.45, 0.65, 1.3, 1.7, 2.9),
            (-0.85, -0.65, -0.5, -0.25, -0.05, 0.2, 0.5, 0.75, 1.1, 1.3, 1.7),
        ),
    ),
    (
        0.8,
        (
            (-0.55, -0.45, -0.38, -0.2, -0.05, 0.3, 0.95, 2.0, 9.0, 30.0, 60.0),
            (-0.55, -0.45, -0.32, -0.13, -0.04, 0.18, 0.54, 0.76, 1.2, 2.0, 15.0),
            (-0.65, -0.45, -0.4, -0.22, -0.07, 0.1, 0.3, 0.5, 1.2, 1.5, 2.8),
        ),
    ),
    (
        math.inf,
        (
            (-0.25, -0.1, -0.01, 0.0, 0.2, 1.6, 5.3, 25.0, 60.0, 60.0, 60.0),
            (-0.15, -0.05, -0.01, 0.0, 0.04, 0.75, 2.5, 5.5, 20.0, 60.0, 60.0),
            (-0.13, -0.05, -0.01, 0.0, 0.0, 0.3, 1.1, 2.0, 5.5, 11.0, 40.0),
        ),
    ),
)
"""Errors by how much days differ (upper bound of the mean deviation of a day, as a share of the mean day)."""


def prior_errors(unevenness: float, ratio: float) -> tuple[float, ...]:
    """Return the errors of other series, at ``SHARES``.

    Args:
        unevenness: Mean deviation of a day from the median day, as a share of the mean day.
        ratio: Length of what is forecast, as a multiple of the history.
    """
    rows = next(rows for bound, rows in PRIOR if unevenness <= bound)
    position = math.log(RATIOS[0] / max(ratio, 1e-9)) / math.log(RATIOS[0])
    position = min(max(position, 0.0), len(RATIOS) - 1.0)
    first = min(int(position), len(RATIOS) - 2)
    part = position - first
    return tuple(a + part * (b - a) for a, b in zip(rows[first], rows[first + 1], strict=True))


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors that an interval is made of, in units of a series' unrest.

    Attributes:
        own: Errors of earlier forecasts of the series itself.
        independent: How many of them tell something new: origins that lie close together share most of what happened.
        others: Errors of other series at ``SHARES``: see ``prior_errors``.
    """

    own: Sequence[float]
    independent: float
    others: Sequence[float]

    def quantile(self, share: float) -> float:
        """Return the error below which a share of the errors lies."""
        weight = PRIOR_WEIGHT / (1 + self.independent / 2)
        masses = [weight * mass for mass in _MASSES]
        each = min(self.independent / len(self.own), 1.0) if self.own else 0.0
        return weighted_quantile([*self.own, *self.others], [each] * len(self.own) + masses, share)

    def share_below(self, error: float) -> float:
        """Return which share of the errors lies below one: the inverse of ``quantile``."""
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self.quantile(middle) < error:
                low = middle
            else:
                high = middle
        return (low + high) / 2


_EDGES = (0.0, *((a + b) / 2 for a, b in pairwise(SHARES)), 1.0)
_MASSES = tuple(b - a for a, b in pairwise(_EDGES))
"""How much of all errors each of ``SHARES`` stands for."""

_HALVINGS = 16
"""Enough for a probability of a few parts in a hundred thousand."""
