"""The service of the demo: the real one, in this process, on a clock that the demo drives through a day."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread

import uvicorn
from uvicorn.importer import import_from_string

from governor.clients.clock import TickingClock
from governor.core.errors import GovernorError
from governor.settings import Settings
from governor.wiring.serve import server_config

START_S_MAX = 30.0


class DemoServerError(GovernorError):
    """The demo's service did not start."""

    code = "demo_failed"


class DayClock(TickingClock):
    """A clock that stands still until it is moved; once released it ticks on from where it stands."""

    def __init__(self, start_at: datetime) -> None:
        self._elapsed_s = 0.0
        self._released_s: float | None = None
        super().__init__(start_at, self._monotonic_s)

    def move_to(self, at: datetime) -> None:
        """Move forward to an instant; never back."""
        self._elapsed_s = max(self._elapsed_s, at.timestamp() - self._start_s)

    def release(self) -> None:
        """Tick on at the speed of real time."""
        self._released_s = time.monotonic()

    def _monotonic_s(self) -> float:
        if self._released_s is None:
            return self._elapsed_s
        return self._elapsed_s + time.monotonic() - self._released_s


@contextmanager
def running_server(settings: Settings, clock: DayClock) -> Iterator[str]:
    """Run the service in a thread of this process, and stop it gracefully.

    Yields:
        Its address.

    Raises:
        DemoServerError: If it does not start.
    """
    # By its import string, as uvicorn's own command line does: the command line does not import the HTTP interface.
    application = import_from_string("governor.asgi:create_app")(settings, clock)
    server = uvicorn.Server(server_config(application, settings))
    thread = Thread(target=server.run, name="governor-demo", daemon=True)
    thread.start()
    try:
        yield _address(server, thread)
    finally:
        server.should_exit = True
        thread.join(timeout=START_S_MAX)


def _address(server: uvicorn.Server, thread: Thread) -> str:
    began_s = time.monotonic()
    while not server.started:
        if not thread.is_alive() or time.monotonic() - began_s > START_S_MAX:
            raise DemoServerError("the service of the demo did not start; what it said stands above")
        time.sleep(0.02)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"


def wait_for_interrupt() -> None:
    """Return when somebody presses Ctrl-C."""
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        # What the terminal shows as ^C needs a line of its own.
        os.write(2, b"\n")
