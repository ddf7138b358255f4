"""Real servers, each a process with workers of its own, and how long these take to agree."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from tests.api.world import BOOTSTRAP

T = TypeVar("T")

START_S_MAX = 180
"""How long anything of a real server may take before a test gives up: a busy machine takes its time."""
HEADERS = {"authorization": f"Bearer {BOOTSTRAP}"}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(database_url: str, policies: Path, port: int, **variables: str) -> subprocess.Popen[bytes]:
    """Start ``governor serve``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOVERNOR_")}
    environment |= {
        "GOVERNOR_DATABASE_URL": database_url,
        "GOVERNOR_POLICIES": str(policies),
        "GOVERNOR_PORT": str(port),
        "GOVERNOR_BOOTSTRAP_KEY": BOOTSTRAP,
        "GOVERNOR_DECIDE_DEADLINE_MS": "30000",
        **variables,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "governor", "serve"], env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )


@contextmanager
def served(database_url: str, policies: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run ``governor serve`` until it answers, and end it."""
    port = free_port()
    process = start(database_url, policies, port, **variables)
    # Read all the time, so that a full pipe never stops the server.
    lines: list[bytes] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lines.extend, args=(process.stderr,), daemon=True)
    reader.start()
    address = f"http://127.0.0.1:{port}"
    try:
        began = time.monotonic()
        while True:
            assert process.poll() is None, b"".join(lines).decode()
            assert time.monotonic() - began < START_S_MAX
            try:
                httpx.get(f"{address}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield process, address
    finally:
        # Stopped and not killed: workers outlive a parent that is killed.
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)
        reader.join(30)
        process.stderr.close()


WITHIN_S = 1.0
"""After how long every worker must have heard of what another one was told."""

ROUNDS = 3
"""How often something is timed on real workers: the middle one counts, whatever else the machine had to do."""


def middle(seconds: list[float]) -> float:
    """Return the middle of some measurements."""
    return sorted(seconds)[len(seconds) // 2]


def ask(address: str, method: str, path: str, secret: str, body: bytes = b"") -> tuple[str, int, bytes]:
    """Ask on a connection of its own, so that the kernel chooses a worker; as cheaply as can be.

    Returns:
        Which worker answered (its ids of requests begin alike), the status and the body.
    """
    connection = HTTPConnection(urlsplit(address).netloc, timeout=START_S_MAX)
    try:
        connection.request(method, path, body, {"authorization": f"Bearer {secret}"})
        response = connection.getresponse()
        return response.headers["x-request-id"].split("-")[0], response.status, response.read()
    finally:
        connection.close()


def until_all_say(say: Callable[[], tuple[str, T]], wanted: T, workers: int) -> float:
    """Ask until every worker has given an answer.

    Args:
        say: Asks one worker; returns which one it is, and what it says.
        wanted: The answer.
        workers: How many there are.

    Returns:
        After how many seconds the last request was sent that got another answer, without what the slowest answer took:
        a machine that is busy with other things is as slow in hearing as it is in answering.
    """
    began, other_s, slowest_s = time.monotonic(), 0.0, 0.0
    agree: set[str] = set()
    while len(agree) < workers:
        sent_s = time.monotonic() - began
        assert sent_s < START_S_MAX
        worker, said = say()
        slowest_s = max(slowest_s, time.monotonic() - began - sent_s)
        if said == wanted:
            agree.add(worker)
        else:
            agree.discard(worker)
            other_s = sent_s
    return max(0.0, other_s - slowest_s)
