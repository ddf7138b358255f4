"""The use behind each budget of a quota, day by day and hour by hour, from the rollups."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from governor.core.policy.kinds import Quota
from governor.core.scopes import NONE_VALUE
from governor.core.units import Counts, Unit
from governor.services.budget_scopes import may_concern
from governor.services.forecast.history import HISTORY_DAYS, HOURLY_DAYS_MAX, HOURS_OF_A_DAY, Days
from governor.store.usage_sums import DIMENSIONS
from governor.store.use_series import UseRow

HOURS = HOURLY_DAYS_MAX * HOURS_OF_A_DAY

_DERIVED = {"kind": "user", "stage": "use_case", "audience": "use_case"}
"""Attributes that the Organization knows of a value that rollups have."""

Key = tuple[str, ...]
"""The values of ``SeriesPlan.per``: whose use a series is."""

SPEND, TOKENS, OWN = range(3)
"""The rows of a series: nano-USD, all tokens, and what the budget counts."""


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """How the rollups tell of a quota's budgets.

    Attributes:
        by: Dimensions to group by.
        per: The attributes of the scope that rollups have, in order.
        is_exact: Whether they tell everything that the quota selects and cuts by; tags, tasks and operations they do
            not, and a budget that is about those is taken to be a share of what they do tell.
    """

    by: tuple[str, ...]
    per: tuple[str, ...]
    is_exact: bool


def plan_of(quota: Quota) -> SeriesPlan:
    """Return how the rollups tell of a quota's budgets."""
    excluded = quota.header.excluded
    selecting = {key for key, _ in quota.header.applies_to.terms}
    selecting |= {key for key, _ in excluded.terms} if excluded is not None else set()
    needed = selecting | set(quota.per)
    rolled = {_DERIVED.get(key, key) for key in needed} & set(DIMENSIONS)
    tellable = set(DIMENSIONS) | set(_DERIVED)
    by = tuple(name for name in DIMENSIONS if name in rolled)
    return SeriesPlan(by, tuple(key for key in quota.per if key in tellable), needed <= tellable)


def plan_of_all(quota: Quota, *per: str) -> SeriesPlan:
    """Return how the rollups tell of everybody whom a quota concerns, or of each department of them."""
    plan = plan_of(replace(quota, per=per))
    return SeriesPlan(plan.by, per, plan.is_exact)


@dataclass(slots=True)
class BudgetSeries:
    """What was used behind one budget: rows of ``SPEND``, ``TOKENS`` and ``OWN``; the newest step is the last."""

    days: Days = field(default_factory=lambda: np.zeros((3, HISTORY_DAYS)))
    hours: Days = field(default_factory=lambda: np.zeros((3, HOURS)))

    def known_days(self) -> int:
        """Return how many days ago something was used first; 0 if nothing ever was."""
        used = np.flatnonzero(self.days[OWN] + self.days[SPEND])
        return HISTORY_DAYS - int(used[0]) if len(used) else 0


class SeriesCollector:
    """Adds up rows of the rollups by budget.

    Args:
        quota: Whose budgets.
        plan: How they are told apart.
        known: What the Organization knows of people and use cases, see ``ForecastJob``.
        wanted: The keys of the budgets; use behind others is left out.
    """

    def __init__(
        self,
        quota: Quota,
        plan: SeriesPlan,
        known: Mapping[tuple[str, str], Mapping[str, str]],
        wanted: Collection[Key],
    ) -> None:
        self._quota = quota
        self._wanted = frozenset(wanted)
        self.plan = plan
        self._known = known
        self._keys: dict[tuple[str, ...], Key | None] = {}
        self.series: dict[Key, BudgetSeries] = {}

    def add_days(self, rows: Iterable[UseRow]) -> None:
        """Take days; a row's step counts back from the newest day."""
        for back, series, amounts in self._found(rows):
            series.days[:, HISTORY_DAYS - 1 - back] += amounts

    def add_hours(self, rows: Iterable[UseRow]) -> None:
        """Take hours, likewise."""
        for back, series, amounts in self._found(rows):
            series.hours[:, HOURS - 1 - back] += amounts

    def _found(self, rows: Iterable[UseRow]) -> Iterator[tuple[int, BudgetSeries, Sequence[int]]]:
        for back, values, sums in rows:
            key = self.key(values)
            if key is None:
                continue
            series = self.series.get(key)
            if series is None:
                series = self.series[key] = BudgetSeries()
            cost, given, answered, thought, requests = sums
            own = _counted(self._quota, cost, (given, answered, thought), requests)
            yield back, series, (cost, given + answered, own)

    def key(self, values: tuple[str, ...]) -> Key | None:
        """Return whose use a row is, or None if the quota does not concern it; worked out once for each combination."""
        if values not in self._keys:
            attributes = {name: value for name, value in zip(self.plan.by, values, strict=True) if value}
            for name in ("user", "use_case"):
                attributes |= self._known.get((name, attributes.get(name, "")), {})
            concerned = may_concern(self._quota.header, attributes)
            key = tuple(attributes.get(name, NONE_VALUE) for name in self.plan.per)
            self._keys[values] = key if concerned and key in self._wanted else None
        return self._keys[values]


def _counted(quota: Quota, cost: int, tokens: tuple[int, int, int], requests: int) -> int:
    given, answered, thought = tokens
    if quota.unit is Unit.USD:
        return cost
    if quota.unit is Unit.TOKENS:
        counted = {Counts.ALL: given + answered, Counts.INPUT: given, Counts.OUTPUT: answered}
        return counted.get(quota.counts, thought)
    return requests
