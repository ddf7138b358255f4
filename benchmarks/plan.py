"""Requests replayed under two versions: ``python -m benchmarks.plan [FILE]``: rate for each version, and memory.

Measured where little is refused, and where nearly everything is. Without a file a made-up trace is replayed, once as it
is and once ten times as long: what is kept must not grow.
"""

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks.evaluate import example
from benchmarks.replay import made_up
from governor.clients.price_catalogue import genai_prices
from governor.clients.recordings import open_recording
from governor.core.decisions.recorded import Recorded
from governor.core.decisions.snapshot import PolicySet, Snapshot
from governor.core.policy.kinds import Quota
from governor.services.garbage import settle_garbage_collector
from governor.services.plan_replay import PlanReplay
from governor.services.replay import ReplayOptions

ROUNDS = 3
ROWS = 40_000
LONGER = 10
LITTLE, MUCH = 10_000, 1_000_000
"""What limits of departments are divided by, so that a part of the requests is refused, or nearly all."""


def stricter(policies: PolicySet, divisor: int = LITTLE) -> PolicySet:
    """Return the policies with smaller limits for departments, so that requests are refused."""
    return replace(policies, quotas=[_stricter(quota, divisor) for quota in policies.quotas])


def _stricter(quota: Quota, divisor: int) -> Quota:
    if quota.header.name != "department-monthly-spend":
        return quota
    limits = tuple(replace(each, limit=each.limit // divisor) for each in quota.limits)
    return replace(quota, limit=quota.limit // divisor, limits=limits)


def opened(policies: PolicySet) -> PlanReplay:
    """Prepare a replay of the example against a stricter one."""
    before, after = (Snapshot.build(each, genai_prices()) for each in (policies, stricter(policies)))
    return PlanReplay(before, after, ReplayOptions(model="gpt-4o-mini"))


@dataclass(frozen=True, slots=True)
class Rate:
    """What one replay came to: requests a second and CPU for each version, and the share that both refused."""

    requests: int
    a_second: float
    cpu_us: float
    refused: float


def rate(file: Path, policies: PolicySet) -> Rate:
    """Replay once and measure."""
    replay = opened(policies)
    settle_garbage_collector()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    with open_recording(file) as recording:
        count = max(replay.run(recording.rows()))
    seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    total = replay.impact.total()
    allowed = total.before.allowed + total.after.allowed
    return Rate(count, 2 * count / seconds, cpu_s / (2 * count) * 1e6, 1 - allowed / (2 * count))


def lengthened(file: Path, times: int) -> Iterator[Recorded]:
    """Yield the recording several times, one after the other, on a clock that goes on."""
    offset_s = 0.0
    for _ in range(times):
        first_s = last_s = 0.0
        with open_recording(file) as recording:
            for row in recording.rows():
                first_s = first_s or row.at_s
                last_s = row.at_s
                yield row._replace(at_s=row.at_s + offset_s)
        offset_s += last_s - first_s


def kept_bytes(file: Path, policies: PolicySet, times: int) -> int:
    """Return what a replay keeps of a recording, in bytes: everything that Python allocated meanwhile."""
    replay = opened(policies)
    tracemalloc.start()
    for _ in replay.run(lengthened(file, times)):
        pass
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept


def main(file: Path, *, memory: bool) -> None:
    """Measure and print."""
    policies = example()
    for version in (policies, stricter(policies, MUCH)):
        measured = [rate(file, version) for _ in range(ROUNDS)]
        count = measured[0].requests
        print(
            f"{count:,} requests under two versions, {measured[0].refused:.0%} refused: "
            f"{median(one.a_second for one in measured):,.0f} a second for each version (wanted: 20,000), "
            f"{median(one.cpu_us for one in measured):.1f} us CPU for each"
        )
    if memory:
        once, longer = kept_bytes(file, policies, 1), kept_bytes(file, policies, LONGER)
        print(f"kept after {count:,} requests: {once / 1e6:.1f} MB; after {LONGER * count:,}: {longer / 1e6:.1f} MB")


if __name__ == "__main__":
    files = [Path(argument) for argument in sys.argv[1:] if argument != "--no-memory"]
    if files:
        main(files[0], memory=False)
    else:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace.csv"
            made_up(trace)
            main(trace, memory="--no-memory" not in sys.argv)
