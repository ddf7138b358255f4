"""A board edits its policies in git: what goes live, what is refused, and how everything converges again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from governor.core.errors import GovernorError
from governor.core.keys import Role
from governor.services.policies.repository import RepositoryPolicies
from governor.store.policy_releases import list_releases
from governor.store.policy_versions import list_policy_versions
from governor.store.tables import POLICY_RELEASES
from tests.api.world import Server, StandingClock, question, running, settings_for
from tests.policies.repository import SUITE, PolicyRepository
from tests.scheduler.workers import ALWAYS
from tests.scheduler.workers import worker as a_worker


@pytest.fixture
async def workers(
    database_url: str, repository: PolicyRepository, standing: StandingClock
) -> AsyncIterator[tuple[Server, Server]]:
    """Give two workers of one database, whose policies come from the repository."""
    async with AsyncExitStack() as stack:
        settings = settings_for(database_url, repository.url())
        first = await stack.enter_async_context(running(settings, standing))
        second = await stack.enter_async_context(running(settings, standing, with_keys=False))
        second.keys.update(first.keys)
        yield first, second


def source(server: Server) -> RepositoryPolicies:
    """Return where a worker's policies come from."""
    publisher = server.governor.publisher
    assert isinstance(publisher, RepositoryPolicies)
    return publisher


async def sync(server: Server) -> dict[str, Any]:
    """Let an admin ask for a look at the branch."""
    async with server.client(Role.ADMIN) as client:
        response = await client.post("/policies/sync")
    assert 200 == response.status_code
    answer: dict[str, Any] = response.json()
    return answer


async def settled(standing: StandingClock, *workers: Server) -> None:
    """Let the next minute begin on every worker: what was released is prepared and live."""
    for worker in workers:
        await source(worker).settle()
    standing.advance(60)
    for worker in workers:
        await source(worker).settle()


async def limit_of(server: Server) -> tuple[str, str]:
    """Return the version that decides, and the limit of marketing."""
    asked = question(subject={"user": "mia@acme.example"}, model="gpt-4o-mini")
    async with server.client() as client:
        answer = (await client.post("/decide", json=asked)).json()
    [limit] = [budget["limit"] for budget in answer["budgets"] if budget["policy"] == "Quota/department-spend"]
    return answer["policy_version"], limit


def refused_by_metric(exposition: str) -> list[tuple[str, str]]:
    """Return the commits that a scrape calls refused, each with why."""
    return [
        (sample.labels["commit"], sample.labels["problem"])
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == "governor_policy_refused_info"
    ]


async def readiness(server: Server) -> dict[str, Any]:
    """Return what ``/readyz`` says."""
    async with server.client(None) as client:
        response = await client.get("/readyz")
    return {"status": response.status_code, **response.json()}


async def test_a_commit_goes_live_on_every_worker_and_every_decision_names_it(
    workers: tuple[Server, Server], repository: PolicyRepository, standing: StandingClock
) -> None:
    """A merged limit counts everywhere; the explanation gives commit, digest and the text of that time."""
    first, second = workers
    before = await limit_of(second)
    repository.limit(25)
    commit = repository.push("Raise the limit of departments")
    found = await sync(first)
    await settled(standing, first, second)
    asked = question(subject={"user": "mia@acme.example"}, model="gpt-4o-mini")
    async with second.client() as client:
        decision = (await client.post("/decide", json=asked)).json()
    async with first.client(Role.VIEWER) as client:
        explained = (await client.get(f"/decisions/{decision['decision_id']}")).json()

    assert ("live", commit) == (found["found"], found["commit"])
    assert "10" == before[1]
    assert [(commit, "25")] * 2 == [await limit_of(first), await limit_of(second)]
    assert commit == explained["policy_version"]
    assert source(first).state.digest == explained["policy_digest"]
    assert any("limit: 25 USD" in policy["text"] for policy in explained["policies"])


