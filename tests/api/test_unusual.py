"""A runaway agent is noticed within minutes; drift is noticed once a week; digests survive whoever was down."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from governor.services import watch_budgets
from governor.services.run_jobs import JobRunner
from governor.store import spend as spending
from tests.api.test_alerts import said, spend, usd
from tests.api.test_usage import event
from tests.api.world import POLICIES, QUOTAS, Server, StandingClock, running, settings_for, write_policies
from tests.scheduler.workers import ALWAYS, worker

MIA = {"user": "mia@acme.example"}
FOUR_WEEKS = 28


async def run(server: Server, verb: Any) -> None:
    """Let one job run."""
    runner: JobRunner = worker(server.governor.database, server.governor.clock.now, verb, trigger=ALWAYS)
    await runner.run_due()


def usual(now: datetime, subject: dict[str, str], usd_an_hour: float = 0.5) -> list[dict[str, Any]]:
    """Return four weeks of work from 8 to 18 UTC, on every day, that varies by a quarter."""
    events = []
    for day in range(1, FOUR_WEEKS):
        for hour in range(8, 18):
            at = now.replace(hour=hour, minute=20) - timedelta(days=day)
            amount = usd_an_hour * (0.75 + (day * 7 + hour * 3) % 10 / 20)
            name = f"{subject['user']}-{at:%d-%H}"
            events.append(usd(name, amount, subject=subject, time=at.isoformat(), use_case="drafts"))
    return events


async def work(server: Server, *events: dict[str, Any]) -> None:
    """Report many events."""
    for start in range(0, len(events), 500):
        await spend(server, *events[start : start + 500])


async def runaway(
    server: Server, standing: StandingClock, minutes: int, usd_a_minute: float, use_case: str
) -> datetime | None:
    """Let Mia's agent spend for some minutes, watched in each; return when it was first told of."""
    noticed_at = None
    for minute in range(minutes):
        await spend(server, usd(f"loop-{minute}", usd_a_minute, subject=MIA, use_case=use_case))
        standing.advance(60)
        await run(server, server.governor.unusual.watch)
        if noticed_at is None and await said(server):
            noticed_at = standing.now()
    return noticed_at


async def test_a_runaway_agent_is_noticed_within_five_minutes(any_server: Server, standing: StandingClock) -> None:
    """Forty times the usual pace, from 14:00 on: said once, urgently, with who, which model and which use case."""
    await work(any_server, *usual(standing.now(), MIA), *usual(standing.now(), {"user": "eve@acme.example"}))
    standing.advance(2 * 3600)
    began_at = standing.now()
    noticed_at = await runaway(any_server, standing, 30, 0.5 * 40 / 60, "nightly-crawl")
    [alert] = await said(any_server)
    numbers = alert["numbers"]

    assert noticed_at is not None
    assert noticed_at - began_at <= timedelta(minutes=5)
    assert ("unusual_spend", {"user": "mia@acme.example"}, True) == (alert["kind"], alert["scope"], alert["urgent"])
    assert ("mia@acme.example", "growth", "anthropic/claude-sonnet-4", "nightly-crawl") == tuple(
        numbers[f"driver_1_{name}"] for name in ("user", "team", "model", "use_case")
    )
    assert "governor block create --user mia@acme.example" in alert["ways_out"][0]


async def test_usual_work_alarms_nobody(server: Server, standing: StandingClock) -> None:
    """A day like all others, hour by hour, to its busiest."""
    await work(server, *usual(standing.now(), MIA))
    for hour in range(6):
        await spend(server, usd(f"today-{hour}", 0.62, subject=MIA))
        standing.advance(60)
        await run(server, server.governor.unusual.watch)
        standing.advance(3540)

    assert [] == await said(server)


