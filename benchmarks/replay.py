"""Recorded requests replayed a second: ``python -m benchmarks.replay [FILE]``; without a file, a made-up trace."""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.evaluate import example
from governor.clients.price_catalogue import genai_prices
from governor.clients.recordings import open_recording
from governor.core.decisions.snapshot import Snapshot
from governor.services.garbage import settle_garbage_collector
from governor.services.replay import Replay, ReplayOptions

ROUNDS = 3
ROWS = 40_000


def made_up(path: Path, rows: int = ROWS) -> None:
    """Write a trace like Azure's: ten requests a second, heavy-tailed."""
    dice = Random(1)  # repeatable, not secret
    at = datetime(2026, 11, 16, 8, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as file:
        file.write("TIMESTAMP,ContextTokens,GeneratedTokens\n")
        for _ in range(rows):
            at += timedelta(seconds=dice.expovariate(10))
            asked, answered = int(dice.lognormvariate(7, 1)) + 1, int(dice.lognormvariate(3, 1)) + 1
            file.write(f"{at:%Y-%m-%d %H:%M:%S.%f},{min(asked, 90_000)},{min(answered, 4_000)}\n")


def main(file: Path) -> None:
    """Measure and print."""
    snapshot = Snapshot.build(example(), genai_prices())
    rates, costs_us = [], []
    # As the command does.
    settle_garbage_collector()
    for _ in range(ROUNDS):
        replay = Replay(snapshot, ReplayOptions(model="gpt-4o-mini"))
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        with open_recording(file) as recording:
            count = max(replay.run(recording.rows()))
        rates.append(count / (time.perf_counter() - began_s))
        costs_us.append((time.process_time() - began_cpu_s) / count * 1e6)
    total = replay.summary.total()
    print(
        f"{count:,} requests, {total.denied:,} refused: {median(rates):,.0f} a second (wanted: 20,000), "
        f"{median(costs_us):.1f} us CPU each"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace.csv"
            made_up(trace)
            main(trace)
