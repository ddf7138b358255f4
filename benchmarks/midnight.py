"""``/decide`` while every budget of the day begins anew: ``python -m benchmarks.midnight [BUDGETS]``.

The server's clock is set to some seconds before the organisation's midnight; 100,000 budgets of the day by default are
in the database, and a hundred people ask all the time. Rounds before midnight, across it and after it take turns on
the same server; each midnight is one of its own day. What counts is the 99th percentile across midnight against that
of the rounds beside it.
"""

import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.decide import CONNECTIONS
from benchmarks.four_budgets import four_budgets
from benchmarks.full_database import fill
from benchmarks.load import Load, Outcome, run
from benchmarks.people import users
from benchmarks.server import Server, governor_server

FIRST_MIDNIGHT = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
"""Of Berlin, where the example organisation is."""

ROUNDS = 5
REQUESTS = 8_000
BEFORE_S = 25.0
"""How long before midnight a server starts: long enough to start, to warm up and for a round."""

ACROSS_S = 0.5
"""How long before midnight the round across it begins."""


def server_now(server: Server) -> datetime:
    """Return what the server's clock shows."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/readyz", timeout=10) as answer:
        ready = msgspec.json.decode(answer.read())
    return datetime.fromisoformat(ready["checks"]["clock"]["facts"]["now"])


def one_round(server: Server, prefix: str, people: list[str]) -> Outcome:
    """Send one round and return what came back."""
    outcome = run(Load(server.port, REQUESTS, CONNECTIONS, prefix, people, server.key))
    if outcome.failed:
        sys.exit(f"{outcome.failed} requests were not answered with a decision")
    return outcome


def one_midnight(url: str, policies: Path, number: int, people: list[str]) -> float:
    """Measure one midnight; return the 99th percentile across it as a part of that beside it."""
    midnight = FIRST_MIDNIGHT + timedelta(days=number)
    with governor_server(url, policies, clock=(midnight - timedelta(seconds=BEFORE_S)).isoformat()) as server:
        one_round(server, f"w{number}", people)
        before = one_round(server, f"b{number}", people)
        left_s = (midnight - server_now(server)).total_seconds() - ACROSS_S
        if left_s < 0:
            sys.exit("midnight came too early: this machine is too slow for BEFORE_S")
        time.sleep(left_s)
        across = one_round(server, f"m{number}", people)
        after = one_round(server, f"a{number}", people)
    beside_ms = (before.p99_ms + after.p99_ms) / 2
    print(
        f"midnight {number + 1}: before {before.per_second:6,.0f}/s p99 {before.p99_ms:5.1f} ms   across "
        f"{across.per_second:6,.0f}/s p99 {across.p99_ms:5.1f} ms   after {after.per_second:6,.0f}/s p99 "
        f"{after.p99_ms:5.1f} ms   ratio {across.p99_ms / beside_ms:.2f}",
        flush=True,
    )
    return across.p99_ms / beside_ms


def main(budgets: int) -> None:
    """Fill, measure and print."""
    people = users()
    with tempfile.TemporaryDirectory(prefix="governor-bench-") as folder, four_budgets() as policies:
        url = f"sqlite:///{folder}/midnight.db"
        quotas = policies / "quotas.yaml"
        quotas.write_text(quotas.read_text(encoding="utf-8").replace("every: month", "every: day"), encoding="utf-8")
        with governor_server(url, policies, clock=(FIRST_MIDNIGHT - timedelta(hours=9)).isoformat()) as server:
            run(Load(server.port, 10, 1, "first", people, server.key))
        fill(url, 10, budgets)
        ratios = [one_midnight(url, policies, number, people) for number in range(ROUNDS)]
    print(f"median ratio of the 99th percentiles {median(ratios):.2f} (wanted: 1.25 or less)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