async def test_a_day_that_passes_all_others_is_noticed(server: Server, standing: StandingClock) -> None:
    """No hour stands out, and the day does."""
    await work(server, *usual(standing.now(), MIA))
    standing.advance(-11 * 3600)
    for number in range(24):
        await spend(server, usd(f"steady-{number}", 0.7, subject=MIA))
        standing.advance(60)
        await run(server, server.governor.unusual.watch)
        standing.advance(1740 if number < 20 else 1800)
    alerts = await said(server)

    assert {"day", "hour"} >= {alert["numbers"]["of"] for alert in alerts}
    assert 1 == len(alerts)


async def test_without_history_an_hour_is_measured_by_the_limit(any_server: Server, standing: StandingClock) -> None:
    """Nobody knows what is usual, and a tenth of the month's limit in one hour is worth a word: said once, of whom."""
    for number, amount in enumerate((9, 3, 3)):
        await spend(any_server, usd(f"first-{number}", amount))
        standing.advance(60)
        await run(any_server, any_server.governor.unusual.watch)
        if not number:
            assert [] == await said(any_server)
    [alert] = await said(any_server)

    assert {"user": "eve@acme.example"} == alert["scope"]
    assert alert["reason"].startswith(
        "nothing is known yet of such hours, and the monthly limit of Quota/department-spend is 100 USD; driven by eve"
    )
    assert ("hour", "12", "100") == tuple(alert["numbers"][name] for name in ("of", "spent", "limit"))


