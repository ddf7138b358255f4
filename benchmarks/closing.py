"""How fast periods close, and what decisions notice: ``python -m benchmarks.closing [--budgets N] [--url URL]``.

Two measurements, in one process each, on a new SQLite file or on the (empty, migrated) database of ``--url``:

- a year of monthly closings of 1,000 budgets after a year in which no scheduler ran, in seconds;
- budgets of one day that all end at the same midnight (100,000 by default): the latency of decisions while their
  statements are written, as a ratio to the latency of the same decisions without, in turns.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sqlalchemy import insert

from governor.clients.clock import TickingClock
from governor.core.decisions.budget_keys import budget_key
from governor.core.decisions.caller import Caller
from governor.core.decisions.request import DecideRequest, Subject
from governor.services.jobs import Job, Trigger
from governor.services.run_jobs import JobRunner
from governor.settings import load_settings
from governor.store.records import budget_row
from governor.store.tables import BUDGETS
from governor.wiring import Governor, open_governor

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 16, tzinfo=UTC)
ROUNDS = 5
QUESTIONS = 400
AT_A_TIME = 5_000

POLICIES = """
apiVersion: governor/v1
kind: Organization
name: acme
currency: USD
time_zone: UTC
environments: [prod]
default_environment: prod
unknown_users: {{department: guests, team: guests}}
departments: [{{name: guests, teams: [{{name: guests}}]}}]
---
{{apiVersion: governor/v1, kind: ModelCatalog, name: models, catalogue: none,
  models: [{{id: acme/fast, context_window: 200k tokens, max_output: 8k tokens}}]}}
---
{{apiVersion: governor/v1, kind: PriceBook, name: prices, catalogue: none,
  prices: [{{model: acme/fast, from: 2020-01-01, input: 1 USD per 1M tokens, output: 2 USD per 1M tokens}}]}}
---
{{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}}
---
{{apiVersion: governor/v1, kind: Quota, name: everything, limit: 1M USD, period: year}}
---
{{apiVersion: governor/v1, kind: Quota, name: customers, per: [tags.customer], limit: 100 USD, period: {period},
  rollover: {{unused: {{up_to: 20%}}, overspend: carry}}}}
"""


class Clock(TickingClock):
    """A clock that ticks, and can be set forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        super().__init__(START, lambda: time.monotonic() + self.ahead_s)

    def set_to(self, at: datetime) -> None:
        """Go forward."""
        self.ahead_s += at.timestamp() - self.time()


@contextmanager
def settings_of(url: str, period: str) -> Iterator[Any]:
    """Give the settings of a server with a quota of that period."""
    with tempfile.TemporaryDirectory(prefix="governor-bench-") as folder:
        policies = Path(folder) / "policies"
        policies.mkdir()
        (policies / "acme.yaml").write_text(POLICIES.format(period=period))
        database_url = url or f"sqlite:///{folder}/governor.db"
        yield load_settings(database_url=database_url, policies=policies, auth="off", decide_deadline_ms=60_000)


def fill(governor: Governor, budgets: int, ats: list[datetime]) -> None:
    """Write counters of some customers, drawn on in the periods of some instants."""
    quota = governor.publisher.snapshots.current.quota("customers")
    assert quota is not None
    names = [column.name for column in BUDGETS.columns]

    def rows() -> Iterator[dict[str, Any]]:
        for at in ats:
            for number in range(budgets):
                key = budget_key(quota, (("tags.customer", f"c-{number}"),), at)
                row = dict(zip(names, budget_row(key), strict=True))
                yield row | {"used": 30 * 10**9, "as_of_s": int(at.timestamp())}

    made = rows()
    while chunk := list(islice(made, AT_A_TIME)):
        with governor.database.writing() as connection:
            connection.execute(insert(BUDGETS), chunk)


def closer(governor: Governor) -> JobRunner:
    """Return a worker that closes periods whenever it is asked to."""
    always = Trigger("always", lambda at: at)
    return JobRunner([Job("close-periods", always, governor.closer.close)], governor.database, governor.clock.now)


async def a_year(url: str) -> None:
    """Measure the closings of a year."""
    with settings_of(url, "month") as settings:
        clock = Clock()
        async with open_governor(settings, clock) as governor:
            fill(governor, 1_000, [START + timedelta(days=30 * month) for month in range(12)])
            clock.set_to(START + timedelta(days=366))
            began_s = time.perf_counter()
            await closer(governor).run_due()
            print(f"a year of 1,000 monthly budgets: {time.perf_counter() - began_s:.1f} s", flush=True)


async def ask(governor: Governor, round_: str) -> list[float]:
    """Decide one request after another, and return how long each took, in milliseconds."""
    times = []
    for number in range(QUESTIONS):
        request = DecideRequest(
            f"{round_}-{number}", Subject("mia"), "acme/fast", input_tokens=100, max_output_tokens=100
        )
        began_s = time.perf_counter()
        await governor.decider.decide(request, Caller("bench"), b"{}", governor.clock.now())
        times.append((time.perf_counter() - began_s) * 1000)
        await asyncio.sleep(0.002)
    return times


async def a_midnight(url: str, budgets: int) -> None:
    """Measure decisions while all budgets of a day are closed, and without."""
    with settings_of(url, "day") as settings:
        clock = Clock()
        async with open_governor(settings, clock) as governor:
            fill(governor, budgets, [START])
            runner = closer(governor)
            await ask(governor, "warm")
            quiet = [await ask(governor, f"quiet-{number}") for number in range(ROUNDS)]
            clock.set_to(MIDNIGHT + timedelta(seconds=5))
            began_s = time.perf_counter()
            closing = asyncio.create_task(runner.run_due())
            busy = []
            while not closing.done():
                busy.append(await ask(governor, f"busy-{len(busy)}"))
            await closing
            print(f"{budgets:,} budgets closed in {time.perf_counter() - began_s:.0f} s", flush=True)
            # The last round saw the end of it.
            report(quiet, busy[:-1] or busy)


def report(quiet: list[list[float]], busy: list[list[float]]) -> None:
    """Print medians over rounds of median and 99th percentile, and their ratios."""
    for name, pick in (("median", median), ("p99", lambda times: quantiles(times, n=100)[98])):
        without, with_ = (median(pick(times) for times in rounds) for rounds in (quiet, busy))
        print(
            f"{name}: {without:.2f} ms without, {with_:.2f} ms while closing, ratio {with_ / without:.2f}", flush=True
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--budgets", type=int, default=100_000)
    parser.add_argument("--only", choices=["year", "midnight"])
    given = parser.parse_args()
    if given.only != "midnight":
        asyncio.run(a_year(given.url))
    if given.only != "year":
        asyncio.run(a_midnight(given.url, given.budgets))
