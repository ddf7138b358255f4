"""The log of the policy repository: commits that went live or were refused, and how it was last found."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from governor.core.policy.releases import Origin, Outcome, Release, SourceState
from governor.store.dialects import insert_into
from governor.store.instants import from_ms, to_ms
from governor.store.tables import POLICY_RELEASES, POLICY_SOURCES


def insert_release(connection: Connection, release: Release) -> bool:
    """Append a release; False if another worker has appended one of this number first."""
    try:
        with connection.begin_nested():
            connection.execute(insert(POLICY_RELEASES).values(_values(release)))
    except IntegrityError:
        return False
    return True


def last_sequence(connection: Connection) -> int:
    """Return the number of the latest release, or 0."""
    return connection.execute(select(func.max(POLICY_RELEASES.c.sequence))).scalar_one() or 0


def read_live_release(connection: Connection) -> Release | None:
    """Return the release that decides, or is about to; None if no commit ever went live."""
    live = POLICY_RELEASES.c.outcome == Outcome.LIVE.value
    row = connection.execute(
        select(POLICY_RELEASES).where(live).order_by(POLICY_RELEASES.c.sequence.desc()).limit(1)
    ).one_or_none()
    return _from_row(row) if row is not None else None


def list_releases(connection: Connection, *, limit: int, before: int | None = None) -> list[Release]:
    """Return releases, the latest first.

    Args:
        connection: To the database.
        limit: How many at most.
        before: Only those of a smaller number.
    """
    query = select(POLICY_RELEASES).order_by(POLICY_RELEASES.c.sequence.desc()).limit(limit)
    if before is not None:
        query = query.where(POLICY_RELEASES.c.sequence < before)
    return [_from_row(row) for row in connection.execute(query)]


def find_releases(connection: Connection, commit: str) -> list[Release]:
    """Return the releases of a commit, by its id or its beginning (hex), the latest first."""
    query = (
        select(POLICY_RELEASES)
        .where(POLICY_RELEASES.c.commit_id.startswith(commit, autoescape=True))
        .order_by(POLICY_RELEASES.c.sequence.desc())
    )
    return [_from_row(row) for row in connection.execute(query)]


def read_source(connection: Connection, place: str) -> SourceState:
    """Return how a repository was last found."""
    row = connection.execute(select(POLICY_SOURCES).where(POLICY_SOURCES.c.place == place)).one_or_none()
    if row is None:
        return SourceState()
    return SourceState(row.head, from_ms(row.confirmed_at_ms), from_ms(row.tried_at_ms), row.problem)


def write_source(connection: Connection, place: str, state: SourceState) -> None:
    """Keep how a repository was found."""
    values = {
        "head": state.head,
        "confirmed_at_ms": to_ms(state.confirmed_at),
        "tried_at_ms": to_ms(state.tried_at),
        "problem": state.problem,
    }
    statement = insert_into(connection, POLICY_SOURCES).values(place=place, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[POLICY_SOURCES.c.place], set_=values))


def _values(release: Release) -> Mapping[str, Any]:
    return {
        "sequence": release.sequence,
        "commit_id": release.commit,
        "version": release.digest,
        "outcome": release.outcome.value,
        "origin": release.origin.value,
        "decided_at_ms": to_ms(release.decided_at),
        "live_at_ms": to_ms(release.live_at),
        "by": release.by,
        "reason": release.reason,
    }


def _from_row(row: Row[Any]) -> Release:
    return Release(
        sequence=row.sequence,
        commit=row.commit_id,
        digest=row.version,
        outcome=Outcome(row.outcome),
        origin=Origin(row.origin),
        decided_at=from_ms(row.decided_at_ms),
        live_at=from_ms(row.live_at_ms),
        by=row.by,
        reason=row.reason,
    )
