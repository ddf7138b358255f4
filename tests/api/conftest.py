"""Servers for the tests of the HTTP door."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.world import Server, StandingClock, running, settings_for, write_policies


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment's own settings out of the tests."""
    for name in list(os.environ):
        if name.startswith("GOVERNOR_") and name != "GOVERNOR_TEST_POSTGRES":
            monkeypatch.delenv(name)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give a folder with a small organisation."""
    return write_policies(tmp_path / "policies")


@pytest.fixture
def standing() -> StandingClock:
    """Give a clock that stands at noon of 2026-11-20."""
    return StandingClock()


@pytest.fixture
async def server(sqlite_url: str, policies: Path, standing: StandingClock) -> AsyncIterator[Server]:
    """Give a server on SQLite, whose clock stands still."""
    async with running(settings_for(sqlite_url, policies), standing) as server:
        yield server


@pytest.fixture
async def any_server(database_url: str, policies: Path, standing: StandingClock) -> AsyncIterator[Server]:
    """Give a server on each kind of database."""
    async with running(settings_for(database_url, policies), standing) as server:
        yield server
