"""Two real schedulers on one database: one is killed in the middle of a job, the other one goes on with it."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from governor.core.jobs import JobRecord
from governor.store.database import Database
from governor.store.jobs import read_jobs
from tests.api.test_alerts import ALERTING, spend, usd
from tests.api.world import running, settings_for, write_policies
from tests.slack.world import on_a_port

ROOT = Path(__file__).parents[2]
JOB = "deliver-alerts"
START_S_MAX = 180.0
TAKEOVER_S_MAX = 20.0
"""The lease of six seconds, the next look, and room for a busy machine."""


@dataclass
class SlowReceiver:
    """A web hook's receiver whose first delivery is never answered: whoever brings it is in the middle of its job."""

    got: list[str] = field(default_factory=list)
    arrived: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def take(self, request: Request) -> Response:
        """Take a delivery."""
        delivery = request.headers["x-governor-delivery"]
        self.got.append(delivery)
        self.arrived.put_nowait(delivery)
        if len(self.got) == 1:
            await request.body()
            # The next message is that its sender is gone.
            await request.receive()
        return Response(status_code=204)


@asynccontextmanager
async def schedulers(count: int, folder: Path, environment: dict[str, str]) -> AsyncIterator[list[int]]:
    """Run schedulers as processes of their own; give their process ids."""
    command = (sys.executable, "-m", "governor", "scheduler")
    with (folder / "schedulers.log").open("wb") as log:
        started = [
            await asyncio.create_subprocess_exec(
                *command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, stderr=log, stdout=log
            )
            for _ in range(count)
        ]
        try:
            yield [process.pid for process in started]
        finally:
            for process in started:
                if process.returncode is None:
                    process.send_signal(signal.SIGTERM)
            await asyncio.gather(*(process.wait() for process in started))


async def job(database: Database) -> JobRecord:
    """Return what is known of the job that delivers."""
    return next(record for record in await database.read(read_jobs) if record.name == JOB)


def holder(record: JobRecord) -> int:
    """Return the process id of who has a job."""
    return int(record.holder.split(":")[1])


async def test_a_job_of_a_killed_scheduler_is_taken_over_within_seconds(database_url: str, tmp_path: Path) -> None:
    """The one that delivers an alert is killed with ``kill -9``; the other brings the same delivery, and only once."""
    policies = write_policies(tmp_path / "policies", ALERTING)
    receiver = SlowReceiver()
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    async with on_a_port(app) as url, running(settings_for(database_url, policies)) as server:
        database = server.governor.database
        await spend(server, usd("e-1", 8.1, time=datetime.now(UTC).isoformat()))
        environment = {
            "GOVERNOR_DATABASE_URL": database_url,
            "GOVERNOR_POLICIES": str(policies),
            "GOVERNOR_ALERT_WEBHOOK_URL": f"{url}/hook",
            "GOVERNOR_ALERT_WEBHOOK_SECRET": "hook-secret",
        }
        async with schedulers(2, tmp_path, environment) as pids:
            first = await asyncio.wait_for(receiver.arrived.get(), START_S_MAX)
            before = await job(database)
            os.kill(holder(before), signal.SIGKILL)
            killed_s = time.monotonic()
            second = await asyncio.wait_for(receiver.arrived.get(), START_S_MAX)
            took_s = time.monotonic() - killed_s
            while (after := await job(database)).finished_at is None or after.finished_at <= before.started_at:
                assert time.monotonic() - killed_s < START_S_MAX
                await asyncio.sleep(0.1)

    assert holder(before) in pids
    assert first == second
    assert took_s < TAKEOVER_S_MAX
    assert 2 == len(receiver.got)
    assert after.runs >= 1
