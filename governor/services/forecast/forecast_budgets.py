"""Forecast budgets: in a process of its own, and keep what comes of it; find what was kept."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.decisions.decision import BudgetView
from governor.core.forecasts.closing import Seen
from governor.core.forecasts.forecast import Forecast
from governor.services.budgets import BudgetQuery, BudgetReader
from governor.services.forecast.entry import run_job
from governor.services.forecast.gather import ForecastJobs
from governor.services.forecast.guess import guessed
from governor.services.forecast.in_the_making import ForecastsInTheMaking
from governor.services.forecast.process import ForecastProcesses
from governor.services.forecast.tasks import ForecastJob
from governor.store.database import Database
from governor.store.forecasts import keep_forecasts, read_forecasts_of, read_latest_forecasts

FRESH = timedelta(hours=1)
"""How long a forecast is shown before it is made anew for whoever asks."""

AFTER = timedelta(hours=23)
"""How long the forecast of a budget that is far from its limit is good enough for the scheduler."""

NEAR_PERCENT = 75
"""A budget may come near its limit if the upper end of its forecast, or what it has taken, reaches so much of it."""

Write = Callable[[Callable[[Connection], None]], Awaitable[None]]
"""Runs a writing function in a transaction: the database's own, or one that is fenced by a job's lease."""


Progress = Callable[[int, int], None]
"""Told how many steps are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class ForecastPage:
    """Some budgets' forecasts, and the cursor of the next page or None.

    Attributes:
        pending: Budgets whose forecasts are being made anew meanwhile; until then the one before is shown, or a guess.
        then: What was used after forecasts that were asked for as they were in the past: instants (Unix seconds) and
            what the period had used by then, by budget.
    """

    forecasts: tuple[Forecast, ...]
    next: str | None
    pending: int = 0
    then: Mapping[bytes, tuple[Seen, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ForecastRun:
    """What one run did: budgets that were looked at, and those that had a history."""

    budgets: int
    forecasts: int

    def __str__(self) -> str:
        return f"{self.forecasts:,} of {self.budgets:,} budgets have a history"


class Forecaster:
    """Makes, keeps and finds forecasts.

    Args:
        jobs: Makes jobs of budgets.
        budgets: Lists budgets with their balances.
        database: Where forecasts are kept.
        processes: Where numbers are crunched.
    """

    def __init__(
        self, jobs: ForecastJobs, budgets: BudgetReader, database: Database, processes: ForecastProcesses
    ) -> None:
        self._jobs = jobs
        self._budgets = budgets
        self._database = database
        self._processes = processes
        self._background = ForecastsInTheMaking(self._make)

    async def page(self, query: BudgetQuery, now: datetime, patience_s: float | None = None) -> ForecastPage:
        """Return one page of budgets with their forecasts; those that are missing or old are made now.

        A query about the past returns what was forecast by then, and what happened since.

        Args:
            query: Which budgets.
            now: Nothing after it is known.
            patience_s: How long to wait for what is made, in seconds; it goes on without whoever asked, and is kept.
                None: until all of it is there.

        Raises:
            InvalidRequestError: If the cursor is not one of this list.
            ForecastProcessError: If the process that forecasts ends without an answer.
        """
        page = await self._budgets.page(query, now)
        views = [view for view in page.views if self._jobs.is_foreseeable(view)]
        if query.at is not None and query.at < now:
            return await self._in_the_past(views, query.at, now, page.next)
        pending = await self._background.make(await self._old(views, now), now, patience_s)
        digests = [view.budget.digest for view in views]
        kept = await self._database.read(partial(read_latest_forecasts, digests=digests))
        going_on = pending | {view.budget.digest for view in page.views if self._jobs.is_hourly(view)}
        found = (
            kept.get(view.budget.digest)
            or guessed(view, self._jobs.asked(view, now), now, goes_on=view.budget.digest in going_on)
            for view in page.views
            if self._jobs.is_foreseeable(view) or self._jobs.is_hourly(view)
        )
        return ForecastPage(tuple(found), page.next, len(pending))

    async def close(self) -> None:
        """End what is made for those who asked."""
        await self._background.close()

    async def refresh(self, query: BudgetQuery, now: datetime, progress: Progress) -> None:
        """Make those forecasts of one page of budgets that are missing or old, and tell how far it is."""
        page = await self._budgets.page(query, now)
        await self._make(await self._old(page.views, now), now, progress)

    async def _old(self, views: Sequence[BudgetView], now: datetime) -> list[BudgetView]:
        """Return the budgets whose forecasts are to be made anew for whoever asks."""
        views = [view for view in views if self._jobs.is_foreseeable(view)]
        kept = await self._database.read(partial(read_latest_forecasts, digests=[view.budget.digest for view in views]))
        return [view for view in views if not _is_made_within(FRESH, kept.get(view.budget.digest), now)]

    async def _make(self, views: Sequence[BudgetView], now: datetime, progress: Progress | None = None) -> None:
        await self._keep(await self._jobs.jobs(views, now), self._database.write, progress)

    async def _keep(self, jobs: Sequence[ForecastJob], write: Write, progress: Progress | None) -> int:
        """Make the forecasts of some jobs, keep them as they come, and return how many there are."""
        done = found = 0
        async for made in self._processes.each(run_job, jobs):
            await write(partial(keep_forecasts, forecasts=made))
            found += len(made)
            done += 1
            if progress is not None:
                progress(done, len(jobs))
        return found

    async def _in_the_past(
        self, views: Sequence[BudgetView], at: datetime, now: datetime, following: str | None
    ) -> ForecastPage:
        digests = [view.budget.digest for view in views]
        before_s = int(at.timestamp()) + 1
        kept = await self._database.read(lambda connection: read_latest_forecasts(connection, digests, before_s))

        def later(connection: Connection) -> dict[bytes, list[Forecast]]:
            return {digest: read_forecasts_of(connection, digest) for digest in kept}

        made = await self._database.read(later)
        then = {
            view.budget.digest: _seen_after(kept[view.budget.digest], made[view.budget.digest], view, now)
            for view in views
            if view.budget.digest in kept
        }
        return ForecastPage(tuple(kept[digest] for digest in digests if digest in kept), following, then=then)

    async def run(
        self, now: datetime, write: Write | None = None, progress: Progress | None = None, *, due_only: bool = False
    ) -> ForecastRun:
        """Forecast budgets and keep the forecasts; running it again replaces the day's.

        Args:
            now: Nothing after it is known.
            due_only: Leave out budgets that were forecast within a day and are far from their limit.
            write: How forecasts are written; None: in a transaction of the database.
            progress: Told how far it is.
        """
        views = [view async for view in self._jobs.all_budgets(now)]
        if due_only:
            views = await self._due(views, now)
        found = await self._keep(await self._jobs.jobs(views, now), write or self._database.write, progress)
        return ForecastRun(len(views), found)

    async def _due(self, views: Sequence[BudgetView], now: datetime) -> list[BudgetView]:
        digests = [view.budget.digest for view in views]
        kept = await self._database.read(lambda connection: read_latest_forecasts(connection, digests))
        return [view for view in views if _is_due(kept.get(view.budget.digest), view, now)]


def _seen_after(forecast: Forecast, made: Sequence[Forecast], view: BudgetView, now: datetime) -> tuple[Seen, ...]:
    """Return what later forecasts of a budget knew to be used, and what it has used in the end."""
    end_s = forecast.budget.period_end_s
    last_s = int(now.timestamp()) if end_s is None else min(int(now.timestamp()), end_s)
    later = ((int(other.made_at.timestamp()), other.used) for other in made if other.made_at > forecast.made_at)
    return (*(seen for seen in later if seen[0] < last_s), (last_s, view.used))


def _is_due(forecast: Forecast | None, view: BudgetView, now: datetime) -> bool:
    return not _is_made_within(AFTER, forecast, now) or _is_near(forecast, view)


def _is_made_within(age: timedelta, forecast: Forecast | None, now: datetime) -> bool:
    return forecast is not None and now - age < forecast.made_at <= now


def _is_near(forecast: Forecast | None, view: BudgetView) -> bool:
    """Tell whether a budget may come near its limit, by its forecast or by what it has taken since."""
    if forecast is None or forecast.limit != view.carried_limit:
        return True
    return max(forecast.total.upper, view.used + view.held) * 100 >= view.carried_limit * NEAR_PERCENT
