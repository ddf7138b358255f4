"""A workspace and its server for every test of the Slack app."""

from collections.abc import AsyncIterator

import pytest

from governor.clients.slack import SlackClient, open_slack_client
from tests.slack.fake.server import SlackServer, slack_server
from tests.slack.fake.workspace import BOT_TOKEN, Workspace


@pytest.fixture
def workspace() -> Workspace:
    """Give an empty workspace."""
    return Workspace()


@pytest.fixture
async def slack(workspace: Workspace) -> AsyncIterator[SlackServer]:
    """Give the workspace's server, on a real port."""
    async with slack_server(workspace) as server:
        yield server


@pytest.fixture
async def client(slack: SlackServer) -> AsyncIterator[SlackClient]:
    """Give Governor's client of it; its pauses move the workspace's clock."""
    clock = slack.workspace.clock
    async with open_slack_client(BOT_TOKEN, slack.api_url, time_s=clock, pause=clock.pause) as client:
        yield client
