"""Thousands of policies are compiled and published while decisions go on: none waits for it, none is half old."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from governor.compiler.load import Compiled, compile_folder
from governor.compiler.worker import CompilerCrashError, compile_in_process
from governor.core.decisions.snapshot import NO_CATALOGUES, Catalogues
from governor.services.decide import Decider
from governor.services.policies.folder import FolderPolicies, publish_folder
from governor.services.policies.publisher import Publisher
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from tests.conftest import FakeClock
from tests.decisions.story import DEADLINE_MS, START, Story

POLICIES = int(os.environ.get("GOVERNOR_TEST_RELOAD_POLICIES", "20000"))
ASKED = {"user": "mia", "model": "small", "input_tokens": 10, "max_output_tokens": 10}
COMPANY = "apiVersion: governor/v1\nkind: Quota\nname: company\nlimit: {limit} requests\nperiod: month\n---\n"
ALL = 'apiVersion: governor/v1\nkind: ModelAllowlist\nname: all\nallow: ["*"]\n'
CUSTOMER = """\
---
apiVersion: governor/v1
kind: Quota
name: customer-{number}
applies_to: {{tags.customer: c-{number}}}
limit: {number} USD
period: month
"""


@pytest.fixture
def clock() -> FakeClock:
    """Give the ledger a clock that stands where stories begin."""
    return FakeClock(START.timestamp())


def no_catalogues() -> Catalogues:
    """Use no price catalogue."""
    return NO_CATALOGUES


def now() -> datetime:
    """Return the instant of every story's beginning."""
    return START.astimezone(UTC)


async def published(folder: Path, database: Database, compile_policies: Any) -> FolderPolicies:
    """Publish a folder for the first time."""
    publisher = Publisher(catalogues=no_catalogues, compile_policies=compile_policies, database=database, now=now)
    return await publish_folder(folder, publisher, policy_age_max=None)


async def test_decisions_are_answered_while_thousands_of_policies_are_compiled(
    sql_ledger: SqlLedger, database: Database, tmp_path: Path
) -> None:
    """One after the other is answered by the old policies until the new ones are whole; then by those, at once."""
    folder = tmp_path / "policies"
    folder.mkdir()
    story = Story(folder, COMPANY.format(limit=1_000_000) + ALL, ledger_of=lambda _: sql_ledger)
    publisher = await published(folder, database, compile_in_process)
    decider = Decider(publisher.snapshots, sql_ledger, deadline_ms=DEADLINE_MS)
    old = publisher.state.version
    (folder / "customers.yaml").write_text("".join(CUSTOMER.format(number=number) for number in range(1, POLICIES)))
    (folder / "case.yaml").write_text(COMPANY.format(limit=2_000_000) + ALL)
    reload = asyncio.create_task(publisher.reload())
    versions: list[str] = []
    while not reload.done():
        answer = await story.decide(ASKED, decider=decider)
        assert ("allow", False) == (answer["verdict"], answer["degraded"])
        versions.append(answer["policy_version"])
    last = await story.decide(ASKED, decider=decider)
    new = publisher.state.version

    assert await reload
    assert versions.count(old) >= 100
    assert sorted(versions, key=[old, new].index) == versions
    assert (new, "2000000") == (last["policy_version"], last["budgets"][0]["limit"])
    assert POLICIES == len(publisher.snapshots.current.policies.quotas)


async def test_a_compiler_that_dies_leaves_the_old_policies_and_is_tried_again(
    database: Database, tmp_path: Path
) -> None:
    """The same content is loaded at the next look, without anybody touching the folder (opa#2220)."""
    folder = tmp_path / "policies"
    folder.mkdir()
    Story(folder, COMPANY.format(limit=1) + ALL)
    crashes: list[bool] = []

    async def compile_here(path: Path, at: datetime, _catalogues: object) -> Compiled:
        if crashes:
            crashes.pop()
            raise CompilerCrashError("killed for want of memory")
        return compile_folder(path, at)

    publisher = await published(folder, database, compile_here)
    old = publisher.state.version
    (folder / "case.yaml").write_text(COMPANY.format(limit=2) + ALL)
    crashes.append(True)
    with pytest.raises(CompilerCrashError):
        await publisher.look()
    kept = publisher.snapshots.current.version
    await publisher.look()

    assert old == kept
    assert publisher.snapshots.current.version not in {"", old}


async def test_a_folder_mended_back_to_what_is_served_is_valid_again(database: Database, tmp_path: Path) -> None:
    """A revert to the very text in force clears the problems, although there is nothing to publish (opa#2220)."""
    folder = tmp_path / "policies"
    folder.mkdir()
    Story(folder, COMPANY.format(limit=1) + ALL)

    async def compile_here(path: Path, at: datetime, _catalogues: object) -> Compiled:
        return compile_folder(path, at)

    publisher = await published(folder, database, compile_here)
    good = (folder / "case.yaml").read_text()
    version = publisher.state.version
    (folder / "case.yaml").write_text("kind: [")
    await publisher.look()
    broken = publisher.state
    (folder / "case.yaml").write_text(good)
    await publisher.look()

    assert (False, 1) == (broken.valid, broken.failures)
    assert (True, version) == (publisher.state.valid, publisher.state.version)
    assert version == publisher.snapshots.current.version
