"""Decisions replayed from an instant in their midst: the version that decided comes to what it decided."""

import gc
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from governor.core.keys import Role
from governor.services import recorded_decisions as recorded_module
from governor.services.blocks import blocks_as_they_acted
from governor.services.past import recorded_past
from governor.services.plan_impact import Impact
from governor.services.plan_outcomes import Warned
from governor.services.plan_replay import PlanReplay
from governor.services.recorded_decisions import recorded_decisions
from governor.services.replay import ReplayOptions
from governor.services.replay_lane import Outcome
from tests.api.world import NOON, Server, StandingClock, question, running, settings_for, write_policies

TIGHT = """\
apiVersion: governor/v1
kind: Quota
name: company-spend
limit: 0.30 USD
period: month
max_share: {per: department, percent: 90}
---
apiVersion: governor/v1
kind: Quota
name: department-daily
per: [department]
limit: 0.05 USD
period: day
rollover: {unused: {up_to: 50%}, overspend: carry}
reserve: {on_expiry: charge}
---
apiVersion: governor/v1
kind: Quota
name: person-slots
per: [user]
limit: 3 concurrent requests
---
apiVersion: governor/v1
kind: Quota
name: person-rate
per: [user]
limit: 4 requests
period: hour
"""
PEOPLE = ("eve@acme.example", "mia@acme.example", "someone@else.example")


class Seen(Impact):
    """Remembers each verdict, too."""

    def __init__(self) -> None:
        super().__init__()
        self.verdicts: list[str] = []

    def add(self, before: Outcome, after: Outcome, warned_before: Warned, warned_after: Warned, at_s: float) -> None:
        """Add one request."""
        super().add(before, after, warned_before, warned_after, at_s)
        self.verdicts.append("allow" if before.given is not None else "deny")


class Traffic:
    """A client that asks, reports sooner or later or never, adjusts and stops, as dice say; repeatable."""

    def __init__(self, server: Server, clock: StandingClock, seed: int) -> None:
        self.server, self.clock, self.dice = server, clock, Random(seed)
        self.open: list[tuple[float, str]] = []
        self.blocks: list[str] = []
        self.number = 0

    async def ask(self, *, unreported: float) -> str:
        """Ask once; some time later it is reported, unless nobody does."""
        dice = self.dice
        async with self.server.client() as gateway:
            asked = question(
                subject={"user": dice.choice(PEOPLE)},
                model="gpt-4o-mini",
                input_tokens=dice.choice([1_000, 20_000, 60_000]),
                max_output_tokens=100,
                hold_for="3 hours",
            )
            answer = (await gateway.post("/decide", json=asked)).json()
        if answer["verdict"] == "allow" and dice.random() >= unreported:
            self.open.append((self.clock.elapsed_s + dice.choice([1, 60, 5_000]), answer["decision_id"]))
        return str(answer["verdict"])

    async def pass_time(self, seconds: float) -> None:
        """Let time pass; what is due meanwhile is reported or lifted at its time."""
        until_s = self.clock.elapsed_s + seconds
        while due := sorted(each for each in self.open if each[0] <= until_s):
            at_s, decision = due[0]
            self.open.remove(due[0])
            self.clock.advance(max(0.0, at_s - self.clock.elapsed_s))
            await self.report(decision)
        self.clock.advance(until_s - self.clock.elapsed_s)

    async def report(self, decision: str | None = None) -> None:
        """Report on a decision, or what nobody had asked for."""
        self.number += 1
        event: dict[str, Any] = {
            "event_id": f"e{self.number}",
            "model": "gpt-4o-mini",
            "usage": {"input_tokens": self.dice.choice([500, 30_000, 90_000]), "output_tokens": 50},
        }
        who = {"decision_id": decision} if decision else {"subject": {"user": PEOPLE[0]}}
        async with self.server.client() as gateway:
            response = await gateway.post("/usage", json={**event, **who})
        assert "recorded" == response.json()["events"][0]["status"], response.text

    async def disturb(self) -> None:
        """Adjust a budget, stop somebody for a while, or let them go on."""
        self.number += 1
        async with self.server.client(Role.ADMIN) as admin:
            match self.dice.randrange(3):
                case 0:
                    wish = {
                        "request_id": f"a{self.number}",
                        "kind": self.dice.choice(["credit", "debit"]),
                        "quota": "department-daily",
                        "scope": {"department": "marketing"},
                        "amount": "0.02",
                        "reason": "calls beside the gateway",
                    }
                    await admin.post("/adjustments", json=wish)
                case 1:
                    target = {"user": self.dice.choice(PEOPLE[:2])}
                    body = {"target": target, "for": "40 minutes", "reason": "looks like a runaway"}
                    self.blocks.append((await admin.post("/blocks", json=body)).json()["id"])
                case _ if self.blocks:
                    await admin.request("DELETE", f"/blocks/{self.blocks.pop()}")
        await self.server.governor.blocks.refresh()


@pytest.mark.parametrize("seed", range(4))
async def test_replay_begins_where_the_records_were(database_url: str, tmp_path: Any, seed: int) -> None:
    """Balances, holds, debts, adjustments, use that nobody asked for, and blocks: all are as they were then."""
    clock = StandingClock()
    policies = write_policies(tmp_path / "policies", TIGHT)
    async with running(settings_for(database_url, policies), clock) as server:
        traffic = Traffic(server, clock, seed)
        for _ in range(40):
            await traffic.ask(unreported=0.3)
            await traffic.pass_time(traffic.dice.choice([0.0, 5.0, 1_200.0, 9_000.0]))
            if traffic.dice.random() < 0.2:
                await traffic.disturb()
        await traffic.pass_time(1.0)
        since = NOON + timedelta(seconds=clock.elapsed_s)
        decided = []
        for _ in range(40):
            decided.append(await traffic.ask(unreported=0))
            await traffic.pass_time(traffic.dice.choice([0.001, 5.0, 1_200.0, 3_000.0]))
            if traffic.dice.random() < 0.3:
                await traffic.disturb()
            if traffic.dice.random() < 0.1:
                await traffic.report()
        await traffic.pass_time(10_000)
        database = server.governor.database
        snapshot = server.governor.publisher.snapshots.current.with_blocks(await database.read(blocks_as_they_acted))
        past = recorded_past(database.read_now, since, None)
        replay = PlanReplay(snapshot, snapshot, ReplayOptions(), past)
        seen = replay.impact = Seen()
        for _ in replay.run(recorded_decisions(database.read_now, since, None)):
            pass

    assert decided == seen.verdicts
    assert {"allow", "deny"} == set(decided)
    assert 0 == seen.affected


async def test_reading_what_was_decided_leaves_nothing_to_the_collector(
    database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages are read, no cycles stay behind: memory is flat although the collector comes late."""
    clock = StandingClock()
    monkeypatch.setattr(recorded_module, "PAGE", 1)
    policies = write_policies(tmp_path / "policies", TIGHT)
    async with running(settings_for(database_url, policies), clock) as server:
        traffic = Traffic(server, clock, seed=1)
        for _ in range(20):
            await traffic.ask(unreported=0)
            await traffic.pass_time(1_200)
        read = server.governor.database.read_now

        def left_by(pages: int) -> int:
            """Read some pages of one decision each, and return how many objects only the collector can free."""
            rows = recorded_decisions(read, NOON, None)
            gc.collect()
            for _ in range(pages):
                next(rows)
            rows.close()
            return gc.collect()

        gc.disable()
        try:
            left_by(1)
            few, many = left_by(2), left_by(20)
        finally:
            gc.enable()

    assert many == few
