"""Policies over the protocols that a forge speaks: HTTPS with a token, and SSH."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.world import StandingClock, running, settings_for
from tests.policies.git_server import PASSWORD, USER, certificate, https_server, ssh_command
from tests.policies.repository import PolicyRepository
from tests.policies.test_story import limit_of, settled, sync


@pytest.fixture
def forge(repository: PolicyRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the address of a forge that has the repository and wants a token, over HTTPS."""
    key, made = certificate(tmp_path)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(made))
    with https_server(repository.bare.parent, key, made) as address:
        yield address


async def test_commits_come_over_https_with_a_token(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock, forge: str
) -> None:
    """The token stands in the URL; a commit is fetched by its id, goes live, and the token is never shown."""
    place = f"git+https://{USER}:{PASSWORD}@{forge}/policies.git#main:governance"
    async with running(settings_for(sqlite_url, place), standing) as server:
        before = await limit_of(server)
        repository.limit(25)
        commit = repository.push("Raise the limit")
        found = await sync(server)
        await settled(standing, server)
        after = await limit_of(server)
        shown = server.governor.publisher.state.source

    assert "10" == before[1]
    assert ("live", commit) == (found["found"], found["commit"])
    assert (commit, "25") == after
    assert f"git+https://{forge}/policies.git#main:governance" == shown


async def test_a_token_that_was_revoked_is_a_repository_that_is_down(
    sqlite_url: str, standing: StandingClock, forge: str
) -> None:
    """What was live stays, nobody is asked for a password, and the message does not have it."""
    place = "git+https://{}:{}@{}/policies.git#main:governance"
    async with running(settings_for(sqlite_url, place.format(USER, PASSWORD, forge)), standing) as first:
        before = await limit_of(first)
    settings = settings_for(sqlite_url, place.format(USER, "revoked", forge))
    async with running(settings, standing, with_keys=False) as server:
        server.keys.update(first.keys)
        found = await sync(server)
        after = await limit_of(server)

    assert before == after
    assert "unreachable" == found["found"]
    assert "revoked" not in str(found)
    assert PASSWORD not in str(found)


async def test_commits_come_over_ssh(
    sqlite_url: str,
    repository: PolicyRepository,
    standing: StandingClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Git's own settings say how: an agent's keys, or another program in place of ``ssh``."""
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh_command(tmp_path)))
    place = f"git+ssh://git@forge.acme.example{repository.bare}#main:governance"
    async with running(settings_for(sqlite_url, place), standing) as server:
        repository.limit(25)
        commit = repository.push("Raise the limit")
        found = await sync(server)
        await settled(standing, server)
        after = await limit_of(server)

    assert ("live", commit) == (found["found"], found["commit"])
    assert (commit, "25") == after
    assert "git@forge.acme.example git-upload-pack" in (tmp_path / "asked").read_text()
