"""Servers whose policies come from a repository."""

import os
from pathlib import Path

import pytest

from tests.api.world import StandingClock
from tests.policies.repository import PolicyRepository


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment's own settings out of the tests."""
    for name in list(os.environ):
        if name.startswith("GOVERNOR_") and name != "GOVERNOR_TEST_POSTGRES":
            monkeypatch.delenv(name)


@pytest.fixture
def standing() -> StandingClock:
    """Give a clock that stands at noon of 2026-11-20."""
    return StandingClock()


@pytest.fixture
def repository(tmp_path: Path) -> PolicyRepository:
    """Give a repository with one good commit."""
    directory = tmp_path / "git"
    directory.mkdir()
    made = PolicyRepository(directory)
    made.push("The board's first policies")
    return made
