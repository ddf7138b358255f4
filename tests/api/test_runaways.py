"""A runaway is noticed within five minutes of its beginning, as far as bursts of five minutes were never usual."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from governor.services.alerts import bursts
from tests.api.test_alerts import said, usd
from tests.api.test_unusual import MIA, run, usual, work
from tests.api.world import QUOTAS, Server, StandingClock, running, settings_for, write_policies

EVE = {"user": "eve@acme.example"}
BOUND_USD = 1.8
"""What an hour of ``even`` work may come to: three times its median."""


def even(now: datetime, subject: dict[str, str], days: int = 27) -> list[dict[str, Any]]:
    """Return weeks of work around noon, on every day: five cents every five minutes."""
    events = []
    for day in range(1, days + 1):
        for minute in range(11 * 60 + 2, 15 * 60, 5):
            at = now.replace(hour=minute // 60, minute=minute % 60) - timedelta(days=day)
            events.append(usd(f"{subject['user']}-{at:%d-%H%M}", 0.05, subject=subject, time=at.isoformat()))
    return events


async def looping(server: Server, standing: StandingClock, usd_a_minute: float, minutes: int, name: str = "") -> int:
    """Let Mia's agent loop for some minutes, watched in each; return after how many it was first told of, or 0."""
    noticed = 0
    for minute in range(1, minutes + 1):
        call = usd(f"loop-{name}{standing.now():%H%M}", usd_a_minute, subject=MIA, use_case="nightly-crawl")
        await work(server, call)
        standing.advance(60)
        await run(server, server.governor.unusual.watch)
        if not noticed and await said(server):
            noticed = minute
    return noticed


@pytest.mark.parametrize("times", [2, 3])
async def test_a_runaway_at_twice_the_pace_of_the_bound_is_told_within_five_minutes(
    any_server: Server, standing: StandingClock, times: int
) -> None:
    """Five minutes were never so expensive for whoever works evenly: said once, with who, which model and what for."""
    await work(any_server, *even(standing.now(), MIA), *even(standing.now(), EVE))
    await run(any_server, any_server.governor.unusual.watch)
    standing.advance(62 * 60)
    noticed = await looping(any_server, standing, times * BOUND_USD / 60, 12)
    [alert] = await said(any_server)

    assert 1 <= noticed <= 5
    assert "within five minutes" in alert["title"]
    assert "the busiest five minutes of such hours came to 0.05 USD; such an hour comes to 0.6" in alert["reason"]
    assert ("hour", "mia@acme.example", "growth", "anthropic/claude-sonnet-4", "nightly-crawl") == tuple(
        alert["numbers"][name]
        for name in ("of", "driver_1_user", "driver_1_team", "driver_1_model", "driver_1_use_case")
    )


async def test_who_always_works_in_bursts_is_no_runaway(any_server: Server, standing: StandingClock) -> None:
    """An hour's work within five minutes alarms nobody where it always comes so, on this day as on all others."""
    await work(any_server, *usual(standing.now(), MIA))
    await run(any_server, any_server.governor.unusual.watch)
    standing.advance(1800)
    noticed = await looping(any_server, standing, 0.62 / 5, 5)

    assert 0 == noticed


async def test_the_bursts_of_a_long_past_are_learned_in_some_turns(
    server: Server, standing: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was reported day after day is read an hour at a time; until all of it is, no burst is taken for new."""
    monkeypatch.setattr(bursts, "ENTRIES_A_TURN", 100)
    for _ in range(20):
        await work(server, *(usd(f"{standing.now():%d}-{n}", 0.05, subject=MIA) for n in range(12)))
        standing.advance(86_400)
    learned = []
    for _ in range(4):
        await run(server, server.governor.unusual.watch)
        known = partial(bursts.are_bursts_learned, now=standing.now())
        learned.append(await server.governor.database.read(known))

    assert [False, False, True, True] == learned


async def test_a_runaway_at_the_end_of_an_hour_is_not_usual_in_the_next(
    server: Server, standing: StandingClock
) -> None:
    """It began three minutes before the hour: what those came to excuses nothing after it."""
    await work(server, *even(standing.now(), MIA))
    standing.advance(117 * 60)

    assert 1 <= await looping(server, standing, 2.5 * BOUND_USD / 60, 5) <= 5


async def test_bursts_are_known_to_whoever_takes_over(sqlite_url: str, tmp_path: Path, standing: StandingClock) -> None:
    """One worker has learned, another one notices, and after a restart a third one says nothing a second time."""
    settings = settings_for(sqlite_url, write_policies(tmp_path / "policies", QUOTAS))
    noticed = []
    async with running(settings, standing) as server:
        await work(server, *even(standing.now(), MIA))
        await run(server, server.governor.unusual.watch)
        keys = server.keys
    standing.advance(62 * 60)
    for worker in ("second", "third"):
        async with running(settings, standing, with_keys=False) as server:
            server.keys.update(keys)
            await looping(server, standing, 3 * BOUND_USD / 60, 5, worker)
            noticed.append(len(await said(server)))

    assert [1, 1] == noticed


async def test_two_workers_tell_of_a_runaway_once(database_url: str, tmp_path: Path, standing: StandingClock) -> None:
    """Both look in each minute: one learns and notices, the other one finds it done."""
    settings = settings_for(database_url, write_policies(tmp_path / "policies", QUOTAS))
    async with running(settings, standing) as one, running(settings, standing, with_keys=False) as other:
        other.keys.update(one.keys)
        await work(one, *even(standing.now(), MIA))
        standing.advance(62 * 60)
        for minute in range(8):
            await work(one, usd(f"loop-{minute}", 3 * BOUND_USD / 60, subject=MIA))
            standing.advance(60)
            await asyncio.gather(*(run(each, each.governor.unusual.watch) for each in (one, other)))
        alerts = await said(one)

    assert [{"user": "mia@acme.example"}] == [alert["scope"] for alert in alerts]
    assert alerts[0]["at"] <= (standing.now() - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
