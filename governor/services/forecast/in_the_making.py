"""Forecasts that somebody asked for: made once for all who ask, and to the end, also if nobody waits any more."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from governor.core.decisions.decision import BudgetView
from governor.core.errors import GovernorError

UNUSED_FOR = timedelta(hours=1)
"""How long a budget of which nothing was used, and behind which nothing was found, is not looked at again."""

REMEMBERED_MAX = 100_000

_log = structlog.get_logger("governor.forecasts")


class ForecastsInTheMaking:
    """Makes forecasts beside the answers.

    Args:
        make: Makes those of some budgets, and keeps them.
    """

    def __init__(self, make: Callable[[Sequence[BudgetView], datetime], Awaitable[None]]) -> None:
        self._make = make
        self._tasks: dict[bytes, asyncio.Task[None]] = {}
        self._looked_at: dict[bytes, datetime] = {}

    async def make(self, views: Sequence[BudgetView], now: datetime, patience_s: float | None) -> set[bytes]:
        """Make the forecasts of some budgets, those that are not being made already.

        Args:
            views: Which.
            now: Nothing after it is known.
            patience_s: How long to wait, in seconds; None: until all of it is there.

        Returns:
            The budgets whose forecasts are still being made.

        Raises:
            GovernorError: If it fails while somebody waits for all of it.
        """
        wanted = [view for view in views if not self._is_known_to_be_unused(view, now)]
        digests = [view.budget.digest for view in wanted]
        new = [view for view in wanted if view.budget.digest not in self._tasks]
        if new:
            task = asyncio.create_task(self._made(new, now))
            task.add_done_callback(_heard)
            self._tasks |= dict.fromkeys((view.budget.digest for view in new), task)
        tasks = {self._tasks[digest] for digest in digests}
        if tasks:
            done, _ = await asyncio.wait(tasks, timeout=patience_s)
            if patience_s is None:
                for task in done:
                    task.result()
        return {digest for digest in digests if digest in self._tasks}

    async def close(self) -> None:
        """Drop what is not ready."""
        tasks = set(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _made(self, views: Sequence[BudgetView], now: datetime) -> None:
        try:
            await self._make(views, now)
        except GovernorError as error:
            # Whoever waits is told by the task; whoever does not is shown what there was.
            _log.warning("forecasts_not_made", budgets=len(views), problem=str(error))
            raise
        finally:
            for view in views:
                self._tasks.pop(view.budget.digest, None)
        if len(self._looked_at) > REMEMBERED_MAX:
            self._looked_at.clear()
        self._looked_at |= {view.budget.digest: now for view in views if not view.used}

    def _is_known_to_be_unused(self, view: BudgetView, now: datetime) -> bool:
        looked_at = self._looked_at.get(view.budget.digest)
        return not view.used and looked_at is not None and now - UNUSED_FOR < looked_at <= now


def _heard(task: asyncio.Task[None]) -> None:
    """Take note of how it ended: what failed was logged, and perhaps nobody waits."""
    if not task.cancelled():
        task.exception()
