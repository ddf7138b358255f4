"""A year on an injected clock, with two workers of which one is killed now and then: nothing is lost or said twice."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from governor.core.keys import Role
from governor.services.jobs import Job, Turn
from governor.services.run_jobs import LEASE_S, JobRunner
from governor.store.database import Database
from tests.api.test_usage import event, report
from tests.api.world import Server, StandingClock, running, settings_for, write_policies
from tests.scheduler.workers import ALWAYS, KilledError, never
from tests.scheduler.year import Budget, Rule, Spent, Year

SEED = 20271
START = datetime(2027, 6, 15, 10, 17, 23, tzinfo=UTC)
END = datetime(2028, 7, 15, tzinfo=UTC)
"""Thirteen months with both changes of the clocks, and the leap day of 2028."""

USD = 10**9
NANO_PER_TOKEN = 3_000
KILLED_SHARE = 0.3

RULES = {
    rule.name: rule
    for rule in (
        Rule("months", "department", 10 * USD, "month", "Europe/Berlin", 5 * USD, debt=True, alerts=(80, 100)),
        Rule("anchored", "", 20 * USD, "month-31", "Asia/Tokyo", 3 * USD, alerts=(50, 120)),
        Rule("thirty-days", "team", 9 * USD, "30 days", "UTC", 0, debt=True, alerts=(90,)),
        Rule("weeks", "", 4 * USD, "week", "Europe/Berlin", 4 * USD, alerts=(100,)),
        Rule("new-york-days", "", USD, "day", "America/New_York", alerts=(100,)),
    )
}
PERIODS = {
    "month": "month",
    "month-31": "{every: month, from: 2026-01-31, time_zone: Asia/Tokyo}",
    "30 days": "{every: 30 days, from: 2027-01-01, time_zone: UTC}",
    "week": "week",
    "day": "{every: day, time_zone: America/New_York}",
}
PEOPLE = {
    "eve@acme.example": {"department": "engineering", "team": "platform"},
    "mia@acme.example": {"department": "marketing", "team": "growth"},
}


def document(rule: Rule) -> str:
    """Write a rule as a policy."""
    lines = ["apiVersion: governor/v1", "kind: Quota", f"name: {rule.name}", f"limit: {rule.limit // USD} USD"]
    lines += [f"per: [{rule.by}]"] if rule.by else []
    lines.append(f"period: {PERIODS[rule.cut]}")
    if rule.unused_max is not None:
        unused = [f"unused: {{up_to: {rule.unused_max // USD} USD}}"] if rule.unused_max else []
        lines.append(f"rollover: {{{', '.join([*unused, *(['overspend: carry'] if rule.debt else [])])}}}")
    lines += ["alerts:", *(f"  - {{at: {percent}%, notify: [log]}}" for percent in rule.alerts)]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class FrailTurn(Turn):
    """A turn whose worker may be killed at any write: before it, or after it was committed."""

    dies: Callable[[], bool]

    async def write(self, function: Callable[[Connection], Any]) -> Any:
        """Write, unless the worker is killed before; it may be killed before it hears that it was committed."""
        if self.dies():
            raise KilledError
        done = await Turn.write(self, function)
        if self.dies():
            raise KilledError
        return done


class Workers:
    """Two workers on one database, each replaced when it is killed."""

    def __init__(self, servers: list[Server], clock: StandingClock, chance: random.Random) -> None:
        self._servers = servers
        self._clock = clock
        self._chance = chance
        self._runners = [self._runner(server) for server in servers]
        self._doomed = False
        self.killed = 0

    def _runner(self, server: Server) -> JobRunner:
        governor = server.governor
        jobs = [
            Job("close-periods", ALWAYS, self._frail(governor.database, governor.closer.close)),
            Job("watch-thresholds", ALWAYS, self._frail(governor.database, governor.thresholds.watch)),
        ]
        return JobRunner(jobs, governor.database, self._clock.now, never, lambda _: self._clock.time())

    def _frail(self, database: Database, verb: Callable[[Turn], Any]) -> Callable[[Turn], Any]:
        return lambda turn: verb(FrailTurn(turn.now, database, turn._lease, self._dies))

    def _dies(self) -> bool:
        if self._doomed and self._chance.random() < 0.3:
            self._doomed = False
            self.killed += 1
            return True
        return False

    async def run(self, *, may_die: bool = True) -> None:
        """Let both look at what is due; if one was killed, let what is left take its jobs over."""
        self._doomed = may_die and self._chance.random() < KILLED_SHARE
        killed = self.killed
        self._chance.shuffle(self._runners)
        await asyncio.gather(*(runner.run_due() for runner in self._runners))
        self._doomed = False
        if self.killed > killed:
            self._runners = [self._runner(server) for server in self._servers]
            self._clock.advance(LEASE_S + 1)
            await asyncio.gather(*(runner.run_due() for runner in self._runners))


async def spend(server: Server, number: int, spent: Spent) -> None:
    """Report one call."""
    [user] = [user for user, who in PEOPLE.items() if who == spent.who]
    body = event(
        event_id=f"e-{number}",
        time=spent.at.isoformat(),
        subject={"user": user},
        usage={"input_tokens": spent.cost // NANO_PER_TOKEN, "output_tokens": 0},
    )
    async with server.client() as client:
        [result] = await report(client, body)
    assert "recorded" == result["status"], result


def calls(chance: random.Random, now: datetime, since: datetime) -> list[Spent]:
    """Make up what is reported at an instant: mostly what has just happened, sometimes what happened weeks ago."""
    made = []
    for _ in range(chance.randint(1, 4)):
        weeks_ago = timedelta(days=chance.uniform(1, 60)) if chance.random() < 0.08 else timedelta()
        at = max(now - (now - since) * chance.random() ** 2 - weeks_ago, START)
        cost = NANO_PER_TOKEN * chance.randint(1_000, 600_000)
        made.append(Spent(at.replace(microsecond=0), now, PEOPLE[chance.choice(list(PEOPLE))], cost))
    return made


async def credit(server: Server, year: Year, now: datetime) -> set[Budget]:
    """Give the first department that has used four fifths of its month so much back that it has not; once."""
    rule = RULES["months"]
    for department in ("engineering", "marketing"):
        budget = (rule.name, department, rule.number(now))
        room = rule.limit + year.carried_into(rule, department, budget[2])
        credited = any(call.cost < 0 for call in year.calls[budget])
        if not credited and 0 < room * 4 <= year.used.get(budget, 0) * 5:
            amount = (year.used[budget] - room * 4 // 5) // USD * USD + USD
            body = {
                "request_id": f"credit-{department}-{now.timestamp():.0f}",
                "kind": "credit",
                "quota": rule.name,
                "scope": {"department": department},
                "amount": str(amount // USD),
                "reason": "a month of good will",
            }
            async with server.client(Role.ADMIN) as admin:
                response = await admin.post("/adjustments", json=body)
            assert 200 == response.status_code, response.text
            year.credit(budget, amount, now)
            return {budget}
    return set()


async def everything(server: Server, path: str, name: str) -> list[dict[str, Any]]:
    """Read every page of a list."""
    found: list[dict[str, Any]] = []
    cursor = ""
    async with server.client(Role.VIEWER) as client:
        while cursor is not None:
            page = (await client.get(f"{path}?limit=1000&cursor={cursor}")).json()
            found += page[name]
            cursor = page["next"]
    return found


async def test_a_year_is_what_an_independent_calculation_says(database_url: str, tmp_path: Path) -> None:
    """Statements, carried amounts and alerts: all of them, each once, and to the nano-dollar."""
    chance = random.Random(SEED)
    clock = StandingClock(START)
    folder = write_policies(tmp_path / "year", "---\n".join(document(rule) for rule in RULES.values()))
    settings = settings_for(database_url, folder)
    year, number, since = Year(RULES), 0, START
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(running(settings, clock, with_keys=with_keys))
            for with_keys in (True, False)
        ]
        workers = Workers(servers, clock, chance)
        while clock.now() < END:
            now = clock.now()
            charged = set()
            for spent in calls(chance, now, since):
                number += 1
                await spend(servers[0], number, spent)
                charged |= year.report(spent)
            await workers.run()
            year.look(now, charged)
            if credited := await credit(servers[0], year, clock.now()):
                # What was said may be said again, once the budget is used up again.
                await workers.run()
                year.look(clock.now(), credited)
            since = clock.now()
            clock.advance(3700 + chance.randint(0, 9 * 86_400))
        for _ in range(4):
            # Nothing new is used: what is left is to book and correct the last of it.
            clock.advance(3700)
            await workers.run(may_die=False)
        statements = await everything(servers[0], "/statements", "statements")
        alerts = await everything(servers[0], "/alerts", "alerts")
        ended_at = clock.now()

    assert workers.killed > 5
    assert len(year.told) > len(set(year.told)), "no threshold spoke again after a credit"
    assert expected_statements(year, ended_at) == {key(statement): final(statement) for statement in statements}
    assert len(statements) == len({key(statement) for statement in statements})
    assert sorted(year.told) == sorted(told(alert) for alert in alerts)
    assert [] == [key(each) for each in statements if each["used"] != known_then(year, each)]


def key(statement: dict[str, Any]) -> tuple[str, str, datetime]:
    """Name the budget of a statement."""
    scope = next(iter(statement["scope"].values()), "")
    start_at = datetime.fromisoformat(statement["period"]["start"])
    return statement["policy"].removeprefix("Quota/"), scope, start_at


def final(statement: dict[str, Any]) -> tuple[Decimal, ...]:
    """Return what a statement came to after all corrections."""
    figures = statement["final"]
    return tuple(Decimal(figures[name]) for name in ("used", "late", "carried_in", "carried_out", "over"))


def told(alert: dict[str, Any]) -> tuple[str, str, datetime, int]:
    """Name what an alert told."""
    numbers = alert["numbers"]
    scope = next(iter(alert["scope"].values()), "")
    start_at = datetime.fromisoformat(numbers["period_start"])
    return alert["policy"].removeprefix("Quota/"), scope, start_at, int(numbers["at_percent"])


def expected_statements(year: Year, now: datetime) -> dict[tuple[str, str, datetime], tuple[Decimal, ...]]:
    """Return what every period that has ended came to."""
    expected = {}
    for (name, scope, number), used in year.used.items():
        rule = RULES[name]
        if rule.start(number + 1) > now:
            continue
        carried_in = year.carried_into(rule, scope, number)
        over = max(0, used - rule.limit - carried_in)
        carried_out = year.carried_into(rule, scope, number + 1)
        amounts = (used, year.late[name, scope, number], carried_in, carried_out, over)
        expected[name, scope, rule.start(number)] = tuple(Decimal(amount) / USD for amount in amounts)
    return expected


def known_then(year: Year, statement: dict[str, Any]) -> str:
    """Return what was used, as far as it had been reported when the statement was written."""
    name, scope, start_at = key(statement)
    stated_at = datetime.fromisoformat(statement["stated_at"])
    number = RULES[name].number(start_at)
    spent = sum(call.cost for call in year.calls[name, scope, number] if call.reported_at <= stated_at)
    return f"{Decimal(spent) / USD:f}".rstrip("0").rstrip(".") if spent % USD else str(spent // USD)
