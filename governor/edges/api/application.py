"""The application of one worker: puts the server together when it starts, and takes it apart when it stops."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import structlog
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from governor.core.errors import GovernorError
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.observe import keep_observed
from governor.edges.api.routes import create_gate
from governor.edges.api.slack_events import SlackReceiver
from governor.services.garbage import settle_garbage_collector
from governor.wiring import Governor


class Application:
    """An ASGI application that exists between startup and shutdown.

    Args:
        open_governor: Puts the server together.
        open_slack: Opens the Slack door of a server, or gives None if it has none.
        open_pages: Makes the pages of a server, or None: it has none.
    """

    def __init__(
        self,
        open_governor: Callable[[], AbstractAsyncContextManager[Governor]],
        open_slack: Callable[[Governor], AbstractAsyncContextManager[SlackReceiver | None]] | None = None,
        open_pages: Callable[[Governor], ASGIApp] | None = None,
    ) -> None:
        self._open_governor = open_governor
        self._open_slack = open_slack
        self._open_pages = open_pages
        self._gate: ASGIApp | None = None
        self._log = structlog.get_logger("governor.server")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the gate, or follow the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self._gate is not None, "the server runs applications with their lifespan"
        await self._gate(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                governor = await stack.enter_async_context(self._open_governor())
            except GovernorError as error:
                # A mistake in a policy or a setting is answered with a sentence, not with a stack trace.
                await send({"type": "lifespan.startup.failed", "message": f"governor cannot start: {error.message}"})
                return
            settle_garbage_collector()
            metrics = HttpMetrics(CollectorRegistry())
            slack = await stack.enter_async_context(self._open_slack(governor)) if self._open_slack else None
            pages = self._open_pages(governor) if self._open_pages is not None else None
            self._gate = create_gate(governor, metrics, slack, pages)
            observing = asyncio.create_task(keep_observed(governor, metrics), name="metrics")
            stack.callback(observing.cancel)
            self._log.info("started", version=governor.publisher.state.version, database=governor.database.name)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._log.info("stopped")
        await send({"type": "lifespan.shutdown.complete"})
