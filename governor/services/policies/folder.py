"""Policies from a folder: at start, and whenever the folder changes.

Publishing is all or nothing: an invalid folder never replaces a valid one. A server that starts on one goes on with
what the folder said last, and does not start if it never said anything valid.
"""

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from watchfiles import awatch

from governor.core.errors import GovernorError, LedgerUnavailableError
from governor.services.policies.publisher import Publisher, refused, swapped
from governor.services.policies.state import InvalidPoliciesError, PolicyState
from governor.services.policies.stored import UnknownVersionError, stored_text
from governor.services.snapshots import Snapshots
from governor.store.policy_releases import read_source

RETRY_S = 1.0
"""How soon a folder is looked at again when it could not be watched."""

LOOK_MS = 2_000
"""How often a folder is looked at when nothing was reported: some file systems report nothing."""

QUIET_MS = 100
"""How long a folder must be quiet before a change is taken: editors and git write several files."""

Signature = tuple[tuple[str, int, int, int], ...]
"""Path, size, modification time (ns) and inode of every file of a folder: equal if nothing was written."""

_log = structlog.get_logger("governor.policies")


def folder_signature(folder: Path) -> Signature:
    """Return what a folder looks like without reading its files; empty if it is not there."""
    found: list[tuple[str, int, int, int]] = []
    for directory, _, names in os.walk(folder, followlinks=False):
        for name in names:
            path = os.path.join(directory, name)  # noqa: PTH118  100,000 Path objects cost ten times as much
            try:
                seen = os.stat(path)  # noqa: PTH116  likewise
            except FileNotFoundError:
                continue
            found.append((path, seen.st_size, seen.st_mtime_ns, seen.st_ino))
    return tuple(sorted(found))


class FolderPolicies:
    """Keeps the snapshot equal to a folder. Made by ``publish_folder``.

    Args:
        folder: Where the policies are.
        publisher: Compiles and indexes them.
        snapshots: Where the snapshot that decides is swapped.
        state: Of the snapshot that was read first.
        seen: What the folder looked like when it was read.
    """

    def __init__(
        self, folder: Path, publisher: Publisher, snapshots: Snapshots, state: PolicyState, seen: Signature
    ) -> None:
        self.snapshots = snapshots
        self.state = state
        self._folder = folder
        self._publisher = publisher
        self._seen: Signature | None = seen
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Watch the folder until ``stop``."""
        self._task = asyncio.create_task(self._watch(), name="policy watcher")

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def reload(self) -> bool:
        """Compile the folder and publish it if it is valid; else keep what is served, and say so.

        Returns:
            Whether the folder is valid.
        """
        compiled = await self._publisher.compile(self._folder)
        if compiled.policies is None:
            self.state = refused(self.state, tuple(str(problem) for problem in compiled.problems))
            return False
        if compiled.version == self.state.version:
            self._confirm()
            return True
        try:
            snapshot = await self._publisher.index(compiled.policies)
            await self._publisher.make_ready(snapshot, self.snapshots.current)
        except (SQLAlchemyError, LedgerUnavailableError) as error:
            # What is served stays until the database answers again.
            _log.warning("policies_wait_for_database", version=compiled.version, problem=type(error).__name__)
            return False
        await self._publisher.save(compiled, place_of(self._folder))
        state = replace(self.state, digest=compiled.version)
        self.state = swapped(self.snapshots, snapshot, state, self._publisher.now())
        return True

    def _confirm(self) -> None:
        self.snapshots.confirm(self._publisher.now())
        self.state = replace(self.state, problems=())

    async def _watch(self) -> None:
        while True:
            try:
                async for _ in awatch(
                    self._folder, debounce=QUIET_MS * 10, step=QUIET_MS, rust_timeout=LOOK_MS, yield_on_timeout=True
                ):
                    await self.look()
            except (OSError, GovernorError) as error:
                # The folder is gone, or the machine is short of something: go on with what is served, look again.
                _log.warning("policy_folder_not_watched", problem=str(error))
                self._seen = None
            await asyncio.sleep(RETRY_S)

    async def look(self) -> None:
        """Load the folder if it looks different; what looks the same is confirmed without being read."""
        signature = await asyncio.to_thread(folder_signature, self._folder)
        if signature != self._seen:
            published = await self.reload()
            self._seen = signature if published or not self.state.valid else None
        elif self.state.valid:
            self._confirm()
        await self._publisher.save_again()


async def publish_folder(folder: Path, publisher: Publisher, *, policy_age_max: timedelta | None) -> FolderPolicies:
    """Load a folder for the first time.

    Returns:
        The source, with the first snapshot; ``start`` makes it watch.

    Raises:
        InvalidPoliciesError: If the folder has errors, and nothing valid was ever published from it: a server never
            starts without policies.
    """
    # Looked at before it is read: what changes meanwhile is noticed.
    seen = await asyncio.to_thread(folder_signature, folder)
    compiled = await publisher.compile(folder)
    if compiled.policies is None:
        invalid = InvalidPoliciesError(folder, compiled.problems)
        snapshots, state = await _last_served(folder, publisher, invalid, policy_age_max)
        return FolderPolicies(folder, publisher, snapshots, state, seen)
    snapshot = await publisher.index(compiled.policies)
    await publisher.make_ready(snapshot, None)
    now = publisher.now()
    state = PolicyState(snapshot.version, now, source=str(folder), digest=compiled.version)
    source = FolderPolicies(folder, publisher, Snapshots(snapshot, now, policy_age_max), state, seen)
    await publisher.save(compiled, place_of(folder))
    _log.info("policies_published", version=snapshot.version, policies=len(snapshot.policies.headers))
    return source


async def _last_served(
    folder: Path, publisher: Publisher, invalid: InvalidPoliciesError, policy_age_max: timedelta | None
) -> tuple[Snapshots, PolicyState]:
    """Return what an invalid folder said last: a server that need not start again would go on with it, too.

    Raises:
        InvalidPoliciesError: The one given, if there is no such version or it cannot be served any more.
    """
    last = await publisher.database.read(lambda connection: read_source(connection, place_of(folder)))
    if last.confirmed_at is None:
        raise invalid
    try:
        snapshot = await stored_text(publisher, last.head)
    except (InvalidPoliciesError, UnknownVersionError) as error:
        _log.warning("stored_policies_unusable", version=last.head, problem=error.code)
        raise invalid from error
    await publisher.make_ready(snapshot, None)
    served = PolicyState(snapshot.version, publisher.now(), source=str(folder), digest=snapshot.version)
    state = refused(served, tuple(str(problem) for problem in invalid.problems))
    # Since when the folder has been invalid is not known: what it said is as old as when it was last published.
    return Snapshots(snapshot, last.confirmed_at, policy_age_max), state


def place_of(folder: Path) -> str:
    """Return what a folder is remembered by."""
    return str(folder.absolute())
