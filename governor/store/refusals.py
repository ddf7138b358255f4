"""What was refused lately: a projection of decisions by whose they were, kept by a job.

What the job has not come to yet is read from the decisions themselves: they are those of some seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, select

from governor.core.approvals.refusals import Refused
from governor.core.approvals.remedy import Refusal
from governor.core.decisions.ids import id_bytes, id_text
from governor.core.ledger.reservation import Reservation
from governor.core.scopes import Scope
from governor.store.decisions import id_floor, newest_denials
from governor.store.dialects import insert_into
from governor.store.instants import from_ms, to_ms
from governor.store.jobs import read_mark
from governor.store.tables import REFUSALS

MARK = "note-refusals"
"""How far the job has come."""

TAIL_MAX = 2_000
"""Decisions that are read where the job has not been: the newest ones. Where it runs, they are all there are."""

_COLUMNS_OF_SCOPE = {"user": "requester"}
_REASONS = msgspec.json.Decoder(list[Refusal])


@dataclass(frozen=True, slots=True)
class RefusalFilter:
    """Which refusals are read.

    Attributes:
        since: The latest of those that are alike was at or after.
        requesters: Those of these users and machines; empty: of everybody.
        scope: Those of one user, team, project or use case; empty: of everybody.
        department: Those of this department, or ``""``: of all.
    """

    since: datetime
    requesters: tuple[str, ...] = ()
    scope: Scope = ()
    department: str = ""


def read_refusals(connection: Connection, wanted: RefusalFilter) -> list[Refused]:
    """Return what was refused, the newest first."""
    columns = REFUSALS.c
    query = select(REFUSALS).where(columns.at_ms >= to_ms(wanted.since))
    if wanted.requesters:
        query = query.where(columns.requester.in_(wanted.requesters))
    for key, name in (*wanted.scope, ("department", wanted.department)):
        if name:
            query = query.where(columns[_COLUMNS_OF_SCOPE.get(key, key)] == name)
    kept = (_from_row(row) for row in connection.execute(query))
    after = max(read_mark(connection, MARK), id_floor(to_ms(wanted.since) - 1))
    fresh = (one for one in refused_of(newest_denials(connection, after, TAIL_MAX)) if _is_wanted(one, wanted))
    return sorted(folded([*kept, *fresh]), key=lambda one: (one.at, one.decision_id), reverse=True)


def keep_refusals(connection: Connection, refused: Iterable[Refused]) -> None:
    """Add refusals to what is known of those that are alike."""
    for one in refused:
        digest = _digest(one)
        row = connection.execute(select(REFUSALS).where(REFUSALS.c.digest == digest)).one_or_none()
        both = one if row is None else _from_row(row).and_also(one)
        values = _values(both)
        kept = insert_into(connection, REFUSALS).values(digest=digest, **values)
        connection.execute(kept.on_conflict_do_update(index_elements=["digest"], set_=values))


def forget_refusals(connection: Connection, before: datetime) -> int:
    """Delete what was refused before an instant; return how many rows that were."""
    return connection.execute(delete(REFUSALS).where(REFUSALS.c.at_ms < to_ms(before))).rowcount


def refused_of(denials: Iterable[Reservation]) -> list[Refused]:
    """Return what refused decisions say; those whose text was forgotten say nothing."""
    return folded(_refused(one) for one in denials if one.answer)


def folded(refused: Iterable[Refused]) -> list[Refused]:
    """Return each kind once, with how many there are."""
    found: dict[tuple[object, ...], Refused] = {}
    for one in refused:
        known = found.get(one.alike)
        found[one.alike] = one if known is None else known.and_also(one)
    return list(found.values())


def _refused(denial: Reservation) -> Refused:
    answer: dict[str, Any] = msgspec.json.decode(denial.answer)
    reasons = answer["reasons"]
    own = denial.facts.attributes
    return Refused(
        requester=own.get("user", ""),
        team=own.get("team", ""),
        department=own.get("department", ""),
        project=own.get("project", ""),
        use_case=own.get("use_case", ""),
        model=str(answer["requested_model"]),
        reasons=tuple(Refusal(one["code"], one["policy"] or "", one.get("scope") or {}) for one in reasons),
        message=reasons[0]["message"] if reasons else "",
        times=1,
        at=from_ms(denial.at_ms),
        decision_id=id_text(denial.id),
    )


def _is_wanted(one: Refused, wanted: RefusalFilter) -> bool:
    asked = (*wanted.scope, ("department", wanted.department))
    return (not wanted.requesters or one.requester in wanted.requesters) and all(
        getattr(one, _COLUMNS_OF_SCOPE.get(key, key)) == name for key, name in asked if name
    )


def _digest(one: Refused) -> bytes:
    return blake2b(msgspec.json.encode(one.alike), digest_size=16).digest()


def _values(one: Refused) -> dict[str, Any]:
    words = ("requester", "team", "department", "project", "use_case", "model", "message", "times")
    return {
        **{name: getattr(one, name) for name in words},
        "reasons": msgspec.json.encode(one.reasons),
        "at_ms": to_ms(one.at),
        "decision_id": id_bytes(one.decision_id),
    }


def _from_row(row: Row[Any]) -> Refused:
    return Refused(
        requester=row.requester,
        team=row.team,
        department=row.department,
        project=row.project,
        use_case=row.use_case,
        model=row.model,
        reasons=tuple(_REASONS.decode(bytes(row.reasons))),
        message=row.message,
        times=row.times,
        at=from_ms(row.at_ms),
        decision_id=id_text(bytes(row.decision_id)),
    )
