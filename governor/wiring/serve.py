"""Running the server: one process, or several that share the ports."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from governor.settings import Settings

GRACE_S = 30
"""How long a stopping server waits for what it accepted."""

NOT_STARTED = 3
"""The exit code of a server that could not start, as uvicorn has it."""

KEEP_ALIVE_S = 75
"""How long an idle connection stays open: longer than gateways keep theirs, so that none is closed under a request."""


def serve(settings: Settings) -> None:
    """Run the server until it is told to stop (SIGTERM, SIGINT); it finishes what it accepted.

    Several workers share the port. Each reads its settings from the environment, so they are put there.

    Raises:
        SystemExit: With 3 if the server could not start; why has been logged.
    """
    os.environ.update(settings.environment())
    # uvicorn stops gracefully and then raises the signal again, which would kill the process with its work just done.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with tempfile.TemporaryDirectory(prefix="governor-metrics-") as directory:
        if settings.workers > 1:
            # Workers count in files, so that whichever is asked can answer for all of them.
            os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", directory)
        _run(server_config("governor.asgi:create_app", settings, factory=True), settings.open_port)


def server_config(
    application: Callable[..., Any] | str, settings: Settings, *, factory: bool = False
) -> uvicorn.Config:
    """Return how the server program runs an application.

    Args:
        application: The application, or where it is imported from (``module:name``).
        settings: Where it listens, with how many workers.
        factory: Whether what is imported makes the application.
    """
    return uvicorn.Config(
        application,
        factory=factory,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


def _run(config: uvicorn.Config, open_port: int | None) -> None:
    """Do what ``uvicorn.run`` does, with a second socket if there is to be one."""
    sockets = [config.bind_socket()]
    if open_port is not None:
        second = copy(config)
        second.port = open_port
        sockets.append(second.bind_socket())
    if config.workers > 1:
        Multiprocess(config, sockets).run()
        return
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets)
    if not server.started:
        sys.exit(NOT_STARTED)
