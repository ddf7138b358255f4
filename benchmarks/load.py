"""The load: keep-alive connections that each send their next request when the last one is answered.

A process of its own (``run``), so that it never takes the server's time; raw sockets, so that it is never the slower.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import uvloop

from benchmarks.server import LOAD_CORES, ROOT


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent.

    Attributes:
        prefix: Makes request ids unique between rounds.
        users: Who asks, in turn.
    """

    port: int
    count: int
    connections: int
    prefix: str
    users: Sequence[str]
    key: str = ""
    model: str = "claude-sonnet-4"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back: seconds in all, latencies in milliseconds, answers by verdict."""

    seconds: float
    p50_ms: float
    p99_ms: float
    allowed: int
    denied: int
    failed: int

    @property
    def answered(self) -> int:
        """How many answers there were."""
        return self.allowed + self.denied + self.failed

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def run(load: Load) -> Outcome:
    """Send the load from another process and return what came back."""
    command = [sys.executable, "-m", "benchmarks.load"]
    done = subprocess.run(
        command, input=json.dumps(asdict(load)), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=900
    )
    return Outcome(**json.loads(done.stdout))


def requests(load: Load) -> Iterator[bytes]:
    """Yield whole HTTP requests."""
    authorization = f"Authorization: Bearer {load.key}\r\n" if load.key else ""
    for number in range(load.count):
        body = json.dumps(
            {
                "request_id": f"{load.prefix}-{number}",
                "subject": {"user": load.users[number % len(load.users)]},
                "model": load.model,
                "input_tokens": 1800,
                "max_output_tokens": 1000,
                "can": ["substitute", "clamp"],
            }
        )
        yield (
            f"POST /decide HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{authorization}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection; asks for its next request as soon as it has an answer."""

    def __init__(self, waiting: Iterator[bytes], latencies: list[float], verdicts: list[int]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self._latencies = latencies
        self._verdicts = verdicts
        self._buffer = b""
        self._sent_s = 0.0

    def connection_made(self, transport: Any) -> None:
        """Send the first request; the transport is uvloop's, which is no subclass of asyncio's."""
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, note it and go on."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.index(b"content-length:") + 15
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        body = self._buffer[end + 4 :]
        self._buffer = b""
        self._latencies.append(time.perf_counter() - self._sent_s)
        self._verdicts[0 if b'"verdict":"allow"' in body else 1 if b'"verdict":"deny"' in body else 2] += 1
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        """End."""
        if not self.done.done():
            self.done.set_result(None)

    def _next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self._transport.close()
            return
        self._sent_s = time.perf_counter()
        self._transport.write(request)


async def send(load: Load) -> Outcome:
    """Send everything and measure."""
    waiting = iter(list(requests(load)))
    latencies: list[float] = []
    verdicts = [0, 0, 0]
    loop = asyncio.get_running_loop()
    began_s = time.perf_counter()
    made = [
        await loop.create_connection(lambda: Connection(waiting, latencies, verdicts), "127.0.0.1", load.port)
        for _ in range(load.connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    seconds = time.perf_counter() - began_s
    latencies.sort()
    return Outcome(
        seconds,
        latencies[len(latencies) // 2] * 1000,
        latencies[int(len(latencies) * 0.99)] * 1000,
        *verdicts,
    )


if __name__ == "__main__":
    os.sched_setaffinity(0, LOAD_CORES)
    given = json.loads(sys.stdin.read())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.write(json.dumps(asdict(runner.run(send(Load(**given))))))
