"""Policies from a folder into the snapshot that decides: at start, and whenever the folder changes.

Publishing is all or nothing: an invalid folder never replaces a valid one, and never starts a server.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from watchfiles import awatch

from governor.compiler.load import Compiled
from governor.compiler.problems import Problem
from governor.core.decisions.snapshot import Catalogues, PolicySet, Snapshot
from governor.core.errors import GovernorError
from governor.services.snapshots import Snapshots
from governor.services.trace_quotas import trace_quotas
from governor.store.database import Database
from governor.store.policy_versions import insert_policy_version

RETRY_S = 1.0
"""How soon a folder is looked at again when it could not be watched."""

LOOK_MS = 2_000
"""How often a folder is looked at when nothing was reported: some file systems report nothing."""

QUIET_MS = 100
"""How long a folder must be quiet before a change is taken: editors and git write several files."""

CompilePolicies = Callable[[Path, datetime, Callable[[], Catalogues]], Awaitable[Compiled]]
"""Compiles a folder: in a process of its own in a server, so that 100,000 policies never stop decisions."""

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


class InvalidPoliciesError(GovernorError):
    """A policy folder has errors; ``problems`` are all of them."""

    code = "invalid_policies"

    def __init__(self, folder: Path, problems: tuple[Problem, ...]) -> None:
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(
            f"the policies in `{folder}` have {len(problems)} problems; mend them and start again\n{lines}"
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class PolicyState:
    """What is known of the policies that are served.

    Attributes:
        version: Of the policies in force.
        published_at: Since when this worker decides by them.
        failures: Folders refused since the start.
        problems: Of the folder as it is now, if it is invalid.
    """

    version: str
    published_at: datetime
    failures: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the folder as it is now is what is served."""
        return not self.problems


class PolicyPublisher:
    """Keeps the snapshot equal to the folder. Made by ``publish_folder``.

    Args:
        folder: Where the policies are.
        snapshots: Where the snapshot that decides is swapped.
        catalogues: Makes the price catalogue, here and in the compiler's process; used if the policies ask for it.
        compile_policies: Compiles the folder.
        database: Where the text of every version is kept.
        now: The clock.
        seen: What the folder looked like when the present snapshot was read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        snapshots: Snapshots,
        catalogues: Callable[[], Catalogues],
        compile_policies: CompilePolicies,
        database: Database,
        now: Callable[[], datetime],
        seen: Signature,
    ) -> None:
        self.snapshots = snapshots
        self.state = PolicyState(snapshots.current.version, snapshots.confirmed_at)
        self._folder = folder
        self._catalogues = catalogues
        self._compile = compile_policies
        self._database = database
        self._now = now
        self._seen: Signature | None = seen
        self._unsaved: Compiled | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Watch the folder until ``stop``."""
        self._task = asyncio.create_task(self._watch(), name="policy watcher")

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def age_s(self, now: datetime) -> float:
        """Return the seconds since the folder was last seen to be valid."""
        return max(0.0, (now - self.snapshots.confirmed_at).total_seconds())

    def stale(self, now: datetime) -> bool:
        """Tell whether the policies are older than permitted."""
        return self.snapshots.stale(now)

    async def reload(self) -> bool:
        """Compile the folder and publish it if it is valid; else keep what is served, and say so.

        Returns:
            Whether the folder is valid.
        """
        compiled = await self._compile(self._folder, self._now(), self._catalogues)
        if compiled.policies is None:
            self._refuse(compiled.problems)
            return False
        if compiled.version != self.state.version:
            try:
                policies = await trace_quotas(self._database, compiled.policies, publish=True)
            except SQLAlchemyError as error:
                # Without their roots, renamed quotas would start from nothing: what is served stays until the
                # database answers again.
                _log.warning("policies_wait_for_database", version=compiled.version, problem=type(error).__name__)
                return False
            await self.save(compiled)
            await self._publish(policies)
        else:
            self._confirm()
        return True

    async def save(self, compiled: Compiled) -> None:
        """Keep the text, so that a decision can be explained in years; a failure is made up for at the next look."""
        self._unsaved = compiled
        at = self._now()
        try:
            await self._database.write(
                lambda connection: insert_policy_version(connection, compiled.version, at, compiled.files)
            )
        except SQLAlchemyError as error:
            _log.warning("policy_text_not_saved", version=compiled.version, problem=type(error).__name__)
        else:
            self._unsaved = None

    async def _publish(self, policies: PolicySet) -> None:
        # Indexing 100,000 policies takes a while: in a thread, so that decisions go on.
        snapshot = await asyncio.to_thread(Snapshot.build, policies, self._catalogues())
        now = self._now()
        self.snapshots.swap(snapshot, now)
        self.state = PolicyState(policies.version, now, self.state.failures)
        _log.info("policies_published", version=policies.version, policies=len(policies.headers))

    def _confirm(self) -> None:
        self.snapshots.confirm(self._now())
        self.state = replace(self.state, problems=())

    def _refuse(self, problems: tuple[Problem, ...]) -> None:
        self.state = replace(self.state, failures=self.state.failures + 1, problems=problems)
        first = str(problems[0]) if problems else ""
        _log.error("policies_refused", kept=self.state.version, problems=len(problems), first=first)

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
        if self._unsaved is not None:
            await self.save(self._unsaved)


async def publish_folder(
    folder: Path,
    *,
    catalogues: Callable[[], Catalogues],
    compile_policies: CompilePolicies,
    database: Database,
    now: Callable[[], datetime],
    policy_age_max: timedelta | None,
) -> PolicyPublisher:
    """Load a folder for the first time.

    Returns:
        The publisher, with the first snapshot; ``start`` makes it watch.

    Raises:
        InvalidPoliciesError: If the folder has errors: a server never starts without policies.
    """
    # Looked at before it is read: what changes meanwhile is noticed.
    seen = await asyncio.to_thread(folder_signature, folder)
    compiled = await compile_policies(folder, now(), catalogues)
    if compiled.policies is None:
        raise InvalidPoliciesError(folder, compiled.problems)
    policies = await trace_quotas(database, compiled.policies, publish=True)
    snapshot = await asyncio.to_thread(Snapshot.build, policies, catalogues())
    publisher = PolicyPublisher(
        folder,
        snapshots=Snapshots(snapshot, now(), policy_age_max),
        catalogues=catalogues,
        compile_policies=compile_policies,
        database=database,
        now=now,
        seen=seen,
    )
    await publisher.save(compiled)
    _log.info("policies_published", version=snapshot.version, policies=len(compiled.policies.headers))
    return publisher
