"""A machine is refused: whoever answers for it is told, once in a period."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

from governor.edges.scheduler.jobs import jobs_of
from governor.services.run_jobs import JobRunner
from governor.store.slack_messages import count_waiting
from governor.wiring import Governor, open_governor
from tests.api.world import NOON, StandingClock, compile_here, running, settings_for
from tests.slack.fake.server import SlackServer
from tests.slack.hands import said
from tests.slack.world import MIA, SlackWorld, populate, slack_world, write_slack_policies

BOT = {"service_account": "triage-bot"}


async def told(world: SlackWorld) -> list[str]:
    """Let some time pass and return what the owner was told."""
    world.clock.advance(10)
    await noted(world.governor)
    await world.settled()
    return [said(one.blocks) for one in world.workspace.posted("U0EVE")]


async def noted(governor: Governor) -> None:
    """Let one process look at what was refused."""
    [reader] = [job for job in jobs_of(governor) if job.name == "note-refusals"]
    await JobRunner([reader], governor.database, governor.clock.now).run_due()


def without_slack(url: str, policies: Path, clock: StandingClock) -> AbstractAsyncContextManager[Governor]:
    """Open what ``governor scheduler`` runs jobs with, without a token."""
    return open_governor(settings_for(url, policies), clock, compile_here)


async def test_the_owner_is_told_once_a_period(sqlite_url: str, tmp_path: Path, slack: SlackServer) -> None:
    """However often it is refused, and by which worker; in the next period again."""
    policies = write_slack_policies(tmp_path / "policies")
    quotas = (policies / "quotas.yaml").read_text()
    (policies / "quotas.yaml").write_text(quotas.replace("limit: 500 requests", "limit: 1 requests"))
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        before = await told(world)
        for _ in range(3):
            await world.decide(subject=BOT, model="gpt-4o-mini")
        first = await told(world)
        await world.decide(subject=BOT, model="gpt-4o-mini")
        same_day = await told(world)
        world.clock.advance(timedelta(days=1).total_seconds())
        for _ in range(2):
            await world.decide(subject=BOT, model="gpt-4o-mini")
        next_day = await told(world)

    assert ([], 1, 1, 2) == (before, len(first), len(same_day), len(next_day))
    assert ":no_entry: *triage-bot* is refused: it asked for `openai/gpt-4o-mini`" in first[0]
    assert "has used" in first[0]


async def test_refusals_of_people_are_theirs_to_see(http_world: SlackWorld) -> None:
    """People read the answer themselves; their Home lists it."""
    await told(http_world)
    await http_world.decide(subject={"user": MIA})

    assert [] == await told(http_world)
    assert [] == http_world.workspace.posted("U0MIA")


async def test_what_was_refused_before_slack_was_connected_is_old_news(
    sqlite_url: str, policies: Path, slack: SlackServer
) -> None:
    """Nobody gets a year's refusals on the first day."""
    earlier = StandingClock(NOON - timedelta(days=2))
    async with running(settings_for(sqlite_url, policies), earlier) as server, server.client() as client:
        await client.post("/decide", json={"model": "nope", "subject": BOT, "input_tokens": 1})
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack, with_keys=False) as world:
        assert [] == await told(world)


async def test_whichever_process_notes_a_refusal_the_owner_is_told(
    sqlite_url: str, policies: Path, slack: SlackServer
) -> None:
    """A scheduler without the token stands beside a server that has it: what it notes first is told all the same."""
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        async with without_slack(sqlite_url, policies, world.clock) as scheduler:
            await noted(scheduler)
            await world.decide(subject=BOT, model="nope-1")
            world.clock.advance(10)
            await noted(scheduler)
        first = await told(world)

    assert 1 == len(first)


async def test_what_no_process_can_tell_is_forgotten(sqlite_url: str, policies: Path, slack: SlackServer) -> None:
    """Where there is no Slack nothing piles up: what waits for one is old news after a day."""
    clock = StandingClock()
    async with without_slack(sqlite_url, policies, clock) as governor:
        await noted(governor)
        async with running(governor.settings, clock) as server, server.client() as client:
            await client.post("/decide", json={"model": "nope", "subject": BOT, "input_tokens": 1})
        waiting = []
        for passed in (timedelta(seconds=10), timedelta(hours=23), timedelta(hours=2)):
            clock.advance(passed.total_seconds())
            await noted(governor)
            waiting.append(await governor.database.read(count_waiting))

    assert [1, 1, 0] == waiting


async def test_the_message_leads_to_why_and_to_an_exception(http_world: SlackWorld) -> None:
    """Both buttons work from a message."""
    await told(http_world)
    await http_world.decide(subject=BOT, model="nope-1")
    await told(http_world)
    [message] = http_world.workspace.posted("U0EVE")
    await http_world.hands.click("U0EVE", "why_decision", on=message)
    await http_world.settled()
    await http_world.hands.click("U0EVE", "request", on=message)
    await http_world.settled()
    why, form = http_world.workspace.views.values()

    assert "nope-1" in said(why.view)
    assert "Ask for an exception" in said(form.view)
