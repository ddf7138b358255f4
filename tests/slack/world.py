"""A small organisation whose people are in Slack, and a server that is connected to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry

from governor.clients.slack import open_slack_client
from governor.core.keys import Role
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.routes import create_gate
from governor.edges.slack.door import SlackDoor, open_slack_door
from governor.edges.web.pages import open_pages
from governor.services.keys import KeyRing
from governor.services.slack.turns import SharedTurns
from governor.wiring import Governor, open_governor
from tests.api.world import POLICIES, QUOTAS, Server, StandingClock, compile_here, settings_for
from tests.slack.fake.server import ACK_S, SlackServer
from tests.slack.fake.workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Workspace
from tests.slack.hands import Hands

EVE = "eve@acme.example"
MIA = "mia@acme.example"
TOM = "tom@acme.example"
LEA = "lea@acme.example"

PEOPLE = """\
people:
  - {user: eve@acme.example, kind: employee, team: platform, department: engineering, ids: [eve], slack: U0EVE}
  - {user: mia@acme.example, kind: employee, team: growth, department: marketing, slack: U0MIA}
  - {user: tom@acme.example, kind: employee, team: growth, department: marketing, slack: U0TOM}
  - {user: lea@acme.example, kind: employee, team: growth, department: marketing, slack: U0LEA}
  - {user: sam@acme.example, kind: employee, team: search, department: engineering}
  - {user: old@acme.example, kind: employee, team: growth, department: marketing, slack: U0OLD, until: 2026-06-30}
groups:
  - {name: sre-oncall, members: [eve@acme.example]}
  - {name: finance, members: [tom@acme.example, sam@acme.example]}
  - {name: board, members: [eve@acme.example, lea@acme.example]}
can_stop: {group: sre-oncall, for: 4 hours}
"""


APPROVALS = """\
apiVersion: governor/v1
kind: ApprovalRule
name: everybody
routes:
  - up_to: 5 USD
    approve: automatic
    at_most: 20 USD per month per department
  - up_to: 500 USD
    require: [{group: team-leads, at_least: 1, instead: finance}]
  - up_to: 1,000 USD
    require: [{group: finance, at_least: 1}, {group: board, at_least: 1}]
  - above: 1,000 USD
    require: [{group: board, at_least: 1}]
    decide_in: web
max_duration: 30 days
justification: {at_least: 20 characters, expected_value: required}
remind_after: 4 working hours
escalate: {after: 1 working day, to: board}
expire_after: 3 working days
channel: "#ai-exceptions"
break_glass: {group: sre-oncall, up_to: 50 USD, for: 2 hours, at_most: 2 per week per person, review_within: 48 hours}
"""
"""Small amounts are automatic, a lead decides about more, two groups about much, and a page about most."""


def organization() -> str:
    """Return the organisation of the API's tests with Slack ids, leads and people on call."""
    before, _, rest = POLICIES.partition("people:\n")
    after = rest[rest.index("service_accounts:") :]
    led = before.replace("{name: growth}", "{name: growth, leads: [lea@acme.example]}")
    return led + PEOPLE + after


def write_slack_policies(folder: Path, more: str = "") -> Path:
    """Write the policies into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "organization.yaml").write_text(organization())
    (folder / "quotas.yaml").write_text(QUOTAS)
    (folder / "approvals.yaml").write_text(APPROVALS)
    if more:
        (folder / "more.yaml").write_text(more)
    return folder


def populate(workspace: Workspace) -> None:
    """Let the organisation's people be in the workspace."""
    for name in ("eve", "mia", "tom", "lea", "old"):
        workspace.add_person(name, f"{name}@acme.example", user_id=f"U0{name.upper()}")
    workspace.add_person("stranger", "stranger@else.example", user_id="U0STRANGER")