async def test_without_history_and_limit_nothing_is_expected(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """A new team's first expensive hour is no alarm; that it takes most of a day's limit is what days are for."""
    daily = "apiVersion: governor/v1\nkind: Quota\nname: daily\nlimit: 60 USD\nperiod: day\n"
    async with running(settings_for(sqlite_url, write_policies(tmp_path / "daily", daily)), standing) as server:
        await spend(server, usd("first", 50, subject=MIA))
        standing.advance(60)
        await run(server, server.governor.unusual.watch)

        assert [] == await said(server)


async def test_a_limit_for_a_use_case_measures_whoever_works_for_that_alone(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """Who does other work as well may spend more in an hour than a tenth of it."""
    small = "---\n{apiVersion: governor/v1, kind: Quota, name: small, applies_to: {use_case: drafts}, limit: 8 USD, "
    folder = write_policies(tmp_path / "small", f"{QUOTAS}{small}period: month}}\n")
    async with running(settings_for(sqlite_url, folder), standing) as server:
        await spend(server, usd("drafts", 5, use_case="drafts"), usd("other", 1, use_case="other"))
        await spend(server, usd("only", 6, subject=MIA, use_case="drafts"))
        standing.advance(60)
        await run(server, server.governor.unusual.watch)
        alerts = await said(server)

    assert [MIA] == [alert["scope"] for alert in alerts]
    assert "the monthly limit of Quota/small is 8 USD" in alerts[0]["reason"]


async def test_a_new_agent_is_measured_by_others(any_server: Server, standing: StandingClock) -> None:
    """Nobody has seen it before; it spends as much as ten of the busiest of all others, and is told within minutes."""
    await work(any_server, *usual(standing.now(), {"user": "eve@acme.example"}))
    began_at = standing.now()
    noticed_at = await runaway(any_server, standing, 8, 0.6 * 20 / 60, "new-pipeline")
    [alert] = await said(any_server)

    assert noticed_at is not None
    assert noticed_at - began_at <= timedelta(minutes=5)
    assert {"user": "mia@acme.example"} == alert["scope"]
    assert "such an hour of any other user comes to 0." in alert["reason"]


async def test_a_new_person_may_work_like_others(server: Server, standing: StandingClock) -> None:
    """As much as the busiest of others alarms nobody."""
    await work(server, *usual(standing.now(), {"user": "eve@acme.example"}))
    for minute in range(12):
        await spend(server, usd(f"new-{minute}", 0.05, subject=MIA))
        standing.advance(60)
        await run(server, server.governor.unusual.watch)

    assert [] == await said(server)


async def test_a_loud_crowd_hides_nobody(
    server: Server, standing: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many calls others make in the same minutes, all of a runaway's own are counted."""
    monkeypatch.setattr(spending, "ENTRIES_AT_A_TIME", 7)
    await work(server, *usual(standing.now(), MIA), *usual(standing.now(), {"user": "eve@acme.example"}))
    standing.advance(2 * 3600)
    for minute in range(4):
        await spend(server, usd(f"loop-{minute}", 0.5 * 40 / 60, subject=MIA))
        await spend(
            server, *(usd(f"crowd-{minute}-{n}", 0.0001, subject={"user": "eve@acme.example"}) for n in range(40))
        )
        standing.advance(60)
    await run(server, server.governor.unusual.watch)

    assert [{"user": "mia@acme.example"}] == [alert["scope"] for alert in await said(server)]


def calls(standing: StandingClock, days_ago: int, count: int, tokens: int) -> list[dict[str, Any]]:
    """Return calls of a use case."""
    at = standing.now() - timedelta(days=days_ago)
    counts = {"input_tokens": tokens, "output_tokens": 0}
    return [
        event(event_id=f"{days_ago}-{n}", time=at.isoformat(), use_case="support-triage", usage=counts)
        for n in range(count)
    ]


async def test_drift_of_tokens_for_the_same_work_is_noticed_once_a_week(
    server: Server, standing: StandingClock
) -> None:
    """The same use case and model takes half as many tokens again: its economics changed under the name."""
    await work(server, *calls(standing, 20, 250, 1000), *calls(standing, 3, 250, 1500))
    for _ in range(3):
        await run(server, server.governor.drift.watch)
    [alert] = await said(server)

    assert ("drift", {"use_case": "support-triage", "model": "anthropic/claude-sonnet-4"}) == (
        alert["kind"],
        alert["scope"],
    )
    assert ("1500", "1000", "50") == tuple(
        alert["numbers"][name] for name in ("tokens_per_request", "tokens_per_request_before", "percent")
    )


async def test_a_rename_hides_no_drift(server: Server, standing: StandingClock, policies: Path) -> None:
    """What was done under the old name is what the work under the new one is compared with."""
    renamed = "{apiVersion: governor/v1, kind: UseCase, name: helpdesk, formerly: [support-triage], owner: eve, "
    (policies / "use_cases.yaml").write_text(f"{renamed}stage: production, audience: customer}}")
    (policies / "organization.yaml").write_text(POLICIES.replace("support-triage", "helpdesk"))
    await work(server, *calls(standing, 20, 250, 1000))
    assert await server.governor.publisher.reload()
    await work(server, *({**each, "use_case": "helpdesk"} for each in calls(standing, 3, 250, 1500)))
    await run(server, server.governor.drift.watch)
    [alert] = await said(server)

    assert ("UseCase/helpdesk", "helpdesk") == (alert["policy"], alert["scope"]["use_case"])


async def test_little_work_and_little_change_are_no_drift(server: Server, standing: StandingClock) -> None:
    """A tenth more, and a handful of calls, say nothing."""
    await work(server, *calls(standing, 20, 250, 1000), *calls(standing, 3, 250, 1100))
    await run(server, server.governor.drift.watch)

    assert [] == await said(server)


async def test_digests_are_written_once_also_after_a_restart(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """Before eight in Berlin there is none; who starts at noon writes it; on Monday the week's comes too."""
    folder = write_policies(tmp_path / "digests", QUOTAS)
    settings = settings_for(sqlite_url, folder, digest_notify="log")
    titles = []
    async with running(settings, standing) as server:
        await spend(server, usd("e-1", 3), usd("e-2", 1, subject=MIA))
        standing.advance(18.5 * 3600)
        await run(server, server.governor.digests.write)
        titles.append([alert["title"] for alert in await said(server)])
        keys = server.keys
    async with running(settings, standing, with_keys=False) as server:
        server.keys.update(keys)
        standing.advance(6 * 3600)
        for _ in range(2):
            await run(server, server.governor.digests.write)
        digest = (await said(server))[-1]
        standing.advance(2 * 86_400)
        await run(server, server.governor.digests.write)
        titles.append([alert["title"] for alert in await said(server)])

    assert [] == titles[0]
    assert [
        "daily digest: 4 USD on 2026-11-20",
        "daily digest: 0 USD on 2026-11-21",
        "daily digest: 0 USD on 2026-11-22",
        "weekly digest: 4 USD in the week from 2026-11-16",
    ] == titles[1]
    assert ["engineering: 3 USD, before 0 USD", "marketing: 1 USD, before 0 USD"] == digest["reason"].splitlines()[:2]


async def test_digests_of_a_downtime_are_written_afterwards(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """From Friday noon until a Wednesday nobody runs: each day's, and both Mondays' weeks, in order and once."""
    settings = settings_for(sqlite_url, write_policies(tmp_path / "digests", QUOTAS), digest_notify="log")
    async with running(settings, standing) as server:
        await run(server, server.governor.digests.write)
        before = len(await said(server))
        await spend(server, usd("e-1", 3))
        standing.advance(4 * 86_400)
        await spend(server, usd("e-2", 5))
        standing.advance(8 * 86_400)
        for _ in range(2):
            await run(server, server.governor.digests.write)
        titles = [alert["title"] for alert in await said(server)][before:]
        standing.advance(400 * 86_400)
        await run(server, server.governor.digests.write)
        async with server.client(Role.VIEWER) as viewer:
            late = (await viewer.get("/alerts?limit=1000")).json()["alerts"]

    assert 1 == before
    assert 14 == len(titles)
    assert [
        "daily digest: 3 USD on 2026-11-20",
        "daily digest: 0 USD on 2026-11-21",
        "daily digest: 0 USD on 2026-11-22",
        "weekly digest: 3 USD in the week from 2026-11-16",
        "daily digest: 0 USD on 2026-11-23",
        "daily digest: 5 USD on 2026-11-24",
    ] == titles[:6]
    assert "weekly digest: 5 USD in the week from 2026-11-23" in titles
    kinds = [alert["title"].split()[0] for alert in late[: -before - 14]]
    assert (31, 53) == (kinds.count("daily"), kinds.count("weekly"))


async def test_who_first_wants_digests_gets_those_from_then_on(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """Weeks in which nobody got any are not told afterwards."""
    folder = write_policies(tmp_path / "digests", QUOTAS)
    async with running(settings_for(sqlite_url, folder), standing) as server:
        await run(server, server.governor.digests.write)
        standing.advance(20 * 86_400)
        await run(server, server.governor.digests.write)
    standing.advance(86_400)
    async with running(settings_for(sqlite_url, folder, digest_notify="log"), standing, with_keys=False) as server:
        server.keys[Role.VIEWER] = await server.make_key("another", Role.VIEWER)
        await run(server, server.governor.digests.write)

        assert ["daily digest: 0 USD on 2026-12-10"] == [alert["title"] for alert in await said(server)]


async def test_a_digest_names_the_fullest_of_all_budgets(
    sqlite_url: str, tmp_path: Path, standing: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if more others than are read at a time come before it by name."""
    monkeypatch.setattr(watch_budgets, "BUDGETS_WATCHED", 2)
    monkeypatch.setattr(watch_budgets, "PAGE_MAX", 2, raising=False)
    last = "---\napiVersion: governor/v1\nkind: Quota\nname: z-last\nlimit: 5 USD\nperiod: month\n"
    folder = write_policies(tmp_path / "digests", QUOTAS + last)
    async with running(settings_for(sqlite_url, folder, digest_notify="log"), standing) as server:
        await spend(server, usd("e-1", 4.5))
        await run(server, server.governor.digests.write)
        [digest] = await said(server)

    assert "z-last of everyone: 90% taken" in digest["reason"].splitlines()
