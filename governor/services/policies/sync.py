"""Look at the branch of the policy repository, and let its commit go live if it is valid and passes its own tests."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import structlog

from governor.clients.git import GitError
from governor.clients.git_remote import FetchedCommit, GitRemote, RepositoryError
from governor.compiler.load import Compiled
from governor.core.decisions.snapshot import Catalogues
from governor.core.policy.releases import Origin, Outcome, Release, SourceState
from governor.services.policies.publisher import Publisher
from governor.services.policies.suites import failing_cases
from governor.store.policy_releases import (
    find_releases,
    insert_release,
    last_sequence,
    read_live_release,
    read_source,
    write_source,
)
from governor.store.policy_versions import insert_policy_version

LEAD_S = 1.0
"""Every worker sees a release within a second; then it needs about as long as we did to compile it."""

PROBLEMS_MAX = 50
"""Problems of a refused commit that are kept; ``governor validate`` shows the others."""

_log = structlog.get_logger("governor.policies")


class Found(StrEnum):
    """What a look at the branch came to."""

    LIVE = "live"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a look at the branch came to.

    Attributes:
        found: In a word.
        commit: At which the branch stands, or ``""`` if the repository did not say.
        problems: Why it is not served, a sentence each.
    """

    found: Found
    commit: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a check of a commit came to."""

    digest: str = ""
    by: str = ""
    problems: tuple[str, ...] = ()
    compiled: Compiled | None = None


class PolicySyncer:
    """Releases the commits of one branch.

    Any number of workers may do this at once: releases are numbered without gaps, and the first to write one wins.

    Args:
        remote: The branch.
        publisher: Compiles, and knows database and clock.
        catalogues: A function of a module that makes the price catalogue, for the tests.
        allowed_signers: Whose SSH signature a commit needs; None: none.
    """

    def __init__(
        self,
        remote: GitRemote,
        publisher: Publisher,
        *,
        catalogues: Callable[[], Catalogues],
        allowed_signers: Path | None,
    ) -> None:
        self._remote = remote
        self._publisher = publisher
        self._database = publisher.database
        self._catalogues = catalogues
        self._allowed_signers = allowed_signers
        self._place = remote.place.shown
        self._one_at_a_time = asyncio.Lock()

    async def sync(self, *, again: bool = False) -> SyncResult:
        """Look at the branch, and release where it stands unless that was decided before.

        Args:
            again: Check a commit anew that was refused; otherwise it is tried when the branch has moved.
        """
        async with self._one_at_a_time:
            source = await self._database.read(lambda connection: read_source(connection, self._place))
            try:
                head = await asyncio.to_thread(self._remote.head)
                if head == source.head and not (again and await self._was_refused(head)):
                    return await self._unchanged(source)
                return await self._consider(head)
            except RepositoryError as error:
                # Not a warning: whoever asked is told, and each worker says it once, as long as it lasts.
                _log.info("policy_repository_unreadable", place=self._place, problem=error.message)
                await self._note(replace(source, problem=error.message))
                return SyncResult(Found.UNREACHABLE, source.head, (error.message,))

    async def _unchanged(self, source: SourceState) -> SyncResult:
        refused = await self._was_refused(source.head)
        # After a rollback the branch is not what is served, but somebody said so: it is confirmed until it moves.
        confirmed_at = source.confirmed_at if refused else self._publisher.now()
        await self._note(replace(source, confirmed_at=confirmed_at, problem=""))
        return SyncResult(Found.UNCHANGED, source.head)

    async def _was_refused(self, commit: str) -> bool:
        known = await self._database.read(lambda connection: find_releases(connection, commit))
        return bool(known) and known[0].outcome is Outcome.REFUSED

    async def _consider(self, head: str) -> SyncResult:
        live = await self._database.read(read_live_release)
        now = self._publisher.now()
        if live is not None and live.commit == head:
            # The branch went away and came back to what is served.
            await self._note(SourceState(head, now))
            return SyncResult(Found.UNCHANGED, head)
        began_s = time.monotonic()
        with ExitStack() as stack:
            fetched = await asyncio.to_thread(stack.enter_context, self._remote.fetched(head))
            verdict = await self._check(fetched)
        lead_s = LEAD_S + time.monotonic() - began_s if live is not None else 0.0
        if not await self._release(head, verdict, lead_s):
            return SyncResult(Found.UNCHANGED, head)
        found = Found.REFUSED if verdict.problems else Found.LIVE
        _log.info("policy_commit_checked", place=self._place, commit=head, found=found, problems=len(verdict.problems))
        return SyncResult(found, head, verdict.problems)

    async def _check(self, fetched: FetchedCommit) -> _Verdict:
        """Return what is wrong with a commit: its signature, its policies, or its own tests."""
        signer = ""
        if self._allowed_signers is not None:
            signer = await asyncio.to_thread(fetched.signer, self._allowed_signers)
            if not signer:
                message = (
                    "the commit is not signed by a listed key; sign it, or list its key in the file of "
                    "GOVERNOR_REQUIRE_SIGNED_COMMITS"
                )
                return _Verdict(problems=(message,))
        try:
            folder = await asyncio.to_thread(fetched.policies)
        except GitError as error:
            return _Verdict(problems=(error.message,))
        compiled = await self._publisher.compile(folder)
        if compiled.policies is None:
            return _Verdict(compiled.version, signer, tuple(str(problem) for problem in compiled.problems))
        failing = await failing_cases(folder, self._publisher.now(), self._catalogues)
        return _Verdict(compiled.version, signer, failing, compiled)

    async def _release(self, head: str, verdict: _Verdict, lead_s: float) -> bool:
        """Write down what a commit came to; False if another worker was faster."""
        now = self._publisher.now()
        compiled = verdict.compiled
        if compiled is not None:
            await self._database.write(
                lambda connection: insert_policy_version(connection, compiled.version, now, compiled.files)
            )
        release = Release(
            sequence=await self._database.read(last_sequence) + 1,
            commit=head,
            digest=verdict.digest,
            outcome=Outcome.REFUSED if verdict.problems else Outcome.LIVE,
            origin=Origin.BRANCH,
            decided_at=now,
            live_at=now + timedelta(seconds=lead_s),
            by=verdict.by,
            reason="\n".join(verdict.problems[:PROBLEMS_MAX]),
        )
        written = await self._database.write(lambda connection: insert_release(connection, release))
        if written:
            source = await self._database.read(lambda connection: read_source(connection, self._place))
            confirmed_at = source.confirmed_at if verdict.problems else now
            await self._note(SourceState(head, confirmed_at))
        return written

    async def _note(self, state: SourceState) -> None:
        state = replace(state, tried_at=self._publisher.now())
        await self._database.write(lambda connection: write_source(connection, self._place, state))