@dataclass
class SlackWorld:
    """Governor and Slack, connected."""

    server: Server
    door: SlackDoor
    slack: SlackServer
    hands: Hands
    clock: StandingClock
    url: str

    @property
    def governor(self) -> Governor:
        """The server."""
        return self.server.governor

    @property
    def workspace(self) -> Workspace:
        """What Slack remembers."""
        return self.slack.workspace

    async def settled(self) -> None:
        """Wait until everything that was begun is done, and shown."""
        await self.door.desk.later.idle()
        await self.door.desk.showing.once()

    async def decide(self, **question: Any) -> dict[str, Any]:
        """Ask whether a model request may be made."""
        asked = {"model": "claude-sonnet-4", "input_tokens": 1000, "max_output_tokens": 100, **question}
        async with self.server.client() as client:
            answer: dict[str, Any] = (await client.post("/decide", json=asked)).json()
        return answer


class _Quiet(uvicorn.Server):
    """A server that leaves the signals of the test alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    def capture_signals(self) -> Any:
        """Capture none."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def on_a_port(app: Any) -> AsyncIterator[str]:
    """Serve an application on a real port of this machine, and give its address."""
    server = _Quiet(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve())
    await server.up.wait()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


async def never(_seconds: float) -> None:
    """Pause for ever: a test says itself when it is looked what is to be shown."""
    await asyncio.Event().wait()


@asynccontextmanager
async def slack_world(
    database_url: str,
    policies: Path,
    slack: SlackServer,
    *,
    over_socket: bool = False,
    with_keys: bool = True,
    connected: bool = True,
    patience_s: float = 60.0,
    change: Callable[[Governor], Governor] = lambda governor: governor,
    pause: Callable[[float], Awaitable[None]] = never,
    **given: Any,
) -> AsyncIterator[SlackWorld]:
    """Run a server whose Slack is the made-up one, over HTTP or Socket Mode.

    Args:
        database_url: Where it remembers.
        policies: Its folder.
        slack: The made-up Slack.
        over_socket: Whether it listens over Socket Mode.
        with_keys: Whether it makes keys; a second server on the same database makes none.
        connected: Whether Socket Mode is waited for.
        patience_s: How long a submission is worked on before Slack is told to wait; long, so that a busy machine
            changes nothing.
        change: Puts another part in, like a slow database.
        pause: Waits between looks at what is to be shown, and at the socket.
        given: More settings.
    """
    clock = StandingClock()
    over = {"slack_app_token": APP_TOKEN} if over_socket else {"slack_signing_secret": SIGNING_SECRET}
    settings = settings_for(
        database_url, policies, slack_bot_token=BOT_TOKEN, slack_api_url=slack.api_url, **over, **given
    )
    async with AsyncExitStack() as stack:
        governor = change(await stack.enter_async_context(open_governor(settings, clock, compile_here)))
        walls = slack.workspace.clock
        client = await stack.enter_async_context(
            open_slack_client(
                BOT_TOKEN, slack.api_url, turns=SharedTurns(governor.database), time_s=walls, pause=walls.pause
            )
        )
        door = await stack.enter_async_context(open_slack_door(governor, client, walls, pause, patience_s=patience_s))
        for listener in door.app._async_listeners:
            # The library gives up on an acknowledgement after three seconds of this machine's time.
            listener.ack_timeout = ACK_S
        metrics = HttpMetrics(CollectorRegistry())
        gate = create_gate(governor, metrics, door.receive, open_pages(governor))
        url = await stack.enter_async_context(on_a_port(gate))
        server = Server(governor, gate, metrics, {})
        if with_keys and isinstance(governor.doorkeeper, KeyRing):
            for role in Role:
                server.keys[role] = await server.make_key(f"{role}-key", role)
        if over_socket and connected:
            await slack.connected.wait()
        hands = Hands(slack, "" if over_socket else f"{url}/slack/events")
        yield SlackWorld(server, door, slack, hands, clock, url)
        await door.desk.later.idle()
