"""Decisions race the end of a period, and a swap of policies races all: each answer is right for its own moment."""

import asyncio
import json
import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governor.core.decisions.caller import Caller
from governor.core.decisions.event import UsageEvent
from governor.core.decisions.ids import id_bytes
from governor.core.decisions.request import Subject
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.commands import Option, Place, Release, ReservationResult
from governor.core.ledger.results import EventResult
from governor.core.usage import Usage
from governor.store.ledger import SqlLedger
from tests.conftest import FakeClock
from tests.decisions.story import START, Story
from tests.ledger.factory import budget, hold, place

MIDNIGHT = datetime(2026, 11, 20, 23, tzinfo=UTC)
"""The end of Friday in Berlin."""

ALL = """\
{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}
---
"""
DAILY = ALL + "{apiVersion: governor/v1, kind: Quota, name: daily, limit: 5 requests, period: {every: day}}\n"
TEAM = "---\n{apiVersion: governor/v1, kind: Quota, name: team, per: [team], limit: 4 requests, period: {every: day}}\n"
ASKED = {"user": "mia", "model": "small", "input_tokens": 10, "max_output_tokens": 10}


def company(limit: int) -> str:
    """Return policies with one budget for all."""
    return ALL + f"{{apiVersion: governor/v1, kind: Quota, name: company, limit: {limit} requests, period: day}}\n"


@pytest.fixture
def clock() -> FakeClock:
    """Give the ledger a clock that stands where stories begin."""
    return FakeClock(START.timestamp())


def story_on(ledger: SqlLedger, tmp_path: Path, policies: str) -> Story:
    """Tell a story on a database."""
    folder = tmp_path / "policies"
    folder.mkdir()
    return Story(folder, policies, ledger_of=lambda _: ledger)


async def ask(story: Story, at: datetime) -> dict[str, Any]:
    """Ask at the door at an instant."""
    request, caller = story.question(ASKED)
    answered = await story.decider.decide(request, caller, request.request_id.encode(), at)
    answer: dict[str, Any] = json.loads(answered.body)
    return answer


async def report(story: Story, decision_id: str, at: datetime) -> EventResult:
    """Report the usage of a decision."""
    story.count += 1
    usage = Usage(input_tokens=10, output_tokens=1)
    event = UsageEvent(
        event_id=f"e{story.count}", source="gw", model="", subject=Subject(), decision_id=decision_id, usage=usage
    )
    return (await story.settler.settle([(event, event.event_id.encode())], Caller("gw"), at))[0]


@pytest.mark.parametrize("seed", range(6))
async def test_a_decision_races_the_end_of_its_period(
    sql_ledger: SqlLedger, clock: FakeClock, tmp_path: Path, seed: int
) -> None:
    """The instant at the door says which day pays, whichever side of midnight the ledger has reached."""
    chance = random.Random(seed)
    story = story_on(sql_ledger, tmp_path, DAILY)
    doors = [MIDNIGHT - timedelta(milliseconds=chance.choice([1, -1]) * chance.randrange(1, 900)) for _ in range(30)]
    asked = []
    for at in doors:
        clock.now_s = MIDNIGHT.timestamp() + chance.uniform(-1, 1)
        asked.append(asyncio.ensure_future(ask(story, at)))
        await asyncio.sleep(0)
    answers = await asyncio.gather(*asked)
    clock.now_s = MIDNIGHT.timestamp() + 60
    late = MIDNIGHT + timedelta(minutes=1)
    allowed = [(at, answer) for at, answer in zip(doors, answers, strict=True) if answer["verdict"] == "allow"]
    results = [await report(story, answer["decision_id"], late) for _, answer in allowed]
    days = Counter(at < MIDNIGHT for at in doors)
    story.now = late
    today = await story.step({"budgets": ASKED})
    yesterday = await story.step({"at": "2026-11-20T22:59:59+00:00", "budgets": ASKED})

    assert {True: min(5, days[True]), False: min(5, days[False])} == Counter(at < MIDNIGHT for at, _ in allowed)
    assert {None} == {result.reason for result in results}
    assert (str(min(5, days[True])), str(min(5, days[False]))) == (yesterday[0]["used"], today[0]["used"])


async def test_what_waits_while_policies_are_swapped_is_decided_by_the_new_ones(
    sql_ledger: SqlLedger, tmp_path: Path
) -> None:
    """A plan of the old policies is never placed after the swap: limit, budgets and version are the new ones."""
    story = story_on(sql_ledger, tmp_path, company(100))
    new = story.compiled(company(2) + TEAM)
    busy, entered = threading.Event(), threading.Event()
    stuck = asyncio.ensure_future(sql_ledger.submit(_stuck(busy, entered)))
    await asyncio.to_thread(entered.wait)
    asked = [asyncio.ensure_future(ask(story, START)) for _ in range(5)]
    await asyncio.sleep(0)
    story.snapshots.swap(new, START)
    busy.set()
    answers = await asyncio.gather(*asked)
    await stuck

    assert ["allow"] * 2 + ["deny"] * 3 == [answer["verdict"] for answer in answers]
    assert {new.version} == {answer["policy_version"] for answer in answers}
    assert {("2", "4")} == {tuple(budget["limit"] for budget in answer["budgets"]) for answer in answers}


