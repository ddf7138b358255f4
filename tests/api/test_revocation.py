"""A revoked key is refused by every worker within one second: proved on a time that passes only when a test says so."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from governor.core.keys import Role
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.routes import create_gate
from governor.services.keys import KeyRing, create_key, revoke_key
from governor.services.refresher import REFRESH_S
from governor.store.database import Database
from tests.api.pauses import Pauses
from tests.api.world import NOON, Server, running, settings_for

WITHIN_S = 1.0
INSTANT_S = 0.001


class Worker:
    """A server in this process whose key ring runs on a test's time."""

    def __init__(self, server: Server, secret: str) -> None:
        self.database = server.governor.database
        self.pauses = Pauses()
        self.ring = KeyRing(self.database, server.governor.clock.time, None, self.pauses)
        metrics = HttpMetrics(CollectorRegistry())
        self._gate = create_gate(replace(server.governor, doorkeeper=self.ring), metrics)
        self._headers = {"authorization": f"Bearer {secret}"}

    async def status(self) -> int:
        """Ask with the key, and return the status of the answer."""
        transport = httpx.ASGITransport(self._gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://governor", headers=self._headers) as client:
            return (await client.get("/budgets")).status_code


@asynccontextmanager
async def two_workers(database_url: str, policies: Path) -> AsyncIterator[list[Worker]]:
    """Start two workers on one database; the second one reads the keys half a pause later than the first."""
    settings = settings_for(database_url, policies)
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running(settings, with_keys=False)) for _ in range(2)]
        made = await create_key(servers[0].governor.database, name="gw1", role=Role.GATEWAY, now=NOON)
        workers = [Worker(server, made.secret) for server in servers]
        for worker, started_s in zip(workers, (0.0, REFRESH_S / 2), strict=True):
            worker.pauses.now_s = started_s
            await worker.ring.start()
            stack.push_async_callback(worker.ring.stop)
        yield workers


async def statuses(workers: list[Worker], at_s: float) -> list[int]:
    """Let time pass on every worker, and ask each."""
    for worker in workers:
        await worker.pauses.pass_until(at_s)
    return [await worker.status() for worker in workers]


@pytest.mark.parametrize("phase", [0.0, 0.25, 0.5, 0.75, 0.999])
async def test_every_worker_refuses_a_revoked_key_within_a_second(
    database_url: str, policies: Path, phase: float
) -> None:
    """Whenever between two readings it is revoked, by whichever worker (litellm#9820)."""
    revoked_s = (2 + phase) * REFRESH_S
    async with two_workers(database_url, policies) as workers:
        before = await statuses(workers, revoked_s)
        await revoke_key(workers[1].database, "gw1", NOON)
        after = await statuses(workers, revoked_s + WITHIN_S - INSTANT_S)

    assert ([200, 200], [401, 401]) == (before, after)


async def test_a_reading_that_fails_does_not_break_the_promise(database_url: str, policies: Path) -> None:
    """The next one comes within the second; until then the keys known so far go on working."""
    async with two_workers(database_url, policies) as workers:
        await statuses(workers, 2 * REFRESH_S)
        await revoke_key(workers[1].database, "gw1", NOON)
        fail_once(workers[0].database)
        missed = await statuses(workers[:1], 3 * REFRESH_S)
        after = await statuses(workers, 2 * REFRESH_S + WITHIN_S - INSTANT_S)

    assert ([200], [401, 401]) == (missed, after)


def fail_once(database: Database) -> None:
    """Let the next statement about keys fail as if the connection was lost."""

    @event.listens_for(database.engine, "before_cursor_execute")
    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "api_keys" in statement:
            event.remove(database.engine, "before_cursor_execute", fail)
            raise OperationalError(statement, None, ConnectionError("lost"))


async def test_slow_searches_do_not_put_off_a_revocation(database_url: str, policies: Path) -> None:
    """With every shared thread busy the keys are read all the same."""
    async with two_workers(database_url, policies) as workers:
        await statuses(workers, 2 * REFRESH_S)
        await revoke_key(workers[1].database, "gw1", NOON)
        over = threading.Event()
        searches = [asyncio.create_task(asyncio.to_thread(over.wait)) for _ in range(64)]
        try:
            await asyncio.sleep(0)
            async with asyncio.timeout(30):
                after = await statuses(workers, 2 * REFRESH_S + WITHIN_S - INSTANT_S)
        finally:
            over.set()
            await asyncio.gather(*searches)

    assert [401, 401] == after
