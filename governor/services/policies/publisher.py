"""Compiled policies into the snapshot of a worker; all or nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from governor.compiler.check.succession import check_succession
from governor.compiler.load import Compiled
from governor.core.decisions.snapshot import Catalogues, PolicySet, Snapshot
from governor.core.policy.releases import SourceState
from governor.services.count_existing import ExistingCounter
from governor.services.policies.state import CompilePolicies, PolicyState
from governor.services.snapshots import Snapshots
from governor.services.trace_quotas import trace_quotas
from governor.store.database import Database
from governor.store.policy_releases import write_source
from governor.store.policy_versions import insert_policy_version

LOGGED_MAX = 20
"""Warnings of a version, and budgets that begin anew with it, that are named in the log; `governor validate` and
`governor plan` name all."""

_log = structlog.get_logger("governor.policies")


class Publisher:
    """Compiles, indexes, swaps and remembers.

    Args:
        catalogues: Makes the price catalogue, here and in the compiler's process; used if the policies ask for it.
        compile_policies: Compiles a folder.
        database: Where the text of every version is kept.
        now: The clock.
        existing: Counts what was used before new budgets; None where nothing is decided by what is published.
    """

    def __init__(
        self,
        *,
        catalogues: Callable[[], Catalogues],
        compile_policies: CompilePolicies,
        database: Database,
        now: Callable[[], datetime],
        existing: ExistingCounter | None = None,
    ) -> None:
        self._catalogues = catalogues
        self._compile = compile_policies
        self.database = database
        self.now = now
        self._existing = existing
        self._unsaved: tuple[Compiled, str] | None = None

    async def compile(self, folder: Path) -> Compiled:
        """Compile a folder as of now; warnings of policies that can be served are logged (rules that never match)."""
        compiled = await self._compile(folder, self.now(), self._catalogues)
        if compiled.policies is not None:
            for problem in compiled.problems[:LOGGED_MAX]:
                _log.warning("policies_questionable", version=compiled.version, problem=str(problem))
        return compiled

    async def index(self, policies: PolicySet) -> Snapshot:
        """Tie quotas to the balances that they continue, and index everything.

        Raises:
            SQLAlchemyError: If the database does not answer: without their roots, renamed quotas would start from
                nothing.
        """
        traced = await trace_quotas(self.database, policies, self.now(), publish=True)
        # Indexing 100,000 policies takes a while: in a thread, so that decisions go on.
        return await asyncio.to_thread(Snapshot.build, traced, self._catalogues())

    async def make_ready(self, snapshot: Snapshot, served: Snapshot | None) -> None:
        """Say which budgets begin anew, and let them begin with what was used before if their quotas say so.

        Args:
            snapshot: What will decide.
            served: What decides until then; None when a server starts.

        Raises:
            SQLAlchemyError, LedgerUnavailableError: If the database does not answer; trying again is safe.
        """
        now = self.now()
        if served is not None:
            lost = await asyncio.to_thread(check_succession, served.policies, snapshot.policies, now)
            for problem in lost[:LOGGED_MAX]:
                _log.warning("balances_begin_anew", version=snapshot.version, problem=str(problem))
        if self._existing is not None:
            await self._existing.begin(snapshot, served, now)

    async def save(self, compiled: Compiled, place: str) -> None:
        """Keep the text, so that a decision can be explained in years, and that it is what a folder said last.

        A failure is made up for by ``save_again``.
        """
        self._unsaved = (compiled, place)
        at = self.now()

        def write(connection: Connection) -> None:
            insert_policy_version(connection, compiled.version, at, compiled.files)
            write_source(connection, place, SourceState(compiled.version, confirmed_at=at, tried_at=at))

        try:
            await self.database.write(write)
        except SQLAlchemyError as error:
            _log.warning("policy_text_not_saved", version=compiled.version, problem=type(error).__name__)
        else:
            self._unsaved = None

    async def save_again(self) -> None:
        """Keep the text that could not be kept before."""
        if self._unsaved is not None:
            await self.save(*self._unsaved)


def swapped(snapshots: Snapshots, snapshot: Snapshot, state: PolicyState, now: datetime) -> PolicyState:
    """Let a snapshot decide from now on, and return the new state."""
    snapshots.swap(snapshot, now)
    _log.info("policies_published", version=snapshot.version, policies=len(snapshot.policies.headers))
    return replace(state, version=snapshot.version, published_at=now, problems=(), refused="")


def refused(state: PolicyState, problems: tuple[str, ...], commit: str = "") -> PolicyState:
    """Keep what is served, and return a state that says why."""
    first = problems[0] if problems else ""
    _log.error("policies_refused", kept=state.version, refused=commit, problems=len(problems), first=first)
    return replace(state, failures=state.failures + 1, problems=problems, refused=commit)
