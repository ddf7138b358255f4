"""How long every budget's forecast takes: ``python -m benchmarks.forecast [--series N] [--days N] [--processes N]``.

Each series is a person's budget of a month with daily use behind it: weekdays, chance and a slow growth. The rollups
are read, forecasts made in processes of their own, and kept, as the scheduler does it. The aim is 10,000 series in ten
minutes on two cores; by default a tenth of them is made, which says how long all take because series know nothing of
each other: each process reads the rollups of its own 500 budgets.
"""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from benchmarks.closing import POLICIES
from governor.clients.clock import TickingClock
from governor.core.decisions.budget_keys import budget_key
from governor.services.budgets import BudgetReader
from governor.services.forecast.forecast_budgets import Forecaster
from governor.services.forecast.gather import ForecastJobs
from governor.services.forecast.process import ForecastProcesses
from governor.settings import load_settings
from governor.store.records import budget_row
from governor.store.tables import BUDGETS, USAGE_HOURLY
from governor.wiring import Governor, open_governor

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
WEEKDAYS = np.array([1.0, 1.1, 1.2, 1.1, 1.0, 0.3, 0.2])
QUOTA = "---\n{apiVersion: governor/v1, kind: Quota, name: people, per: [user], limit: 100 USD, period: month}\n"
AT_A_TIME = 20_000
AIM_S = 600
AIM_SERIES = 10_000


def days_of(number: int, days: int) -> list[int]:
    """Return what a person used on each day up to now, in nano-USD."""
    chance = np.random.default_rng(number)
    rhythm = WEEKDAYS[(np.arange(days) + (NOW - timedelta(days=days)).weekday()) % 7]
    use = 2e9 * rhythm * np.exp(0.4 * chance.normal(size=days)) * (1 + np.arange(days) / 400)
    return [round(amount) for amount in use.tolist()]


def rows_of(series: int, days: int) -> Iterator[dict[str, Any]]:
    """Yield the rollups of some people."""
    dimensions = ("department", "team", "project", "environment", "use_case")
    sums = ("cached_input_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens")
    rest = dict.fromkeys(dimensions, "") | dict.fromkeys(sums, 0) | {"model": "acme/fast", "provider": "acme"}
    for number in range(series):
        for day, cost in enumerate(days_of(number, days)):
            at_s = int((NOW - timedelta(days=days - day)).timestamp())
            tokens = {"requests": 1, "input_tokens": cost // 2_000, "output_tokens": cost // 4_000}
            yield rest | tokens | {"hour_s": at_s, "user": f"p-{number:05}", "cost_nano_usd": cost}


def fill(governor: Governor, series: int, days: int) -> None:
    """Write the rollups and the counters of the month."""
    quota = governor.publisher.snapshots.current.quota("people")
    assert quota is not None
    names = [column.name for column in BUDGETS.columns]
    rows: list[dict[str, Any]] = []
    for row in rows_of(series, days):
        rows.append(row)
        if len(rows) == AT_A_TIME:
            write(governor, USAGE_HOURLY, rows)
    write(governor, USAGE_HOURLY, rows)
    for number in range(series):
        key = budget_key(quota, (("user", f"p-{number:05}"),), NOW)
        used = sum(days_of(number, days)[-17:])
        rows.append(dict(zip(names, budget_row(key), strict=True)) | {"used": used, "as_of_s": int(NOW.timestamp())})
    write(governor, BUDGETS, rows)


def write(governor: Governor, table: Any, rows: list[dict[str, Any]]) -> None:
    """Write rows, and forget them."""
    if rows:
        with governor.database.writing() as connection:
            connection.execute(insert(table), rows)
    rows.clear()


@contextmanager
def settings_of(folder: str) -> Iterator[Any]:
    """Give the settings of a server with a budget for each person."""
    policies = Path(folder) / "policies"
    policies.mkdir()
    (policies / "acme.yaml").write_text(POLICIES.format(period="month") + QUOTA)
    yield load_settings(database_url=f"sqlite:///{folder}/governor.db", policies=policies, auth="off")


async def measure(series: int, days: int, count: int) -> None:
    """Forecast every budget once, and print what it took."""
    with tempfile.TemporaryDirectory(prefix="governor-bench-") as folder, settings_of(folder) as settings:
        async with open_governor(settings, TickingClock(NOW, lambda: 0.0)) as governor:
            fill(governor, series, days)
            print(f"{series:,} series of {days} days are written; forecasting in {count} processes", flush=True)
            processes = ForecastProcesses(count)
            budgets = BudgetReader(governor.publisher.snapshots, governor.ledger, governor.database)
            jobs = ForecastJobs(governor.publisher.snapshots, budgets, governor.database)
            began_s = time.perf_counter()

            def told(done: int, total: int) -> None:
                print(f"{done:>4} of {total} steps after {time.perf_counter() - began_s:.0f} s", flush=True)

            run = await Forecaster(jobs, budgets, governor.database, processes).run(NOW, progress=told)
            took_s = time.perf_counter() - began_s
            await processes.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime
    print(f"{run}: {took_s:.0f} s, {1000 * cpu_s / run.forecasts:.0f} ms of CPU each, {used.ru_maxrss / 1024:.0f} MB")
    print(f"{AIM_SERIES:,} at this pace: {took_s * AIM_SERIES / run.forecasts:.0f} s (aim: {AIM_S})", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    asyncio.run(measure(given.series, given.days, given.processes))
