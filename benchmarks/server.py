"""A server in a process of its own, with what it costs: CPU seconds and resident memory."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
START_S_MAX = 60.0
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, LOAD_CORES = (set(CORES[:1]), set(CORES[1:]) or set(CORES))
"""The server has a core of its own; the load comes from another one."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it is, and the key to call it with."""

    port: int
    pid: int
    key: str = ""

    def cpu_s(self) -> float:
        """Return the CPU seconds that it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_bytes(self) -> int:
        """Return its resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def governor_server(
    database_url: str, policies: Path = ROOT / "policies", clock: str = "", deadline_ms: int = 10_000
) -> Iterator[Server]:
    """Run Governor with keys, as in production; with a clock it runs without keys."""
    environment = {
        **os.environ,
        "GOVERNOR_DATABASE_URL": database_url,
        "GOVERNOR_POLICIES": str(policies),
        "GOVERNOR_LOG_LEVEL": "warning",
        "GOVERNOR_DECIDE_DEADLINE_MS": str(deadline_ms),
        **({"GOVERNOR_CLOCK": clock, "GOVERNOR_AUTH": "off"} if clock else {}),
    }
    governor = [sys.executable, "-m", "governor"]
    subprocess.run([*governor, "db", "upgrade"], env=environment, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    key = ""
    if not clock:
        name = f"bench-{os.urandom(4).hex()}"
        command = [*governor, "keys", "create", "--name", name, "--role", "gateway", "--output", "json"]
        made = subprocess.run(command, env=environment, check=True, capture_output=True, cwd=ROOT)
        key = json.loads(made.stdout)["key"]
    port = free_port()
    with _running([*governor, "serve", "--port", str(port)], port, environment) as pid:
        yield Server(port, pid, key)


@contextmanager
def bare_server() -> Iterator[Server]:
    """Run the bare application on the same server program with the same options."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", "--port", str(port)]
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    with _running([*command, *options, "--no-server-header"], port, dict(os.environ)) as pid:
        yield Server(port, pid)


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=_on_server_core)  # noqa: PLW1509  # no threads here
    try:
        _wait_for(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def _on_server_core() -> None:
    os.sched_setaffinity(0, SERVER_CORES)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    began_s = time.monotonic()
    while time.monotonic() - began_s < START_S_MAX:
        if process.poll() is not None:
            sys.exit(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the server did not start")


@contextmanager
def scratch_database() -> Iterator[str]:
    """Yield the URL of a SQLite database that is thrown away; GOVERNOR_BENCH_DATABASE names another one instead."""
    chosen = os.environ.get("GOVERNOR_BENCH_DATABASE")
    if chosen:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="governor-bench-") as folder:
        yield f"sqlite:///{folder}/bench.db"
