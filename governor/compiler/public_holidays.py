"""Public holidays of countries and their parts."""

from collections.abc import Mapping, Sequence
from datetime import date

YEARS = range(2000, 2051)
"""Years whose public holidays are worked out: recorded series reach back, budgets look ahead."""


def countries_with_holidays() -> Mapping[str, Sequence[str]]:
    """Return the countries whose holidays are known, each with its parts that have some of their own."""
    # Loaded only where somebody names a country: the library is large.
    import holidays  # noqa: PLC0415 see above

    return holidays.list_supported_countries()


def public_holidays(country: str, subdivision: str = "") -> frozenset[date]:
    """Return the public holidays of a country, or of a part of it.

    Args:
        country: One of ``countries_with_holidays``.
        subdivision: One of its parts, or ``""``.
    """
    import holidays  # noqa: PLC0415 see above

    found = holidays.country_holidays(country, subdiv=subdivision or None, years=YEARS)
    return frozenset(date(day.year, day.month, day.day) for day in found)
