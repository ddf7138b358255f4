"""Socket Mode: listening over a websocket that we open, for servers that Slack cannot reach.

Slack's client reconnects by itself, and sometimes believes in a connection that is dead (python-slack-sdk#1701): a
watchdog looks at it from outside and replaces it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

LOOK_S = 5.0
"""How often the watchdog looks."""

PING_S = 5.0
"""How often the connection is tried; four missing answers are a dead one."""

_log = structlog.get_logger("governor.slack")


class SocketMode:
    """Keeps one connection to Slack.

    Args:
        app: What requests are dispatched to.
        app_token: ``xapp-...``.
        web: Slack's client, which asks where to connect to.
        pause: Waits for a number of seconds between looks.
        ping_s: How often the connection is tried.
    """

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        web: AsyncWebClient,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        ping_s: float = PING_S,
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._web = web
        self._pause = pause
        self._ping_s = ping_s
        self._client: SocketModeClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()

    async def start(self) -> None:
        """Connect, and stay connected until ``stop``; a Slack that is away stops nobody from starting."""
        self._task = asyncio.create_task(self._watch(), name="slack socket watchdog")

    async def stop(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._hang_up()

    async def healthy(self) -> bool:
        """Tell whether the connection lives, and everything that reads it."""
        client = self._client
        if client is None or not await client.is_connected():
            return False
        readers = (client.message_receiver, client.message_processor, client.current_session_monitor)
        return all(reader is not None and not reader.done() for reader in readers)

    async def _watch(self) -> None:
        while True:
            await self.look()
            await self._pause(LOOK_S)

    async def look(self) -> None:
        """Replace the connection if it is dead, or nothing reads it."""
        async with self._looking:
            if not await self.healthy():
                await self._connect_anew()

    async def _connect_anew(self) -> None:
        await self._hang_up()
        handler = AsyncSocketModeHandler(
            self._app, self._app_token, logger=_quiet_logger(), web_client=self._web, ping_interval=self._ping_s
        )
        self._client = handler.client
        try:
            # One attempt: the library would try for ever, and its errors would not be seen.
            self._client.wss_uri = await self._client.issue_new_wss_url()
            connecting: Coroutine[Any, Any, None] = self._client.connect()  # type: ignore[no-untyped-call]  # slack-sdk
            await asyncio.wait_for(connecting, timeout=LOOK_S)
        except Exception as error:  # noqa: BLE001 whatever it is, the next look tries again
            _log.warning("slack_socket_failed", problem=f"{type(error).__name__}: {error}"[:300])
            await self._hang_up()
            return
        _log.info("slack_socket_connected")

    async def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        readers = [client.message_receiver, client.message_processor, client.current_session_monitor]
        await client.close()  # type: ignore[no-untyped-call]  # slack-sdk has no types here
        await asyncio.gather(*(reader for reader in readers if reader is not None), return_exceptions=True)


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger("governor.slack.socket")
    logger.setLevel(logging.CRITICAL)
    return logger
