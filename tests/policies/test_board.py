"""The life of a policy change, from a board member's branch to the commit that decides, and back."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from governor.edges.cli.app import app
from tests.api.world import StandingClock, running, settings_for
from tests.policies.repository import SUITE, PolicyRepository
from tests.policies.test_story import limit_of, readiness, settled, sync

TRACE = Path(__file__).parents[3] / "shared" / "data" / "azure-2023-code.csv.gz"


def recorded_traffic(directory: Path) -> Path:
    """Return the code trace of Azure, which is kept beside the project; elsewhere one of its shape."""
    if TRACE.exists():
        return TRACE
    made = directory / "trace.csv"
    rows = (f"2023-11-16 18:{second // 60:02}:{second % 60:02}.0,{2_000 + second},28" for second in range(3_000))
    made.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]) + "\n")
    return made


def edit(path: Path, old: str, new: str) -> None:
    """Edit a file as somebody would in an editor."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


async def governor(*arguments: str | Path) -> Result:
    """Run a command as people do, while a server runs."""
    return await asyncio.to_thread(CliRunner().invoke, app, [str(each) for each in arguments])


async def test_a_change_is_checked_planned_merged_rewritten_and_taken_back(
    sqlite_url: str,
    repository: PolicyRepository,
    standing: StandingClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mia halves a limit on a branch; the plan says on real traffic what that refuses; only good commits decide."""
    git, folder = repository.git, repository.folder
    # The traffic is of 2023, and a few people ask for everybody.
    edit(folder / "organization.yaml", "from: 2026-01-01", "from: 2023-01-01")
    edit(folder / "organization.yaml", "allow: [openai/gpt-4o-mini]", "allow: [openai/gpt-4o-mini, anthropic/*]")
    edit(folder / "quotas.yaml", "limit: 500 requests", "limit: 5,000 requests")
    first = repository.push("What the traffic needs")
    async with running(settings_for(sqlite_url, repository.url()), standing) as server:
        # Mia's branch: nothing that she pushes there decides anything.
        git("switch", "--quiet", "--create", "lower-limits")
        edit(folder / "quotas.yaml", "limit: 10 USD", "limit: 5 USD")
        lowered = repository.push("Marketing needs less", branch="lower-limits")
        validated = await governor("validate", folder)
        tested = await governor("test", folder)
        revisions = ("--from", "main", "--to", "lower-limits", "--policies", folder)
        traffic = ("--trace", recorded_traffic(tmp_path), "--model", "claude-sonnet-4")
        planned = await governor("plan", *revisions, *traffic, "-o", "json")
        told = await governor("plan", *revisions, *traffic, "-o", "markdown")
        same = await governor("plan", "--from", "main", "--to", "main", "--policies", folder, *traffic)
        unmerged = await sync(server)

        # Somebody pushes straight to main: once what does not compile, once what its own tests forbid.
        git("switch", "--quiet", "main")
        (folder / "quotas.yaml").write_text("kind: Quota\nlimt: 3\n")
        repository.push("Straight to main")
        broken = await sync(server)
        git("reset", "--quiet", "--hard", first)
        (folder / "engineering.test.yaml").write_text(SUITE.replace("verdict: allow", "verdict: deny"))
        repository.push("A test that nobody ran")
        failing = await sync(server)
        meanwhile, said = await limit_of(server), await readiness(server)

        # The merge goes live; then its history is rewritten, which changes the commit and not what it says.
        git("reset", "--quiet", "--hard", first)
        git("merge", "--quiet", "--no-ff", "lower-limits", "--message", "Merge the lower limits")
        git("push", "--quiet", "--force", "origin", "main")
        await sync(server)
        await settled(standing, server)
        merged = await limit_of(server)
        rewritten_as = repository.push("Merge the lower limits, as the board decided", "--amend", branch="main")
        await sync(server)
        await settled(standing, server)
        rewritten = await limit_of(server)

        # Half is too little after all: what decided before the change decides again, until the branch moves.
        monkeypatch.setenv("GOVERNOR_CLOCK", standing.now().isoformat())
        monkeypatch.setenv("GOVERNOR_AUTH", "off")
        back = await governor(
            *("policies", "rollback", first[:10], "--reason", "the bots stand still", "--by", "eve"),
            *("--database", sqlite_url),
        )
        looked = await sync(server)
        await settled(standing, server)
        taken_back = await limit_of(server)
    log = json.loads((await governor("policies", "log", "--database", sqlite_url, "-o", "json")).stdout)["versions"]
    plan = json.loads(planned.stdout)

    assert (0, 0) == (validated.exit_code, tested.exit_code)
    assert (1, 1, 0) == (planned.exit_code, told.exit_code, same.exit_code), planned.output
    assert 3_000 <= plan["replay"]["before"]["requests"] == plan["replay"]["after"]["requests"]
    refused = plan["replay"]["effects"]["refused"]["requests"]
    assert 0 < refused == plan["replay"]["before"]["allowed"] - plan["replay"]["after"]["allowed"]
    assert f"{refused:,}" in told.stdout
    assert ("10 USD" in told.stdout, "5 USD" in told.stdout) == (True, True)
    assert ("unchanged", first) == (unmerged["found"], unmerged["commit"])
    assert ("refused", "refused") == (broken["found"], failing["found"])
    assert "engineering may use sonnet: verdict: expected deny, got allow" in failing["problems"][0]
    assert (first, "10") == meanwhile
    assert (True, True, False) == (said["ready"], said["degraded"], said["checks"]["policies"]["ok"])
    assert ("5", "5") == (merged[1], rewritten[1])
    assert lowered != merged[0] != rewritten[0] == rewritten_as
    assert (0, "unchanged") == (back.exit_code, looked["found"]), back.output
    assert (first, "10") == taken_back
    assert ["live", "live", "live", "refused", "refused", "live"] == [line["outcome"] for line in log]
    assert ("rollback", "eve", "the bots stand still") == tuple(log[0][name] for name in ("origin", "by", "reason"))
    assert log[1]["digest"] == log[2]["digest"] != log[-1]["digest"] == log[0]["digest"]


@pytest.mark.parametrize("commit", ["", "named"])
async def test_a_rollback_needs_no_repository(
    sqlite_url: str,
    repository: PolicyRepository,
    standing: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
    commit: str,
) -> None:
    """With the forge down at night, what decided yesterday decides again, on a server that has never seen it."""
    monkeypatch.setenv("GOVERNOR_CLOCK", standing.now().isoformat())
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    first = repository.git("rev-parse", "HEAD")
    places = ("--policies", repository.url(), "--database", sqlite_url)
    await governor("policies", "sync", *places)
    repository.limit(1)
    repository.push("Far too low")
    await governor("policies", "sync", *places)
    repository.bare.rename(repository.bare.with_suffix(".down"))
    named = (first[:10],) if commit else ()
    back = await governor("policies", "rollback", *named, "--reason", "bots stand still", *places)
    monkeypatch.delenv("GOVERNOR_AUTH")
    monkeypatch.delenv("GOVERNOR_CLOCK")
    async with running(settings_for(sqlite_url, repository.url()), standing) as server:
        await settled(standing, server)

        assert 0 == back.exit_code, back.output
        assert (first, "10") == await limit_of(server)
