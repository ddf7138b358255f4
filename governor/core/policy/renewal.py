"""That a quota's budgets began anew, because an edit changed what makes them the same budgets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Renewal:
    """Since when the present budgets of a quota decide, where an edit put them in the place of others.

    Attributes:
        since_s: The instant of the edit, in Unix seconds: a period that began before it lacks what was used until then.
        words: When and why, and what does not count: ``"on 20 November 2026, when an edit changed per: ..."``.
    """

    since_s: float
    words: str