@pytest.mark.parametrize("how", ["invalid", "failing test", "no policies"])
async def test_a_commit_that_is_not_good_leaves_the_last_good_one(
    workers: tuple[Server, Server], repository: PolicyRepository, standing: StandingClock, how: str
) -> None:
    """Readiness, a metric and the list of policies say which commit and why; the next good one heals it."""
    first, second = workers
    good = await limit_of(first)
    if how == "invalid":
        (repository.folder / "quotas.yaml").write_text("kind: Quota\nlimt: 3\n")
    elif how == "failing test":
        (repository.folder / "engineering.test.yaml").write_text(SUITE.replace("verdict: allow", "verdict: deny"))
    else:
        repository.git("rm", "--quiet", "-r", "--force", "governance")
    broken = repository.push("A broken commit")
    found = await sync(first)
    await settled(standing, first, second)
    said = [await readiness(worker) for worker in workers]
    async with second.client(None) as client:
        metrics = (await client.get("/metrics")).text
    served = [await limit_of(worker) for worker in workers]
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.limit(30)
    mended = repository.push("Mend it")
    await sync(second)
    await settled(standing, first, second)
    async with second.client(None) as client:
        mended_metrics = (await client.get("/metrics")).text

    assert ("refused", broken) == (found["found"], found["commit"])
    assert found["problems"]
    assert [good, good] == served
    assert [(200, True, True)] * 2 == [(each["status"], each["ready"], each["degraded"]) for each in said]
    assert all(broken in each["checks"]["policies"]["facts"]["problem"] for each in said)
    assert [(broken, found["problems"][0])] == refused_by_metric(metrics)
    assert [] == refused_by_metric(mended_metrics)
    assert [(mended, "30")] * 2 == [await limit_of(worker) for worker in workers]
    assert (await readiness(first))["checks"]["policies"]["ok"]


async def test_a_commit_is_refused_also_where_nobody_kept_why(
    workers: tuple[Server, Server], repository: PolicyRepository, standing: StandingClock
) -> None:
    """An old record has no reason: readiness and the metrics name the commit, and both go on answering."""
    first, second = workers
    (repository.folder / "quotas.yaml").write_text("kind: Quota\nlimt: 3\n")
    broken = repository.push("A broken commit")
    await sync(first)
    forget = update(POLICY_RELEASES).where(POLICY_RELEASES.c.commit_id == broken).values(reason="")
    await first.governor.database.write(lambda connection: connection.execute(forget))
    await settled(standing, second)
    said = await readiness(second)
    async with second.client(None) as client:
        metrics = await client.get("/metrics")

    assert (True, 200) == (said["degraded"], metrics.status_code)
    assert [(broken, "why it was refused is not kept; have it checked again with `governor policies sync`")] == (
        refused_by_metric(metrics.text)
    )


async def test_a_refused_commit_is_tried_again_when_the_branch_moves_and_when_it_is_asked_for(
    workers: tuple[Server, Server], repository: PolicyRepository, standing: StandingClock
) -> None:
    """A look finds it as it was; a force-push away and back tries it anew (opa#2220)."""
    first, _ = workers
    good = repository.git("rev-parse", "HEAD")
    (repository.folder / "quotas.yaml").write_text("kind: Quota\nlimt: 3\n")
    broken = repository.push("A broken commit")
    await sync(first)
    looked = await source(first).syncer.sync()
    asked = await sync(first)
    repository.git("reset", "--quiet", "--hard", good)
    repository.git("push", "--quiet", "--force", "origin", "HEAD")
    back = await sync(first)
    await settled(standing, *workers)

    assert ("unchanged", "refused", "unchanged") == (looked.found, asked["found"], back["found"])
    assert broken == asked["commit"]
    assert (True, good) == (source(first).state.valid, source(first).state.version)


async def test_rewritten_history_and_empty_commits_converge(
    workers: tuple[Server, Server], repository: PolicyRepository, standing: StandingClock
) -> None:
    """A rebased branch, a force-push and a commit that changes nothing are commits like others; one text is kept."""
    first, second = workers
    repository.limit(25)
    repository.push("Raise the limit")
    await sync(first)
    await settled(standing, first, second)
    amended = repository.push("Raise the limit, with a better message", "--amend")
    await sync(second)
    await settled(standing, first, second)
    digest = source(first).state.digest
    empty = repository.push("Nothing changed")
    await sync(first)
    await settled(standing, first, second)
    database = first.governor.database
    texts = await database.read(lambda connection: list_policy_versions(connection, limit=10))
    releases = await database.read(lambda connection: list_releases(connection, limit=10))

    assert amended != empty
    assert [(empty, "25")] * 2 == [await limit_of(worker) for worker in workers]
    assert digest == source(second).state.digest
    assert (4, 2) == (len({release.commit for release in releases}), len(texts))
    assert {digest, releases[-1].digest} == {version for version, _ in texts}