async def test_what_waits_while_a_model_is_forbidden_is_denied(sql_ledger: SqlLedger, tmp_path: Path) -> None:
    """A swap is a stop: nothing passes by the old allowlist once the new policies decide."""
    story = story_on(sql_ledger, tmp_path, company(100))
    new = story.compiled(company(100).replace('["*"]', "[large]"))
    busy, entered = threading.Event(), threading.Event()
    stuck = asyncio.ensure_future(sql_ledger.submit(_stuck(busy, entered)))
    await asyncio.to_thread(entered.wait)
    asked = [asyncio.ensure_future(ask(story, START)) for _ in range(3)]
    await asyncio.sleep(0)
    story.snapshots.swap(new, START)
    busy.set()
    answers = await asyncio.gather(*asked)
    await stuck

    assert [("deny", "model_not_allowed")] * 3 == [
        (answer["verdict"], answer["reasons"][0]["code"]) for answer in answers
    ]


async def test_what_waits_while_somebody_is_stopped_is_denied(sql_ledger: SqlLedger, tmp_path: Path) -> None:
    """A request that was asked before the block, and not yet placed, is refused by it."""
    story = story_on(sql_ledger, tmp_path, company(100))
    busy, entered = threading.Event(), threading.Event()
    stuck = asyncio.ensure_future(sql_ledger.submit(_stuck(busy, entered)))
    await asyncio.to_thread(entered.wait)
    asked = [asyncio.ensure_future(ask(story, START)) for _ in range(3)]
    await asyncio.sleep(0)
    await story.step({"blocks": [{"user": "mia@acme.example", "until": "2026-11-21T09:00:00Z", "reason": "stop"}]})
    busy.set()
    answers = await asyncio.gather(*asked)
    await stuck

    assert [("deny", "blocked")] * 3 == [(answer["verdict"], answer["reasons"][0]["code"]) for answer in answers]


@dataclass
class Rush:
    """Decisions, reports, releases, expiries and swaps in a random order, without waiting for one another."""

    story: Story
    clock: FakeClock
    chance: random.Random
    snapshots: dict[str, tuple[Snapshot, dict[str, int]]]
    allowed: list[str] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    settled: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def run(self, steps: int) -> None:
        """Do as many steps; then wait for all."""
        for _ in range(steps):
            step = self.chance.choices(
                [self.decide, self.settle, self.release, self.expire, self.swap], [12, 4, 2, 1, 2]
            )[0]
            self.tasks.append(asyncio.create_task(step()))
            if self.chance.random() < 0.5:
                await asyncio.sleep(0)
            if self.chance.random() < 0.1:
                await asyncio.gather(*self.tasks)
        await asyncio.gather(*self.tasks)

    async def decide(self) -> None:
        """Ask."""
        answer = await ask(self.story, START)
        self.answers.append(answer)
        if answer["verdict"] == "allow":
            self.allowed.append(answer["decision_id"])

    async def settle(self) -> None:
        """Report on one decision, whatever became of its hold."""
        if self.allowed:
            decision_id = self.allowed.pop(self.chance.randrange(len(self.allowed)))
            result = await report(self.story, decision_id, START)
            self.settled += result.status == "recorded"

    async def release(self) -> None:
        """Give one hold back, if it is still there; it may be reported on later."""
        if self.allowed:
            decision_id = id_bytes(self.chance.choice(self.allowed))
            assert decision_id is not None
            outcome = await self.story.ledger.submit(Release(decision_id, "gw"))
            assert isinstance(outcome, ReservationResult)

    async def expire(self) -> None:
        """Let every hold end."""
        self.clock.advance(610)

    async def swap(self) -> None:
        """Let other policies decide."""
        snapshot, _ = self.snapshots[self.chance.choice(sorted(self.snapshots))]
        self.story.snapshots.swap(snapshot, START)


@pytest.mark.parametrize("seed", range(8))
async def test_a_swap_races_decisions_settlements_and_expiries(
    sql_ledger: SqlLedger, clock: FakeClock, tmp_path: Path, seed: int
) -> None:
    """Every answer is whole under the one version that it names, and no usage is lost; balances follow from records."""
    texts = {company(3): {"company": 3}, company(9): {"company": 9}}
    texts[company(6) + TEAM] = {"company": 6, "team": 4}
    story = story_on(sql_ledger, tmp_path, next(iter(texts)))
    compiled = [(story.compiled(text), limits) for text, limits in texts.items()]
    rush = Rush(story, clock, random.Random(seed), {one.version: (one, limits) for one, limits in compiled})
    await rush.run(150)
    used = await story.step({"budgets": ASKED})

    assert {"allow", "deny"} == {answer["verdict"] for answer in rush.answers}
    for answer in rush.answers:
        limits = rush.snapshots[answer["policy_version"]][1]
        shown = {budget["policy"].removeprefix("Quota/"): budget for budget in answer["budgets"]}
        assert limits == {name: int(budget["limit"]) for name, budget in shown.items()}
        if answer["verdict"] == "allow":
            assert all(int(budget["free"]) >= 0 for budget in shown.values())
        else:
            assert any(int(budget["free"]) < 1 for budget in shown.values())
    assert str(rush.settled) == used[0]["used"]


def _stuck(busy: threading.Event, entered: threading.Event) -> Place:
    """Return a command that keeps the ledger's thread until it is let go."""
    other = budget("other")

    def options() -> tuple[Option, ...]:
        entered.set()
        busy.wait(10)
        return (Option(placeable=True, holds=(hold(other, 1),)),)

    return replace(place(hold(other, 1)), options=options)
