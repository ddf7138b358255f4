"""What a forecast is made from: the days of one series up to an instant, and the hours of the latest of them.

A day here is 24 hours that end at the instant of the forecast: there is no day that is only half over. The rhythm of
weekdays is untouched by that, for seven such days are a week wherever they begin.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.float64]

HOURS_OF_A_DAY = 24

HISTORY_DAYS = 3 * 364 + 112
"""Days that are looked at: three years, so that one odd year is no season, and room for what came before the first."""

HOURLY_DAYS_MAX = 28
"""Days whose hours are looked at."""


@dataclass(frozen=True, eq=False, slots=True)
class History:
    """One series up to an instant; equal to itself only, so that what is worked out of it can be kept by it.

    Attributes:
        days: Use of each day, the oldest first; at least one.
        hours: Use of the hours of the latest days, one row for each, or None where only days are known.
        ends_on: The local date on which the last day ends, as a proleptic ordinal with the part of that date that is
            over, or None: no calendar is known.
    """

    days: Days
    hours: Days | None = None
    ends_on: float | None = None

    def until(self, back: int) -> "History":
        """Return the history as it was some days ago."""
        hours = self.hours[:-back] if self.hours is not None and len(self.hours) > back else None
        return History(self.days[:-back], hours, self.ends_on - back if self.ends_on is not None else None)

    def divided(self, factors: Days) -> "History":
        """Return the history as it would have been without what made its days differ by these factors."""
        hours = self.hours
        if hours is not None:
            hours = hours / factors[-len(hours) :, np.newaxis]
        return History(self.days / factors, hours, self.ends_on)


def history_of_hours(hours: Days, ends_on: float | None = None) -> History:
    """Make a history from the hours up to an instant; hours before the first whole day are left out."""
    count = len(hours) // HOURS_OF_A_DAY
    rows = hours[len(hours) - count * HOURS_OF_A_DAY :].reshape(count, HOURS_OF_A_DAY)
    return History(rows.sum(axis=1), rows[-HOURLY_DAYS_MAX:], ends_on)
