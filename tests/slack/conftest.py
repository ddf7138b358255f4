"""A workspace and its server for every test of the Slack app."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from governor.clients.slack import SlackClient, open_slack_client
from tests.api.world import Server, StandingClock, running, settings_for
from tests.slack.fake.server import SlackServer, slack_server
from tests.slack.fake.workspace import BOT_TOKEN, Workspace
from tests.slack.world import SlackWorld, populate, slack_world, write_slack_policies


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


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment's own settings out of the tests."""
    for name in list(os.environ):
        if name.startswith("GOVERNOR_") and name != "GOVERNOR_TEST_POSTGRES":
            monkeypatch.delenv(name)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give a folder with an organisation whose people are in Slack."""
    return write_slack_policies(tmp_path / "policies")


@pytest.fixture(params=["http", "socket"])
async def world(
    request: pytest.FixtureRequest, sqlite_url: str, policies: Path, slack: SlackServer
) -> AsyncIterator[SlackWorld]:
    """Give a server that Slack talks to, over HTTP and over Socket Mode."""
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack, over_socket=request.param == "socket") as world:
        yield world


@pytest.fixture
async def http_world(sqlite_url: str, policies: Path, slack: SlackServer) -> AsyncIterator[SlackWorld]:
    """Give a server that Slack talks to over HTTP."""
    populate(slack.workspace)
    async with slack_world(sqlite_url, policies, slack) as world:
        yield world


@pytest.fixture
async def server_without_slack(sqlite_url: str, policies: Path) -> AsyncIterator[Server]:
    """Give a server that is not connected to Slack."""
    async with running(settings_for(sqlite_url, policies), StandingClock()) as server:
        yield server
