"""What is stopped is stopped on every worker within a second, whatever it is and by whichever door."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from governor.core.decisions.blocks import BlockKind
from governor.core.keys import Role
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.routes import create_gate
from governor.edges.cli.app import app
from governor.services.block_watcher import watch_blocks
from governor.services.keys import create_key
from governor.services.refresher import REFRESH_S
from governor.store.database import Database
from tests.api.pauses import Pauses
from tests.api.processes import ROUNDS, WITHIN_S, ask, middle, served, until_all_say
from tests.api.test_blocks import INSTANT_S, verdict, wish
from tests.api.world import BOOTSTRAP, NOON, Server, StandingClock, question, running, settings_for, write_policies

WORKERS = 2

# For each kind: the name, and how somebody asks who is stopped by it.
STOPPED: dict[BlockKind, tuple[str, dict[str, Any]]] = {
    BlockKind.USER: ("eve@acme.example", {}),
    BlockKind.SERVICE_ACCOUNT: (
        "triage-bot",
        {"subject": {"service_account": "triage-bot"}, "model": "gpt-4o-mini"},
    ),
    BlockKind.KEY: ("gateway-key", {}),
    BlockKind.TEAM: ("platform", {}),
    BlockKind.USE_CASE: ("support-triage", {"use_case": "support-triage"}),
    BlockKind.MODEL: ("claude-sonnet-4", {}),
}
OPTIONS = {kind: "--" + kind.replace("_", "-") for kind in BlockKind} | {BlockKind.KEY: "--api-key"}


def governor(*arguments: str, **settings: str) -> dict[str, Any]:
    """Run a command, and return what it printed as JSON."""
    result = CliRunner(env=settings).invoke(app, [*arguments, "--output", "json"])
    assert result.exit_code == 0, result.output
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


Place = Callable[[BlockKind, str], Awaitable[str]]
Lift = Callable[[str], Awaitable[object]]


def by_route(server: Server) -> tuple[Place, Lift]:
    """Return how an admin places and lifts a block through a worker."""

    async def place(kind: BlockKind, name: str) -> str:
        async with server.client(Role.ADMIN) as admin:
            placed = await admin.post("/blocks", json=wish(target={kind.value: name}))
        block: str = placed.json()["id"]
        return block

    async def lift(block: str) -> object:
        async with server.client(Role.ADMIN) as admin:
            return await admin.delete(f"/blocks/{block}")

    return place, lift


def by_command(server: Server) -> tuple[Place, Lift]:
    """Return how an operator does so on the command line, beside the workers: through the database alone."""
    settings = server.governor.settings
    where = ("--database", settings.database_url, "--policies", str(settings.policies), "--by", "zoe")
    clock = {"GOVERNOR_AUTH": "off", "GOVERNOR_CLOCK": NOON.isoformat()}

    async def place(kind: BlockKind, name: str) -> str:
        how = (OPTIONS[kind], name, "--for", "2 hours", "--reason", "runs away")
        placed = await asyncio.to_thread(governor, "block", "create", *how, *where, **clock)
        return str(placed["id"])

    async def lift(block: str) -> object:
        return await asyncio.to_thread(governor, "block", "lift", block, *where, **clock)

    return place, lift


@asynccontextmanager
async def two_workers(database_url: str, policies: Path) -> AsyncIterator[tuple[Server, Server, Pauses]]:
    """Start two workers on one database; the second one reads the blocks when a test lets time pass."""
    async with AsyncExitStack() as stack:
        settings = settings_for(database_url, policies)
        first = await stack.enter_async_context(running(settings, StandingClock()))
        other = await stack.enter_async_context(running(settings, StandingClock(), with_keys=False))
        pauses = Pauses()
        await other.governor.blocks.stop()
        snapshots = other.governor.publisher.snapshots
        watcher = watch_blocks(snapshots, other.governor.database, other.governor.clock.now, pauses)
        await watcher.start()
        stack.push_async_callback(watcher.stop)
        gate = create_gate(
            replace(other.governor, doorkeeper=first.governor.doorkeeper), HttpMetrics(CollectorRegistry())
        )
        yield first, replace(first, governor=other.governor, app=gate), pauses


@pytest.mark.parametrize("door", [by_route, by_command])
@pytest.mark.parametrize("phase", [0.0, 0.5, 0.999])
async def test_every_worker_stops_within_a_second(
    database_url: str, policies: Path, phase: float, door: Callable[[Server], tuple[Place, Lift]]
) -> None:
    """Whatever is named, whenever between two readings it is placed or lifted, by another worker or beside all."""
    told: dict[BlockKind, list[str]] = {}
    async with two_workers(database_url, policies) as (first, other, pauses):
        place, lift = door(first)
        placed_s = phase * REFRESH_S
        for kind, (name, asked) in STOPPED.items():
            placed_s += 8 * REFRESH_S
            await pauses.pass_until(placed_s)
            before = await verdict(other, **asked)
            block = await place(kind, name)
            await pauses.pass_until(placed_s + WITHIN_S - INSTANT_S)
            during = await verdict(other, **asked)
            await lift(block)
            await pauses.pass_until(placed_s + 2 * (WITHIN_S - INSTANT_S))
            after = await verdict(other, **asked)
            told[kind] = [before[0], *during[1], after[0]]

    assert {kind: ["allow", "blocked", "allow"] for kind in BlockKind} == told


def test_every_process_stops_within_a_second(sqlite_url: str, tmp_path: Path) -> None:
    """Each kind is stopped on the command line while two processes serve, and let go on through one of them."""
    policies = write_policies(tmp_path / "policies")
    database = Database(sqlite_url)
    gateway = asyncio.run(create_key(database, name="gateway-key", role=Role.GATEWAY, now=NOON)).secret
    database.engine.dispose()
    stopped_s: dict[BlockKind, list[float]] = {kind: [] for kind in BlockKind}
    lifted_s: dict[BlockKind, list[float]] = {kind: [] for kind in BlockKind}
    with served(sqlite_url, policies, GOVERNOR_WORKERS=str(WORKERS)) as (_, address):
        at, here = ("--url", address, "--key", BOOTSTRAP), ("--database", sqlite_url, "--policies", str(policies))
        for kind, (name, asked) in [*STOPPED.items()] * ROUNDS:
            body = json.dumps(question(**asked, dry_run=True)).encode()
            told = partial(verdict_of, address, gateway, body)
            until_all_say(told, "allow", WORKERS)
            block = governor("block", "create", OPTIONS[kind], name, "--for", "1 hour", "--reason", "runs away", *here)
            stopped_s[kind].append(until_all_say(told, "deny", WORKERS))
            governor("block", "lift", block["id"], *at)
            lifted_s[kind].append(until_all_say(told, "allow", WORKERS))

    # The middle of the rounds of each kind: one that is always slow is not hidden by the quick ones.
    late = {kind for each in (stopped_s, lifted_s) for kind, seconds in each.items() if middle(seconds) >= WITHIN_S}
    assert set() == late, (stopped_s, lifted_s)


def verdict_of(address: str, secret: str, body: bytes) -> tuple[str, str]:
    """Ask one worker for a decision; return which worker it is, and the verdict."""
    worker, _, answer = ask(address, "POST", "/decide", secret, body)
    return worker, str(json.loads(answer)["verdict"])
