"""A recorded trace through the running server: ``python -m benchmarks.trace FILE [MODEL]``.

Every row asks ``/decide`` and, if it is allowed, reports ``/usage`` with its recorded tokens. Rows go as fast as the
server answers; the figures are what a gateway would see.
"""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from os import environ
from pathlib import Path
from typing import Any

from benchmarks.people import users
from benchmarks.server import ROOT, Server, governor_server, scratch_database
from governor.clients.gateway import Gateway
from governor.clients.recordings import open_recording
from governor.core.decisions.recorded import Recorded

GATEWAYS = 16


class TraceClient:
    """A gateway that replays rows over HTTP, with what it sees."""

    def __init__(self, server: Server, model: str) -> None:
        self.latencies_s: list[float] = []
        self.verdicts: Counter[str] = Counter()
        self.denied_by: Counter[str] = Counter()
        self.spent_usd = Decimal()
        self._server = server
        self._model = model
        self._people = users()
        self._own = threading.local()
        self._lock = threading.Lock()

    def send(self, row: Recorded) -> None:
        """Ask for one row, and report what it used."""
        request = {
            "request_id": f"trace-{row.line}",
            "subject": {"user": self._people[row.line % len(self._people)]},
            "model": row.model or self._model,
            "input_tokens": row.input_tokens,
            "max_output_tokens": max(row.output_tokens or 0, 1000),
            "can": ["substitute", "clamp"],
        }
        began_s = time.perf_counter()
        answer = self._gateway().decide(request)
        took_s = time.perf_counter() - began_s
        cost = self._report(row, answer) if answer["verdict"] == "allow" else "0"
        with self._lock:
            self.latencies_s.append(took_s)
            self.verdicts[answer["verdict"]] += 1
            self.spent_usd += Decimal(cost)
            if answer["verdict"] == "deny":
                reason = answer["reasons"][0]
                self.denied_by[reason["policy"] or reason["code"]] += 1

    def _report(self, row: Recorded, answer: dict[str, Any]) -> str:
        event = {
            "event_id": f"trace-{row.line}",
            "decision_id": answer["decision_id"],
            "model": answer["model"],
            "usage": {"input_tokens": row.input_tokens, "output_tokens": row.output_tokens or 0},
        }
        result = self._gateway().report([event])["events"][0]
        if result["status"] != "recorded":
            sys.exit(f"usage of line {row.line} was {result['status']}: {result['reason']}")
        return str(result["cost_usd"])

    def _gateway(self) -> Gateway:
        if not hasattr(self._own, "gateway"):
            self._own.gateway = Gateway(f"http://127.0.0.1:{self._server.port}", self._server.key)
        made: Gateway = self._own.gateway
        return made


def main(file: Path, model: str) -> None:
    """Send the trace and print what came of it."""
    with scratch_database() as url:
        with governor_server(url) as server, open_recording(file) as recording:
            client = TraceClient(server, model)
            cpu_s, began_s = server.cpu_s(), time.perf_counter()
            with ThreadPoolExecutor(GATEWAYS) as pool:
                count = sum(1 for _ in pool.map(client.send, recording.rows()))
            seconds, cpu_s = time.perf_counter() - began_s, server.cpu_s() - cpu_s
        verify = [sys.executable, "-m", "governor", "ledger", "verify", "--database", url, "--output", "json"]
        verified = subprocess.run(verify, cwd=ROOT, env=dict(environ), check=False, capture_output=True, text=True)
    client.latencies_s.sort()
    p50, p99 = (client.latencies_s[int(len(client.latencies_s) * share)] * 1000 for share in (0.5, 0.99))
    print(f"{count:,} rows in {seconds:.1f} s: {count / seconds:,.0f} decisions a second, each with its usage")
    print(f"/decide p50 {p50:.1f} ms, p99 {p99:.1f} ms; {cpu_s / count * 1e6:.0f} us of server CPU a row")
    print(f"{dict(client.verdicts)}, spent {client.spent_usd} USD, denied by {dict(client.denied_by) or 'nobody'}")
    print(f"ledger verify: {json.loads(verified.stdout)['differences']} differences")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("name a recording: python -m benchmarks.trace trace.csv.gz [MODEL]")
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "gpt-4o")
