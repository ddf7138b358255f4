"""The ASGI entry point: ``uvicorn --factory governor.asgi:create_app``, which is what ``governor serve`` runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from governor.clients.clock import Clock
from governor.edges.api.application import Application
from governor.edges.api.logs import configure_logs
from governor.edges.api.slack_events import SlackReceiver
from governor.edges.scheduler.door import scheduling
from governor.edges.web.pages import open_pages
from governor.settings import Settings, load_settings
from governor.wiring import Governor, open_governor


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> ASGIApp:
    """Make the application of one worker.

    Args:
        settings: How it is configured; None: by the environment.
        clock: Tells it the time; None: as the settings say.

    Raises:
        SettingsError: If a setting is wrong.
    """
    settings = settings or load_settings()
    configure_logs(settings.log_level, settings.log_format)
    return Application(lambda: open_worker(settings, clock), slack_receiver, open_pages)


@asynccontextmanager
async def open_worker(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Governor]:
    """Put the server of one worker together, with its part in the jobs."""
    async with open_governor(settings, clock) as governor:
        if settings.scheduler == "off":
            yield governor
            return
        async with scheduling(governor):
            yield governor


@asynccontextmanager
async def slack_receiver(governor: Governor) -> AsyncIterator[SlackReceiver | None]:
    """Open the Slack door of a server that has a bot token; without one, Slack's libraries are not even imported."""
    if governor.settings.slack_bot_token is None:
        yield None
        return
    from governor.edges.slack.door import open_slack_door  # noqa: PLC0415  heavy, and nothing for whoever has no Slack

    async with open_slack_door(governor) as door:
        yield door.receive
