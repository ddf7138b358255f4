"""Processes of their own for forecasting: numbers are crunched there, and no decision waits for it."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from governor.core.errors import GovernorError

T = TypeVar("T")
J = TypeVar("J")


class ForecastProcessError(GovernorError):
    """The process that forecasts ended without an answer; what was forecast before stands."""

    code = "forecast_process_ended"


class ForecastProcesses:
    """Runs functions of jobs in other processes, which start with the first job and end with ``close``.

    Args:
        count: How many processes; beside a server one, so that a core is left for decisions.
    """

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    async def each(self, function: Callable[[J], T], jobs: Iterable[J]) -> AsyncIterator[T]:
        """Yield the results as they come, in any order.

        Raises:
            ForecastProcessError: If a process ends without an answer.
        """
        loop = asyncio.get_running_loop()
        pool = self._started()
        futures = [loop.run_in_executor(pool, function, job) for job in jobs]
        try:
            for future in asyncio.as_completed(futures):
                yield await future
        except BrokenProcessPool as error:
            self._pool = None
            raise ForecastProcessError("the process that forecasts ended early; try again") from error
        finally:
            for future in futures:
                future.cancel()

    async def close(self) -> None:
        """End the processes; jobs that have not begun are dropped."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A fork would copy locks and sockets of a running server; a new interpreter has none of them.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._count, mp_context=context)
        return self._pool
