"""A small organisation for the tests of the HTTP door, and a server around it."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvicorn
from prometheus_client import CollectorRegistry

from governor.clients.clock import Clock, TickingClock
from governor.compiler.load import Compiled, compile_folder
from governor.core.decisions.snapshot import Catalogues
from governor.core.keys import Role
from governor.edges.api.application import Application
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.routes import create_gate
from governor.services.keys import KeyRing, create_key
from governor.settings import Settings, load_settings
from governor.wiring import Governor, open_governor

BOOTSTRAP = "gov_" + "b" * 43
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

POLICIES = """\
apiVersion: governor/v1
kind: Organization
name: acme
currency: USD
time_zone: Europe/Berlin
environments: [prod, dev]
default_environment: prod
unknown_users: {department: guests, team: guests}
departments:
  - {name: engineering, teams: [{name: platform}, {name: search}], projects: [{name: spring}]}
  - {name: marketing, teams: [{name: growth}]}
  - {name: guests, teams: [{name: guests}]}
people:
  - {user: eve@acme.example, kind: employee, team: platform, department: engineering, ids: [eve]}
  - {user: mia@acme.example, kind: employee, team: growth, department: marketing}
service_accounts:
  - {name: triage-bot, owner: eve@acme.example, team: platform, use_case: support-triage}
---
apiVersion: governor/v1
kind: ModelCatalog
name: models
catalogue: none
models:
  - {id: anthropic/claude-sonnet-4, aliases: [claude-sonnet-4], context_window: 200k tokens, max_output: 64k tokens}
  - {id: openai/gpt-4o-mini, aliases: [gpt-4o-mini], context_window: 128k tokens, max_output: 16k tokens}
---
apiVersion: governor/v1
kind: PriceBook
name: prices
catalogue: none
prices:
  - {model: anthropic/claude-sonnet-4, from: 2026-01-01, input: 3 USD per 1M tokens, output: 15 USD per 1M tokens}
  - {model: openai/gpt-4o-mini, from: 2026-01-01, input: 0.15 USD per 1M tokens, output: 0.60 USD per 1M tokens}
---
apiVersion: governor/v1
kind: ModelAllowlist
name: everyone-economy
allow: [openai/gpt-4o-mini]
---
apiVersion: governor/v1
kind: ModelAllowlist
name: engineering-models
applies_to: {department: engineering}
allow: [anthropic/claude-sonnet-4]
"""

QUOTAS = """\
apiVersion: governor/v1
kind: Quota
name: company-spend
limit: 1,000 USD
period: month
---
apiVersion: governor/v1
kind: Quota
name: department-spend
per: [department]
limit: 10 USD
limits:
  - {department: engineering, limit: 100 USD}
period: month
---
apiVersion: governor/v1
kind: Quota
name: user-requests
description: No person asks more than five hundred times a day.
per: [user]
limit: 500 requests
period: day
"""


class StandingClock(TickingClock):
    """A clock that moves only when a test says so."""

    def __init__(self, start_at: datetime = NOON) -> None:
        self.elapsed_s = 0.0
        super().__init__(start_at, lambda: self.elapsed_s)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.elapsed_s += seconds


def write_policies(folder: Path, quotas: str = QUOTAS) -> Path:
    """Write the organisation's policies into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "organization.yaml").write_text(POLICIES)
    (folder / "quotas.yaml").write_text(quotas)
    return folder


@dataclass
class Server:
    """A server in this process, with a key for each role."""

    governor: Governor
    app: Any
    metrics: HttpMetrics
    keys: dict[Role, str]

    def client(self, role: Role | None = Role.GATEWAY, *, secret: str = "", **headers: str) -> httpx.AsyncClient:
        """Return a client with the key of a role, with another key, or with none."""
        given = secret or (self.keys[role] if role is not None else "")
        authorization = {"authorization": f"Bearer {given}"} if given else {}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://governor", headers={**authorization, **headers}
        )

    async def make_key(self, name: str, role: Role = Role.GATEWAY, **bound: str) -> str:
        """Make a key that works at once, and return its secret."""
        made = await create_key(self.governor.database, name=name, role=role, now=self.governor.clock.now(), **bound)
        assert isinstance(self.governor.doorkeeper, KeyRing)
        await self.governor.doorkeeper.refresh()
        return made.secret


async def compile_here(folder: Path, now: datetime, _catalogues: Callable[[], Catalogues]) -> Compiled:
    """Compile in this process: the same answer as in one of its own, sooner."""
    return compile_folder(folder, now)


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None, *, with_keys: bool = True) -> AsyncIterator[Server]:
    """Run a server in this process; a second one on the same database makes no keys."""
    async with open_governor(settings, clock, compile_here) as governor:
        metrics = HttpMetrics(CollectorRegistry())
        server = Server(governor, create_gate(governor, metrics), metrics, {})
        if with_keys and isinstance(governor.doorkeeper, KeyRing):
            for role in Role:
                server.keys[role] = await server.make_key(f"{role}-key", role)
        yield server


@contextmanager
def listening(settings: Settings, clock: Clock | None = None) -> Iterator[str]:
    """Run a server on a real port, in a thread, and give its address.

    What it logs goes where no test looks for an answer: a line that is written a moment after the response would
    stand in the output of the command that is run next.
    """
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    application = Application(lambda: open_governor(settings, clock, compile_here))
    server = uvicorn.Server(uvicorn.Config(application, port=0, lifespan="on", log_config=None, access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
    structlog.configure(**before)


def settings_for(database_url: str, policies: Path, **given: Any) -> Settings:
    """Return the settings of a test's server; a slow machine must not degrade its answers."""
    common = {"decide_deadline_ms": 60_000, "bootstrap_key": BOOTSTRAP}
    return load_settings(database_url=database_url, policies=policies, **{**common, **given})


def question(**changes: Any) -> dict[str, Any]:
    """Return a request that is allowed, with changes; a change to None leaves the field out."""
    asked = {
        "model": "claude-sonnet-4",
        "subject": {"user": "eve@acme.example"},
        "input_tokens": 1000,
        "max_output_tokens": 100,
        **changes,
    }
    return {name: value for name, value in asked.items() if value is not None}
