"""What learned holds let through, and what that costs: ``python -m benchmarks.learned [DIRECTORY]``.

Recorded traces arrive as they did (and twenty times as fast) at one budget that holds either what was requested or what
was learned. Traces say neither how much output was allowed nor how long a call took: callers ask for 4,096 or 64,000
tokens, and a call takes half a second, and a second for every 5,000 tokens of input and every 50 of output. The first
fifth of a trace is what was known before; then estimates are renewed every ten minutes, as a worker does it.
"""

import asyncio
import heapq
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

from governor.clients.recordings import open_recording
from governor.compiler.load import compile_folder
from governor.core.decisions.caller import Caller
from governor.core.decisions.decision import Verdict
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.event import UsageEvent
from governor.core.decisions.output_estimates import RecentOutputs
from governor.core.decisions.recorded import Recorded
from governor.core.decisions.request import DecideRequest, Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, Snapshot
from governor.core.ledger.memory import MemoryLedger
from governor.core.ledger.results import EventStatus
from governor.core.usage import Usage
from governor.services.decide import Decider
from governor.services.output_watcher import LEARN_S
from governor.services.settle import Settler
from governor.services.snapshots import Snapshots

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TRACES = ("azure-2023-code.csv.gz", "mooncake-synthetic.jsonl.gz")
ASKED = (4_096, 64_000)
SPEEDS = (1, 20)
SHARES = (0.05, 0.1, 0.25, 0.5, 0.9)
"""Budgets, as shares of what the trace costs: each is reached."""

