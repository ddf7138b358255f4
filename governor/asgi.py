"""The ASGI entry point: ``uvicorn --factory governor.asgi:create_app``, which is what ``governor serve`` runs."""

from starlette.types import ASGIApp

from governor.clients.clock import Clock
from governor.edges.api.application import Application
from governor.edges.api.logs import configure_logs
from governor.settings import Settings, load_settings
from governor.wiring import open_governor


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
    return Application(lambda: open_governor(settings, clock))
