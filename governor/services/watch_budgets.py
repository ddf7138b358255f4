"""What operators watch: how full budgets are, and how much of what was allowed is never reported."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from governor.core.ledger.budget import BudgetKey
from governor.core.scopes import scope_text
from governor.services.budgets import BudgetQuery, BudgetReader
from governor.services.listed_budgets import whole_budget
from governor.services.quota_names import QuotaNames
from governor.services.snapshots import Snapshots
from governor.store.balances import read_balances
from governor.store.budgets import Place, read_present_budgets
from governor.store.database import Database
from governor.store.reporting import read_reporting

BUDGETS_WATCHED = 1_000
"""Budgets that each answer looks at; more would make it slow."""

MORE_WATCHED = 5_000
"""Where there are more, each answer looks at so many of which something is taken, going on where the last one ended."""

READ_AT_A_TIME = 100
FIRST: Place = ("", "", b"")

SERIES_MAX = 100
"""The fullest budgets that get a series of their own."""

FRESH_S = 10.0
"""How long an answer is given again: however many scrapers there are, the database is asked this often."""

_Key = tuple[str, str, int | None]
"""Policy, scope, and when the period ends (Unix seconds; None: never): what is kept is told no longer than that."""

_Named = tuple[_Key, float]
"""How full it is."""

_Ratios = dict[_Key, float]


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
        snapshots: The quotas.
        budgets: Lists budgets.
        database: Where budgets and decisions are.
    """

    def __init__(self, snapshots: Snapshots, budgets: BudgetReader, database: Database) -> None:
        self._snapshots = snapshots
        self._budgets = budgets
        self._database = database
        self._names = QuotaNames()
        self._watched: tuple[float, Watched] | None = None
        self._after: Place = FIRST
        self._passing: _Ratios = {}
        self._passed: _Ratios = {}

    async def look(self, now: datetime) -> Watched:
        """Return what there is to watch, at most ten seconds old."""
        now_s = now.timestamp()
        if self._watched is not None and 0 <= now_s - self._watched[0] < FRESH_S:
            return self._watched[1]
        watched = Watched(await self._ratios(now), await self._reporting(now_s))
        self._watched = (now_s, watched)
        return watched

    async def fullest(self, now: datetime) -> tuple[BudgetRatio, ...]:
        """Return the fullest of all budgets, however many there are: not for every scrape."""
        fullest: _Ratios = {}
        after: Place | None = FIRST
        while after is not None:
            found, after = await self._database.read(partial(self._taken, after=after, now=now))
            _raise(fullest, found)
        return _ranked(fullest, now)

    async def _ratios(self, now: datetime) -> tuple[BudgetRatio, ...]:
        page = await self._budgets.page(BudgetQuery(limit=BUDGETS_WATCHED), now)
        fullest: _Ratios = {}
        _raise(
            fullest, ((_key(view.budget), (view.used + view.held) / view.limit) for view in page.views if view.limit)
        )
        if page.next is not None:
            await self._pass_by(now)
            _raise(fullest, (*self._passed.items(), *self._passing.items()))
        return _ranked(fullest, now)

    async def _pass_by(self, now: datetime) -> None:
        """Look at some more budgets; once all were passed by, it begins anew."""
        for _ in range(0, MORE_WATCHED, READ_AT_A_TIME):
            found, after = await self._database.read(partial(self._taken, after=self._after, now=now))
            _raise(self._passing, found)
            self._after = after or FIRST
            if after is None:
                self._passed, self._passing = self._passing, {}
                return

    def _taken(self, connection: Connection, after: Place, now: datetime) -> tuple[list[_Named], Place | None]:
        """Return how full the next budgets are of which something is taken, and where they end; None: no more."""
        snapshot, now_s = self._snapshots.current, int(now.timestamp())
        page = read_present_budgets(connection, now_s, after, READ_AT_A_TIME, taken=True)
        balances = read_balances(connection, [row.digest for row in page.rows], now.timestamp())
        found = []
        for row in page.rows:
            draw = whole_budget(self._names.find(snapshot.policies, row.policy), row, snapshot, now)
            balance = balances.get(row.digest)
            if draw is not None and balance is not None and draw.terms.limit:
                found.append((_key(draw.budget), (balance.used + balance.held) / draw.terms.limit))
        return found, page.next

    async def _reporting(self, now_s: float) -> tuple[Reporting, ...]:
        rows = await self._database.read(lambda connection: read_reporting(connection, int(now_s)))
        return tuple(Reporting(client, unreported / ended) for client, ended, unreported in rows if ended)


def _raise(fullest: _Ratios, found: Iterable[_Named]) -> None:
    """Keep the fullest of each name."""
    for name, ratio in found:
        fullest[name] = max(fullest.get(name, 0.0), ratio)


def _ranked(kept: _Ratios, now: datetime) -> tuple[BudgetRatio, ...]:
    """Return the fullest of the budgets whose period goes on, those first."""
    now_s = now.timestamp()
    present = ((key[:2], ratio) for key, ratio in kept.items() if key[2] is None or key[2] > now_s)
    # Of one name the last is kept: the fullest.
    fullest = dict(sorted(present, key=lambda each: each[1]))
    ratios = [BudgetRatio(policy, scope, ratio) for (policy, scope), ratio in fullest.items()]
    return tuple(sorted(ratios, key=lambda ratio: -ratio.ratio)[:SERIES_MAX])


def _key(budget: BudgetKey) -> _Key:
    """Name a budget for operators; metrics are open, so people and tasks are not named: the fullest stands for all."""
    private = [key for key, _ in budget.scope if key not in _PUBLIC]
    scope = f"(fullest {private[0]})" if private else scope_text(budget.scope)
    return budget.policy, scope, budget.period_end_s


_PUBLIC = frozenset({"department", "team", "project", "environment", "kind", "provider", "model", "operation"})
