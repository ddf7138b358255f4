"""Memory of the server over many decisions: ``python -m benchmarks.memory [DECISIONS]``, a million by default."""

import sys

from benchmarks.load import Load, run
from benchmarks.people import users
from benchmarks.server import governor_server, scratch_database

STEPS = 10
WARM_UP = 20_000
MIB = 1024 * 1024


def main(decisions: int) -> None:
    """Send decisions in ten steps and print the resident memory after each."""
    people = users()
    step = max(1, decisions // STEPS)
    with scratch_database() as url, governor_server(url) as server:
        run(Load(server.port, min(step, WARM_UP), 64, "warm", people, server.key))
        first = last = server.rss_bytes()
        print(f"after the warm-up: {first / MIB:.0f} MiB")
        for number in range(STEPS):
            outcome = run(Load(server.port, step, 64, f"m{number}", people, server.key))
            last = server.rss_bytes()
            done = (number + 1) * step
            print(f"{done:>10,} decisions: {last / MIB:6.0f} MiB   {outcome.per_second:6,.0f}/s", flush=True)
        growth = (last - first) / (STEPS * step)
        print(f"growth {(last - first) / MIB:+.1f} MiB, {growth:.1f} bytes a decision, ratio {last / first:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
