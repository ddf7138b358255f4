"""``/decide`` against a bare ASGI application: ``python -m benchmarks.decide [ROUNDS [FOLDER]]``.

Both run on the same server program and core. Rounds are interleaved and the median of the ratios counts, because two
runs of the same server differ on a shared machine. Every decision is held and durably recorded before it is answered.
Each request draws on four budgets, unless another policy folder with the people of the example is named (``policies``
itself has eight).
"""

import sys
from pathlib import Path
from statistics import median

from benchmarks.four_budgets import four_budgets
from benchmarks.load import Load, Outcome, run
from benchmarks.people import users
from benchmarks.server import Server, bare_server, governor_server, scratch_database

REQUESTS = 6_000
CONNECTIONS = 64


def one_round(server: Server, prefix: str, people: list[str]) -> tuple[Outcome, float]:
    """Send one round; return what came back and the server's CPU in microseconds for each answer."""
    before_s = server.cpu_s()
    outcome = run(Load(server.port, REQUESTS, CONNECTIONS, prefix, people, server.key))
    if outcome.failed:
        sys.exit(f"{outcome.failed} requests were not answered with a decision")
    return outcome, (server.cpu_s() - before_s) / outcome.answered * 1e6


def main(rounds: int, policies: Path) -> None:
    """Measure and print."""
    people = users()
    ratios, ours_us, theirs_us = [], [], []
    with scratch_database() as url, governor_server(url, policies) as governor, bare_server() as bare:
        for server in (governor, bare):
            one_round(server, "warm", people)
        for number in range(rounds):
            theirs, theirs_cpu = one_round(bare, f"r{number}", people)
            ours, ours_cpu = one_round(governor, f"r{number}", people)
            ratios.append(ours.per_second / theirs.per_second)
            ours_us.append(ours_cpu)
            theirs_us.append(theirs_cpu)
            print(
                f"round {number + 1}: bare {theirs.per_second:7,.0f}/s {theirs_cpu:5.0f} us CPU   "
                f"/decide {ours.per_second:7,.0f}/s {ours_cpu:5.0f} us CPU   "
                f"p50 {ours.p50_ms:.1f} ms  p99 {ours.p99_ms:.1f} ms   ratio {ratios[-1]:.2f}"
            )
    print(
        f"median ratio {median(ratios):.2f} (wanted: 0.5 or more)   "
        f"CPU a decision {median(ours_us):.0f} us, bare {median(theirs_us):.0f} us"
    )


if __name__ == "__main__":
    with four_budgets() as folder:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, Path(sys.argv[2]) if len(sys.argv) > 2 else folder)
