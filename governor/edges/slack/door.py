"""The Slack door of one worker, opened and closed with the server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from governor.clients.slack import SlackClient, open_slack_client
from governor.edges.slack.application import listeners, slack_application
from governor.edges.slack.desk import PATIENCE_S, Desk
from governor.edges.slack.later import Later
from governor.edges.slack.showing import Showing
from governor.edges.slack.signature import NotSlackError, check_signature
from governor.edges.slack.socket import SocketMode
from governor.services.slack.card_facts import CardFinder
from governor.services.slack.cards import SlackCards
from governor.services.slack.outbox import Outbox
from governor.services.slack.turns import SharedTurns
from governor.wiring import Governor

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""

_log = structlog.get_logger("governor.slack")


@dataclass(frozen=True, slots=True)
class SlackDoor:
    """What Slack talks to.

    Attributes:
        app: Where requests go.
        later: What is still being done.
        socket: Socket Mode, or None.
        wall_s: The wall clock, Unix seconds.
    """

    app: AsyncApp
    desk: Desk
    socket: SocketMode | None
    signing_secret: str
    wall_s: Callable[[], float]

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Answer one request to ``POST /slack/events``.

        Args:
            body: The very bytes.
            headers: With lower-case names.

        Raises:
            NotSlackError: If Slack did not sign it.
        """
        if not self.signing_secret:
            raise NotSlackError(
                "this server listens over Socket Mode; set GOVERNOR_SLACK_SIGNING_SECRET to use this route"
            )
        check_signature(self.signing_secret, headers, body, self.wall_s())
        if "x-slack-retry-num" in headers:
            _log.info(
                "slack_retry", number=headers["x-slack-retry-num"][:8], reason=headers.get("x-slack-retry-reason")
            )
        request = AsyncBoltRequest(body=body.decode("utf-8", "replace"), headers=dict(headers))
        response = await self.app.async_dispatch(request)
        said = response.body if isinstance(response.body, str) else ""
        return response.status, response.first_headers_without_set_cookie(), said.encode()


@asynccontextmanager
async def open_slack_door(
    governor: Governor,
    client: SlackClient | None = None,
    wall_s: Callable[[], float] = time.time,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    *,
    patience_s: float = PATIENCE_S,
) -> AsyncIterator[SlackDoor]:
    """Open the door, and close it when what was begun is done.

    Args:
        governor: The server; its settings have a bot token.
        client: Slack's client instead of one for the settings.
        wall_s: The wall clock, Unix seconds.
        pause: Waits for a number of seconds between looks at what is to be shown, and at the socket.
        patience_s: How long a submission is worked on before Slack is told to wait.
    """
    settings = governor.settings
    assert settings.slack_bot_token is not None, "without a bot token there is no door"
    token = settings.slack_bot_token.get_secret_value()
    async with AsyncExitStack() as stack:
        if client is None:
            client = await stack.enter_async_context(
                open_slack_client(token, settings.slack_api_url, turns=SharedTurns(governor.database))
            )
        later = Later()
        stack.push_async_callback(later.stop)
        desk = _desk(governor, client, later, pause, patience_s)
        await desk.showing.start()
        stack.push_async_callback(desk.showing.stop)
        app = slack_application(listeners(desk), token)
        socket = None
        if settings.slack_app_token is not None:
            socket = SocketMode(app, settings.slack_app_token.get_secret_value(), client.web, pause)
            await socket.start()
            stack.push_async_callback(socket.stop)
        secret = settings.slack_signing_secret
        yield SlackDoor(app, desk, socket, secret.get_secret_value() if secret is not None else "", wall_s)


def _desk(
    governor: Governor,
    client: SlackClient,
    later: Later,
    pause: Callable[[float], Awaitable[None]],
    patience_s: float,
) -> Desk:
    """Put together what handlers work with."""
    snapshots = governor.publisher.snapshots
    approvals = governor.desk
    facts = CardFinder(governor.facts, snapshots, governor.settings.public_url)
    cards = SlackCards(approvals, facts)
    outbox = Outbox(governor.database, client, cards.renders)
    showing = Showing(cards.catch_up, outbox, governor.clock.now, pause)
    return Desk(governor, client, later, approvals, facts, cards, showing, patience_s)
