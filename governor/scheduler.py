"""The entry point of a scheduler that runs alone, which is what ``governor scheduler`` runs."""

import asyncio
import signal

import structlog

from governor.edges.api.logs import configure_logs
from governor.edges.scheduler.door import scheduling
from governor.settings import Settings
from governor.wiring import open_governor


def run(settings: Settings) -> None:
    """Run the jobs until told to stop (SIGTERM, SIGINT); turns that have begun end first.

    Raises:
        GovernorError: If the database cannot be used, or the policy folder has errors.
    """
    configure_logs(settings.log_level, settings.log_format)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    log = structlog.get_logger("governor.scheduler")
    async with open_governor(settings) as governor, scheduling(governor) as runner:
        log.info("started", database=governor.database.name, worker=runner.holder)
        await stopped.wait()
    log.info("stopped")
