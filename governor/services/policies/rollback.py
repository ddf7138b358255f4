"""Go back to a commit that was live before; it stays until the branch moves."""

from dataclasses import replace
from datetime import datetime, timedelta

from governor.core.errors import GovernorError
from governor.core.policy.releases import Origin, Outcome, Release
from governor.services.policies.publisher import Publisher
from governor.services.policies.stored import stored_snapshot
from governor.services.policies.sync import LEAD_S
from governor.store.database import Database
from governor.store.policy_releases import (
    find_releases,
    insert_release,
    last_sequence,
    list_releases,
    read_live_release,
)

SEARCHED_MAX = 10_000
"""How far back the commit before the present one is looked for."""


class RollbackError(GovernorError):
    """There is nothing to go back to, or it is not known which."""

    code = "no_such_release"


async def roll_back(publisher: Publisher, commit: str, *, by: str, reason: str, now: datetime) -> Release:
    """Let an earlier commit decide again, on every worker within a second or two.

    Args:
        publisher: Compiles it first, so that nothing is released that this version of Governor no longer takes.
        commit: Its id or the beginning of it, or ``""`` for the one before the present.
        by: Who goes back.
        reason: Why, for the log.
        now: The instant.

    Raises:
        RollbackError: If no such commit was live, or several begin so.
        InvalidPoliciesError: If its text is no longer valid.
    """
    target = await _target(publisher.database, commit)
    await stored_snapshot(publisher, target)
    release = replace(
        target,
        sequence=await publisher.database.read(last_sequence) + 1,
        origin=Origin.ROLLBACK,
        decided_at=now,
        live_at=now + timedelta(seconds=LEAD_S),
        by=by,
        reason=reason,
    )
    if not await publisher.database.write(lambda connection: insert_release(connection, release)):
        raise RollbackError("another commit went live at this moment; look at `governor policies log` and try again")
    return release


async def _target(database: Database, commit: str) -> Release:
    live = await database.read(read_live_release)
    if live is None:
        raise RollbackError("no commit was ever live; policies of a folder are rolled back in the folder")
    if commit:
        found = await database.read(lambda connection: find_releases(connection, commit.lower()))
    else:
        found = await database.read(lambda connection: list_releases(connection, limit=SEARCHED_MAX))
        found = [each for each in found if each.sequence < live.sequence and each.commit != live.commit]
    once_live = [each for each in found if each.outcome is Outcome.LIVE]
    if not once_live:
        which = f"no commit `{commit[:40]}` was live" if commit else f"nothing was live before {live.commit[:12]}"
        raise RollbackError(f"{which}; `governor policies log` lists those that were")
    if commit and len({each.commit for each in once_live}) > 1:
        raise RollbackError(f"several commits begin with `{commit[:40]}`; give more of it")
    return once_live[0]
