"""Recorded decisions replayed from a database under two versions: ``python -m benchmarks.plan_database [DECISIONS]``.

Some rows of a made-up trace go through the running server, each with its usage; what it recorded is copied, with ids of
its own, until there are as many decisions as asked for (300,000). Printed: rate, CPU and resident memory as it goes on.
"""

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from os import urandom
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select

from benchmarks.evaluate import example
from benchmarks.plan import stricter
from benchmarks.plan_memory import resident_mb
from benchmarks.replay import made_up
from benchmarks.server import governor_server, scratch_database
from benchmarks.trace import GATEWAYS, TraceClient
from governor.clients.price_catalogue import genai_prices
from governor.clients.recordings import open_recording
from governor.core.decisions.snapshot import Snapshot
from governor.services.garbage import settle_garbage_collector
from governor.services.ids import new_id
from governor.services.past import recorded_past
from governor.services.plan_replay import PlanReplay
from governor.services.recorded_decisions import recorded_decisions
from governor.services.replay import ReplayOptions
from governor.store.database import SCAN_CACHE_KIB, Database
from governor.store.tables import DECISIONS, ENTRIES

DECIDED = 2_000
COPIED = 300_000
AT_A_TIME = 5_000
STEP_MS = 100
PRINTED = 10


def record(url: str, rows: int) -> None:
    """Let a server decide and settle some rows."""
    with tempfile.TemporaryDirectory() as folder, governor_server(url) as server:
        trace = Path(folder) / "trace.csv"
        made_up(trace, rows)
        with open_recording(trace) as recording, ThreadPoolExecutor(GATEWAYS) as pool:
            for _ in pool.map(TraceClient(server, "gpt-4o").send, recording.rows()):
                pass


def copies(database: Database, count: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield decisions with their entries, copied in turn, ten a second, after the last one that was recorded."""
    with database.writing() as connection:
        decisions = [dict(row) for row in connection.execute(select(DECISIONS).order_by(DECISIONS.c.id)).mappings()]
        entries: dict[bytes, list[dict[str, Any]]] = defaultdict(list)
        for row in connection.execute(select(ENTRIES)).mappings():
            entries[row["decision_id"]].append(dict(row))
    first_ms = decisions[-1]["at_ms"] + 60_000
    for number in range(count):
        at_ms, decision = first_ms + number * STEP_MS, decisions[number % len(decisions)]
        copied = {**decision, "id": new_id(at_ms), "at_ms": at_ms}
        own = {"decision_id": copied["id"], "received_at_ms": at_ms + 2_000, "occurred_at_ms": at_ms + 2_000}
        keys = {"event_key": urandom(16), "root_key": urandom(16), "event_id": urandom(8).hex()}
        yield copied, [{**entry, **own, **keys, "id": new_id(at_ms + 2_000)} for entry in entries[decision["id"]]]


def fill(database: Database, count: int) -> None:
    """Copy what was recorded."""
    made = copies(database, count)
    while chunk := list(islice(made, AT_A_TIME)):
        with database.writing() as connection:
            _insert(connection, DECISIONS, [decision for decision, _ in chunk])
            _insert(connection, ENTRIES, [entry for _, entries in chunk for entry in entries])


def _insert(connection: Any, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def main(count: int) -> None:
    """Measure and print."""
    with scratch_database() as url:
        record(url, DECIDED)
        database = Database(url, cache_kib=SCAN_CACHE_KIB)
        fill(database, count)
        policies, since = example(), datetime(2020, 1, 1, tzinfo=UTC)
        before, after = (Snapshot.build(each, genai_prices()) for each in (policies, stricter(policies)))
        began_s, began_cpu_s, shown = time.perf_counter(), time.process_time(), 1
        past = recorded_past(database.read_now, since, None)
        replay = PlanReplay(before, after, ReplayOptions(), past)
        print(f"balances of the beginning: {time.perf_counter() - began_s:.1f} s", flush=True)
        settle_garbage_collector()
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        for done in replay.run(recorded_decisions(database.read_now, since, None)):
            if done >= shown * count // PRINTED:
                shown += 1
                seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
                print(
                    f"{done:>10,} decisions: {2 * done / seconds:,.0f} a second for each version, "
                    f"{cpu_s / (2 * done) * 1e6:.1f} us CPU for each, {resident_mb():.1f} MB",
                    flush=True,
                )
        print(f"{replay.impact.requests:,} decisions, {replay.impact.affected:,} come out differently")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COPIED)
