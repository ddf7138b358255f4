"""APScheduler beside a server: once a second of real time it looks which jobs are due by the server's clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]  # the library has no types
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]  # the library has no types

from governor.edges.scheduler.jobs import jobs_of
from governor.services.run_jobs import JobRunner
from governor.wiring import Governor

LOOK_S = 1
"""How often a worker looks; together with a lease's length the longest that a dead worker's job stands still."""


@asynccontextmanager
async def scheduling(governor: Governor) -> AsyncIterator[JobRunner]:
    """Run jobs beside whatever is done inside; turns end before it does."""
    runner = JobRunner(jobs_of(governor), governor.database, governor.clock.now)
    scheduler = AsyncIOScheduler(timezone=UTC)
    # A look that is still waiting for the database is not joined by others.
    scheduler.add_job(runner.tick, IntervalTrigger(seconds=LOOK_S, timezone=UTC), max_instances=1, coalesce=True)
    scheduler.start()
    try:
        yield runner
    finally:
        scheduler.pause()
        await runner.stop()
        # Only now: it cuts off whatever it has begun.
        scheduler.shutdown(wait=False)
