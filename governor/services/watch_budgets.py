"""What operators watch: how full budgets are, and how much of what was allowed is never reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.decision import BudgetView
from governor.core.scopes import scope_text
from governor.services.budgets import PAGE_MAX, BudgetQuery, BudgetReader
from governor.store.database import Database
from governor.store.reporting import read_reporting

BUDGETS_WATCHED = 1_000
"""Budgets that are looked at; more would make the answer slow and the series many."""

SERIES_MAX = 100
"""The fullest budgets that get a series of their own."""

FRESH_S = 10.0
"""How long an answer is given again: however many scrapers there are, the database is asked this often."""


@dataclass(frozen=True, slots=True)
class BudgetRatio:
    """How full one budget is: ``(used + held) / limit``; above 1 after an overrun."""

    policy: str
    scope: str
    ratio: float


@dataclass(frozen=True, slots=True)
class Reporting:
    """How one client reports: the share of its recent allowed decisions whose hold ended without usage."""

    client: str
    unreported_share: float


@dataclass(frozen=True, slots=True)
class Watched:
    """One look."""

    ratios: tuple[BudgetRatio, ...]
    reporting: tuple[Reporting, ...]


class BudgetWatcher:
    """Looks at budgets and reporting for the metrics.

    Args:
        budgets: Lists budgets.
        database: Where decisions are.
    """

    def __init__(self, budgets: BudgetReader, database: Database) -> None:
        self._budgets = budgets
        self._database = database
        self._watched: tuple[float, Watched] | None = None

    async def look(self, now: datetime) -> Watched:
        """Return what there is to watch, at most ten seconds old."""
        now_s = now.timestamp()
        if self._watched is not None and 0 <= now_s - self._watched[0] < FRESH_S:
            return self._watched[1]
        watched = Watched(await self._ratios(now), await self._reporting(now_s))
        self._watched = (now_s, watched)
        return watched

    async def fullest(self, now: datetime) -> tuple[BudgetRatio, ...]:
        """Return the fullest of all budgets, however many there are: in pages, and so not for every scrape."""
        fullest: dict[tuple[str, str], float] = {}
        cursor: str | None = ""
        while cursor is not None:
            page = await self._budgets.page(BudgetQuery(cursor=cursor, limit=PAGE_MAX), now)
            _fill(fullest, page.views)
            cursor = page.next
        return _ranked(fullest)

    async def _ratios(self, now: datetime) -> tuple[BudgetRatio, ...]:
        page = await self._budgets.page(BudgetQuery(limit=BUDGETS_WATCHED), now)
        fullest: dict[tuple[str, str], float] = {}
        _fill(fullest, page.views)
        return _ranked(fullest)

    async def _reporting(self, now_s: float) -> tuple[Reporting, ...]:
        rows = await self._database.read(lambda connection: read_reporting(connection, int(now_s)))
        return tuple(Reporting(client, unreported / ended) for client, ended, unreported in rows if ended)


def _fill(fullest: dict[tuple[str, str], float], views: Sequence[BudgetView]) -> None:
    for view in views:
        if view.limit > 0:
            name = (view.budget.policy, _label(view))
            fullest[name] = max(fullest.get(name, 0.0), (view.used + view.held) / view.limit)


def _ranked(fullest: Mapping[tuple[str, str], float]) -> tuple[BudgetRatio, ...]:
    ratios = [BudgetRatio(policy, scope, ratio) for (policy, scope), ratio in fullest.items()]
    return tuple(sorted(ratios, key=lambda ratio: -ratio.ratio)[:SERIES_MAX])


def _label(view: BudgetView) -> str:
    """Name a scope for operators; metrics are open, so people and tasks are not named: the fullest stands for all."""
    private = [key for key, _ in view.budget.scope if key not in _PUBLIC]
    return f"(fullest {private[0]})" if private else scope_text(view.budget.scope)


_PUBLIC = frozenset({"department", "team", "project", "environment", "kind", "provider", "model", "operation"})
