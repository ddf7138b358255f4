"""Resident memory of a plan's replay as a recording goes on: ``python -m benchmarks.plan_memory [ROWS]`` (10 million).

A made-up trace of ten requests a second is written to a file and replayed under two versions, in one process.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.evaluate import example
from benchmarks.plan import opened
from benchmarks.replay import made_up
from governor.clients.recordings import open_recording
from governor.services.garbage import settle_garbage_collector

ROWS = 10_000_000
PRINTED = 20


def resident_mb() -> float:
    """Return what this process keeps in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(rows: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.csv"
        made_up(trace, rows)
        replay = opened(example())
        settle_garbage_collector()
        began_cpu_s, shown = time.process_time(), 0
        with open_recording(trace) as recording:
            for count in replay.run(recording.rows()):
                if count >= shown * rows // PRINTED:
                    cpu_us = (time.process_time() - began_cpu_s) / (2 * count) * 1e6
                    print(f"{count:>12,} requests: {resident_mb():6.1f} MB, {cpu_us:.1f} us CPU a version", flush=True)
                    shown += 1


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
