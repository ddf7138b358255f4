"""Policies from a git repository: every worker decides by the commit that the database says is live.

Whoever syncs (the scheduler, a webhook, a command) writes a release; every worker reads releases more than twice a
second, prepares the new one beside the present, and swaps when it goes live. So all serve the same version within a
second, a restart needs no repository, and a commit that is refused changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from governor.clients.git_remote import RepositoryError
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import GovernorError, LedgerUnavailableError
from governor.core.policy.place import GitPlace
from governor.core.policy.releases import Outcome, Release, SourceState
from governor.services.policies.publisher import Publisher, swapped
from governor.services.policies.state import InvalidPoliciesError, PolicyState
from governor.services.policies.stored import UnknownVersionError, stored_snapshot
from governor.services.policies.sync import Found, PolicySyncer
from governor.services.refresher import Refresher
from governor.services.snapshots import Snapshots
from governor.store.policy_releases import find_releases, read_live_release, read_source

NOT_KEPT = "why it was refused is not kept; have it checked again with `governor policies sync`"
"""What is wrong with a commit whose record is old, or was written by hand."""

_log = structlog.get_logger("governor.policies")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database says."""

    live: Release | None
    source: SourceState
    head: Release | None


class RepositoryPolicies:
    """Keeps the snapshot of a worker equal to the live release. Made by ``open_repository``.

    Args:
        place: Of the policies.
        publisher: Compiles, and knows database and clock.
        syncer: Looks at the branch.
        snapshots: Where the snapshot that decides is swapped.
        release: That the present snapshot was made from.
        pause: Waits some seconds between two looks at the database.
    """

    def __init__(
        self,
        *,
        place: GitPlace,
        publisher: Publisher,
        syncer: PolicySyncer,
        snapshots: Snapshots,
        release: Release,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.snapshots = snapshots
        self.syncer = syncer
        self.state = PolicyState(release.commit, snapshots.confirmed_at, source=place.shown, digest=release.digest)
        self._place = place.shown
        self._publisher = publisher
        self._served = release.sequence
        self._coming: tuple[Release, asyncio.Task[Snapshot]] | None = None
        self._refresher = Refresher("policy releases", self._read, self._take, pause)

    async def start(self) -> None:
        """Follow the releases until ``stop``."""
        await self._refresher.start()

    async def stop(self) -> None:
        """Stop following."""
        await self._refresher.stop()
        if self._coming is not None:
            self._coming[1].cancel()
            await asyncio.gather(self._coming[1], return_exceptions=True)

    async def reload(self) -> bool:
        """Look at the branch now, also at a commit that was refused; whether it is what is served or about to be."""
        result = await self.syncer.sync(again=True)
        await self._refresher.refresh()
        return result.found in {Found.LIVE, Found.UNCHANGED}

    async def settle(self) -> None:
        """Wait until a release that is known has been prepared, and let it decide if its time has come."""
        if self._coming is not None:
            await asyncio.gather(self._coming[1], return_exceptions=True)
        await self._refresher.refresh()

    def _read(self) -> _Seen:
        return self._publisher.database.read_now(self._look)

    def _look(self, connection: Connection) -> _Seen:
        source = read_source(connection, self._place)
        known = find_releases(connection, source.head) if source.head else []
        return _Seen(read_live_release(connection), source, known[0] if known else None)

    def _take(self, seen: _Seen) -> None:
        if seen.live is not None and seen.live.sequence > self._served:
            self._follow(seen.live)
        if seen.source.confirmed_at is not None:
            self.snapshots.confirm(seen.source.confirmed_at)
        self._judge(seen)

    def _follow(self, release: Release) -> None:
        """Prepare a release beside the present one, and swap when both it and its time have come."""
        if self._coming is None or self._coming[0].sequence != release.sequence:
            if self._coming is not None:
                self._coming[1].cancel()
            task = asyncio.create_task(self._prepare(release), name="policy release")
            self._coming = (release, task)
            return
        task = self._coming[1]
        now = self._publisher.now()
        if not task.done() or now < release.live_at:
            return
        self._coming = None
        try:
            snapshot = task.result()
        except (SQLAlchemyError, LedgerUnavailableError) as error:
            _log.warning("policies_wait_for_database", version=release.commit, problem=type(error).__name__)
            return
        except GovernorError as error:
            # Checked by a worker of another version: what is served stays, and it is tried again.
            _log.exception("policy_release_unusable", version=release.commit, problem=error.message)
            return
        self._served = release.sequence
        self.state = swapped(self.snapshots, snapshot, replace(self.state, digest=release.digest), now)

    async def _prepare(self, release: Release) -> Snapshot:
        snapshot = await stored_snapshot(self._publisher, release)
        await self._publisher.make_ready(snapshot, self.snapshots.current)
        return snapshot

    def _judge(self, seen: _Seen) -> None:
        """Say what is wrong with the branch as it is now."""
        problems: tuple[str, ...] = ()
        commit = ""
        if seen.source.problem:
            problems = (f"the repository cannot be read: {seen.source.problem}",)
        elif seen.head is not None and seen.head.outcome is Outcome.REFUSED:
            problems, commit = tuple(seen.head.reason.splitlines()) or (NOT_KEPT,), seen.head.commit
        if (problems, commit) == (self.state.problems, self.state.refused):
            return
        failures = self.state.failures + (1 if problems else 0)
        self.state = replace(self.state, problems=problems, refused=commit, failures=failures)
        if problems:
            _log.error("policies_refused", kept=self.state.version, refused=commit, first=problems[0])


async def open_repository(
    place: GitPlace, publisher: Publisher, syncer: PolicySyncer, *, policy_age_max: timedelta | None
) -> RepositoryPolicies:
    """Begin with the commit that was last live, or with where the branch stands if none ever was.

    Raises:
        InvalidPoliciesError: If there is no commit that can be served: a server never starts without policies.
        RepositoryError: If none was ever live and the repository cannot be read.
    """
    release = await publisher.database.read(read_live_release)
    if release is None:
        release = await _first_release(place, publisher, syncer)
    try:
        snapshot = await stored_snapshot(publisher, release)
    except (InvalidPoliciesError, UnknownVersionError) as error:
        _log.warning("stored_policies_unusable", version=release.commit, problem=error.code)
        await syncer.sync(again=True)
        newer = await publisher.database.read(read_live_release)
        if newer is None or newer.sequence == release.sequence:
            raise
        release, snapshot = newer, await stored_snapshot(publisher, newer)
    await publisher.make_ready(snapshot, None)
    source = await publisher.database.read(lambda connection: read_source(connection, place.shown))
    snapshots = Snapshots(snapshot, source.confirmed_at or release.decided_at, policy_age_max)
    return RepositoryPolicies(place=place, publisher=publisher, syncer=syncer, snapshots=snapshots, release=release)


async def _first_release(place: GitPlace, publisher: Publisher, syncer: PolicySyncer) -> Release:
    result = await syncer.sync(again=True)
    release = await publisher.database.read(read_live_release)
    if release is not None:
        return release
    if result.found is Found.UNREACHABLE:
        raise RepositoryError(f"no policies were ever live, and `{place.shown}` cannot be read: {result.problems[0]}")
    lines = "\n".join(result.problems)
    raise GovernorError(
        f"commit {result.commit[:12]} of `{place.shown}` cannot be served; mend it and start again\n{lines}",
        code="invalid_policies",
    )