MODEL = "acme/model"
BEGAN = datetime(2026, 11, 2, tzinfo=UTC)
CALLER = Caller("benchmark")
POLICIES = """\
apiVersion: governor/v1
kind: Organization
name: acme
currency: USD
time_zone: UTC
unknown_users: {{department: guests, team: guests}}
departments: [{{name: guests, teams: [{{name: guests}}]}}]
---
{{apiVersion: governor/v1, kind: ModelCatalog, name: models, catalogue: none, models: [{{id: acme/model}}]}}
---
apiVersion: governor/v1
kind: PriceBook
name: prices
catalogue: none
prices: [{{model: acme/model, from: 2026-01-01, input: 3 USD per 1M tokens, output: 15 USD per 1M tokens}}]
---
{{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}}
---
apiVersion: governor/v1
kind: Quota
name: budget
limit: {limit} USD
period: month
reserve: {{output: {output}}}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to hold: what callers ask for, how fast they come, and what is held of it."""

    asked: int
    speed: int
    output: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a budget saw: shares of its limit, and the most calls that ran at once."""

    at_first_deny: float
    most_used: float
    in_flight: int


@cache
def rows_of(file: Path) -> tuple[Recorded, ...]:
    """Read a trace."""
    with open_recording(file) as recording:
        return tuple(recording.rows())


def cost_usd(rows: Sequence[Recorded]) -> float:
    """Return what requests cost."""
    return sum(row.input_tokens * 3 + (row.output_tokens or 0) * 15 for row in rows) / 1e6


def duration_s(row: Recorded) -> float:
    """Return how long a call takes."""
    return 0.5 + row.input_tokens / 5_000 + (row.output_tokens or 0) / 50


class Trial:
    """One budget and the requests that come to it."""

    def __init__(self, folder: Path, case: Case, limit_usd: float, history: Sequence[Recorded]) -> None:
        (folder / "policies.yaml").write_text(POLICIES.format(limit=f"{limit_usd:.4f}", output=case.output))
        compiled = compile_folder(folder, BEGAN)
        assert compiled.policies is not None, [str(problem) for problem in compiled.problems]
        self._case = case
        self._now = BEGAN
        self._ledger = MemoryLedger(self._time_s)
        self._snapshots = Snapshots(Snapshot.build(compiled.policies, NO_CATALOGUES), BEGAN)
        self._decider = Decider(self._snapshots, self._ledger, deadline_ms=60_000)
        self._settler = Settler(self._snapshots, self._ledger, deadline_ms=60_000)
        self._recent = RecentOutputs()
        for row in history:
            self._recent.add(MODEL, "", row.output_tokens or 0)
        self._running: list[tuple[datetime, int, str, Recorded]] = []
        [hold] = evaluate(self._snapshots.current, self._question(history[0]), CALLER, BEGAN).candidates[0].holds
        self._budget, self._limit = hold.budget.digest, hold.terms.limit

    async def run(self, rows: Sequence[Recorded]) -> Outcome:
        """Let requests come until the budget has refused one and everything has ended."""
        first_deny: float | None = None
        most = in_flight = 0
        learned_at = BEGAN - timedelta(days=1)
        for row in rows:
            at = BEGAN + timedelta(seconds=(row.at_s - rows[0].at_s) / self._case.speed)
            most = max(most, await self._end_until(at))
            self._now = at
            if at - learned_at >= timedelta(seconds=LEARN_S):
                self._snapshots.learn(self._recent.estimates())
                learned_at = at
            if not await self._ask(row) and first_deny is None:
                first_deny = await self._used() / self._limit
            in_flight = max(in_flight, len(self._running))
        most = max(most, await self._end_until(None))
        return Outcome(first_deny if first_deny is not None else most / self._limit, most / self._limit, in_flight)

    def _question(self, row: Recorded) -> DecideRequest:
        return DecideRequest(
            request_id=f"r{row.line}",
            subject=Subject(user="mia"),
            model=MODEL,
            input_tokens=row.input_tokens,
            max_output_tokens=max(self._case.asked, row.output_tokens or 0),
        )

    async def _ask(self, row: Recorded) -> bool:
        answered = await self._decider.decide(self._question(row), CALLER, b"{}", self._now)
        if answered.verdict is Verdict.DENY:
            return False
        decision_id = json.loads(answered.body)["decision_id"]
        heapq.heappush(self._running, (self._now + timedelta(seconds=duration_s(row)), row.line, decision_id, row))
        return True

    async def _end_until(self, at: datetime | None) -> int:
        """End the calls that end by then; return the most that was used meanwhile."""
        most = 0
        while self._running and (at is None or self._running[0][0] <= at):
            self._now, line, decision_id, row = heapq.heappop(self._running)
            output_tokens = row.output_tokens or 0
            event = UsageEvent(
                source="benchmark",
                event_id=str(line),
                decision_id=decision_id,
                model=MODEL,
                usage=Usage(input_tokens=row.input_tokens, output_tokens=output_tokens),
                subject=Subject(),
            )
            [result] = await self._settler.settle([(event, b"{}")], CALLER, self._now)
            assert result.status is EventStatus.RECORDED, result.reason
            self._recent.add(MODEL, "", output_tokens)
            most = max(most, await self._used())
        return most

    def _time_s(self) -> float:
        return self._now.timestamp()

    async def _used(self) -> int:
        balances = await self._ledger.balances([self._budget])
        return balances[self._budget].used if self._budget in balances else 0


async def measured(rows: Sequence[Recorded], case: Case) -> list[tuple[float, Outcome]]:
    """Return each budget in USD with what it saw."""
    history, coming = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    found: list[tuple[float, Outcome]] = []
    for share in SHARES:
        limit_usd = cost_usd(coming) * share
        with tempfile.TemporaryDirectory() as folder:
            found.append((limit_usd, await Trial(Path(folder), case, limit_usd, history).run(coming)))
    return found


def main(directory: Path) -> None:
    """Measure and print."""
    files = [directory / name for name in TRACES if (directory / name).exists()]
    if not files:
        sys.exit(f"no traces in {directory}: nothing measured. Name a directory that has {' or '.join(TRACES)}")
    cases = [Case(asked, speed, output) for asked in ASKED for speed in SPEEDS for output in ("requested", "learned")]
    table = Table("trace", "asked", "speed", "held", "calls at once", "used at first deny", "lowest", "worst overshoot")
    for file, case in track([(file, case) for file in files for case in cases], console=Console(stderr=True)):
        found = asyncio.run(measured(rows_of(file), case))
        limit_usd, worst = max(found, key=lambda pair: pair[1].most_used)
        over = max(0.0, worst.most_used - 1)
        table.add_row(
            file.name.split("-")[0],
            f"{case.asked:,}",
            f"{case.speed}x",
            case.output,
            str(max(outcome.in_flight for _, outcome in found)),
            f"{median(outcome.at_first_deny for _, outcome in found):.1%}",
            f"{min(outcome.at_first_deny for _, outcome in found):.1%}",
            f"{over:.2%} of {limit_usd:.2f} USD: {over * limit_usd:.4f} USD" if over else "none",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