async def test_a_branch_that_is_renamed_is_named_and_comes_back(
    workers: tuple[Server, Server], repository: PolicyRepository
) -> None:
    """Until the branch is there again the last good commit decides, and the problem lists what branches there are."""
    first, _ = workers
    version, _ = await limit_of(first)
    repository.git("push", "--quiet", "origin", "HEAD:trunk")
    repository.git("push", "--quiet", "origin", "--delete", "main")
    gone = await sync(first)
    await source(first).settle()
    said = await readiness(first)
    repository.git("push", "--quiet", "origin", "HEAD:main")
    await sync(first)
    await source(first).settle()

    assert "unreachable" == gone["found"]
    assert "no branch `main`; it has trunk" in gone["problems"][0]
    assert (200, True) == (said["status"], said["degraded"])
    assert version == (await limit_of(first))[0]
    assert (await readiness(first))["checks"]["policies"]["ok"]


async def test_a_restart_while_the_repository_is_down_serves_the_last_good_commit(
    database_url: str, repository: PolicyRepository, standing: StandingClock
) -> None:
    """The text comes from the database; without any, the server says why it cannot start."""
    settings = settings_for(database_url, repository.url(), max_policy_age="10 minutes")
    async with running(settings, standing) as server:
        served = await limit_of(server)
    repository.bare.rename(repository.bare.with_suffix(".gone"))
    async with running(settings, standing, with_keys=False) as again:
        again.keys.update(server.keys)
        restarted = await limit_of(again)
        found = await source(again).syncer.sync()
        standing.advance(601)
        stale = await readiness(again)
        async with again.client() as client:
            decision = (await client.post("/decide", json=question())).json()

    assert served == restarted
    assert "unreachable" == found.found
    assert (503, True) == (stale["status"], stale["checks"]["policies"]["facts"]["stale"])
    assert decision["stale_policy"]


async def test_a_server_without_any_policies_does_not_start(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock
) -> None:
    """A first start needs the repository, and a commit that can be served."""
    (repository.folder / "quotas.yaml").write_text("kind: Quota\nlimt: 3\n")
    repository.push("A broken commit")
    with pytest.raises(GovernorError, match="cannot be served") as refused:
        async with running(settings_for(sqlite_url, repository.url()), standing):
            pass
    missing = settings_for(sqlite_url, repository.url().replace("policies.git", "other.git"))
    with pytest.raises(GovernorError, match="cannot be read") as unreachable:
        async with running(missing, standing):
            pass

    assert "quotas.yaml" in refused.value.message
    assert "does not appear to be a git repository" in unreachable.value.message


async def test_a_refused_commit_is_told_once(
    workers: tuple[Server, Server], repository: PolicyRepository, standing: StandingClock
) -> None:
    """Whoever is told of what no quota names anybody for hears which commit and why, also in quiet hours, once."""
    (repository.folder / "quotas.yaml").write_text("kind: Quota\nlimt: 3\n")
    broken = repository.push("A broken commit")
    for worker in (*workers, *workers):
        job = a_worker(worker.governor.database, standing.now, worker.governor.refused_policies.sync, trigger=ALWAYS)
        await job.run_due()
        standing.advance(60)
    async with workers[0].client(Role.VIEWER) as client:
        found = (await client.get("/alerts")).json()["alerts"]

    assert [("policies_refused", True)] == [(alert["kind"], alert["urgent"]) for alert in found]
    assert f"commit {broken[:12]} of the policies is refused; the last good one decides" == found[0]["title"]
    assert found[0]["reason"].startswith("quotas.yaml:1:1 error missing-field")
