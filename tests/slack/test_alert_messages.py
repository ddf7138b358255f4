"""Alerts in Slack: one message each, whatever happens between Slack's post and our record of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from governor.services.jobs import Job, Turn
from governor.services.run_jobs import LEASE_S, JobRunner
from tests.api.test_alerts import ALERTING, said, spend, usd, watch
from tests.api.world import Server, StandingClock, running, settings_for, write_policies
from tests.scheduler.workers import ALWAYS, KilledError, never
from tests.slack.fake.server import SlackServer
from tests.slack.fake.workspace import BOT_TOKEN


@dataclass(frozen=True)
class LastWords(Turn):
    """A turn whose worker is killed at the first write after Slack took a message."""

    slack: SlackServer

    async def write(self, function: Callable[[Connection], Any]) -> Any:
        """Write, as long as nothing was posted."""
        if self.slack.workspace.messages:
            raise KilledError
        return await Turn.write(self, function)


def runner(server: Server, clock: StandingClock, dies_of: SlackServer | None = None) -> JobRunner:
    """Return a worker that delivers alerts, and may be killed once one was posted."""
    governor = server.governor

    async def deliver(turn: Turn) -> str:
        if dies_of is not None:
            turn = LastWords(turn.now, governor.database, turn._lease, dies_of)
        return await governor.deliverer.deliver(turn)

    return JobRunner(
        [Job("deliver-alerts", ALWAYS, deliver)], governor.database, clock.now, never, lambda _: clock.time()
    )


@pytest.mark.parametrize("mishap", ["killed", "502"])
@pytest.mark.parametrize("channel_is", ["named", "known by id", "unreadable"])
async def test_what_was_posted_already_is_found(
    slack: SlackServer, sqlite_url: str, tmp_path: Path, mishap: str, channel_is: str
) -> None:
    """By a channel's name as by its id; where the app may post and not read, twice is better than not at all."""
    standing = StandingClock()
    workspace = slack.workspace
    workspace.clock.now_s = standing.time() - 5
    channel = workspace.add_channel("ai-spend")
    address = "slack:#ai-spend" if channel_is == "named" else f"slack:{channel}"
    quotas = ALERTING.replace("80%, of: used, notify: [webhook]", f'80%, of: used, notify: ["{address}"]')
    folder = write_policies(tmp_path / "posting", quotas)
    settings = settings_for(sqlite_url, folder, slack_bot_token=BOT_TOKEN, slack_api_url=slack.api_url)
    async with running(settings, standing) as server:
        await spend(server, usd("e-1", 8))
        await watch(server)
        if mishap == "killed":
            await runner(server, standing, dies_of=slack).run_due()
        else:
            workspace.fail("chat.postMessage", status=502, after=True)
            await runner(server, standing).run_due()
        [before] = (await said(server))[0]["deliveries"]
        if channel_is == "unreadable":
            workspace.fail("conversations.history", error="missing_scope")
        standing.advance(LEASE_S + 11)
        workspace.clock.now_s += LEASE_S + 11
        await runner(server, standing).run_due()
        [after] = (await said(server))[0]["deliveries"]

    assert [("waiting", 1), ("sent", 2)] == [(each["state"], each["tries"]) for each in (before, after)]
    assert (2 if channel_is == "unreadable" else 1) == len(workspace.posted(channel))
