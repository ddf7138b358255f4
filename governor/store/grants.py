"""Grants as rows: issued once, revoked at most once, never deleted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from governor.core.decisions.grant_budgets import revocation_marker
from governor.core.decisions.ids import id_bytes, id_text
from governor.core.grants import Grant, GrantKind, UnitAmount
from governor.core.units import Unit
from governor.store.closings import close_budgets
from governor.store.instants import from_ms, to_ms
from governor.store.records import decode_scope, encode_scope
from governor.store.tables import GRANTS


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """Which grants are listed; ``""`` and None are any.

    Attributes:
        exception_id: Only those of this exception.
        standing_at: Only those that act at this instant or will: not revoked, not ended.
        acting_at: Only those that act at this instant, also where they were revoked later.
        before: Only ids below this one: where a page begins.
    """

    exception_id: str = ""
    standing_at: datetime | None = None
    acting_at: datetime | None = None
    before: str = ""


def read_grants(connection: Connection, wanted: GrantFilter, limit: int | None = None) -> list[Grant]:
    """Return the grants that match, the newest first."""
    columns = GRANTS.c
    query = select(GRANTS).order_by(columns.id.desc()).limit(limit)
    if wanted.exception_id:
        query = query.where(columns.exception_id == wanted.exception_id)
    if wanted.standing_at is not None:
        query = query.where(columns.revoked_at_ms.is_(None), columns.ends_ms > to_ms(wanted.standing_at))
    if wanted.acting_at is not None:
        at_ms = to_ms(wanted.acting_at)
        not_revoked = or_(columns.revoked_at_ms.is_(None), columns.revoked_at_ms > at_ms)
        query = query.where(columns.starts_ms <= at_ms, columns.ends_ms > at_ms, not_revoked)
    if wanted.before:
        query = query.where(columns.id < _key(wanted.before))
    return [_from_row(row) for row in connection.execute(query)]


def read_grants_between(connection: Connection, from_at: datetime, until_at: datetime) -> list[Grant]:
    """Return the grants that acted at any time between two instants, by id."""
    columns = GRANTS.c
    query = select(GRANTS).where(columns.ends_ms > to_ms(from_at), columns.starts_ms < to_ms(until_at))
    return [_from_row(row) for row in connection.execute(query.order_by(columns.id))]


def read_grant(connection: Connection, grant_id: str) -> Grant | None:
    """Return a grant, also one that has ended, or None if there is none with this id."""
    key = id_bytes(grant_id)
    row = connection.execute(select(GRANTS).where(GRANTS.c.id == key)).one_or_none() if key is not None else None
    return _from_row(row) if row is not None else None


def insert_grant(connection: Connection, grant: Grant) -> None:
    """Keep a new grant."""
    connection.execute(insert(GRANTS).values(_values(grant)))


def prolong_grant(connection: Connection, grant_id: str, *, ends_at: datetime) -> None:
    """Let a grant that was not revoked end at another instant."""
    connection.execute(
        update(GRANTS)
        .where(GRANTS.c.id == _key(grant_id), GRANTS.c.revoked_at_ms.is_(None))
        .values(ends_ms=to_ms(ends_at))
    )


def revoke_grant(connection: Connection, grant_id: str, *, at: datetime, by: str, reason: str) -> None:
    """End a grant, unless it was revoked before: the first one who does so is remembered.

    Its budgets are closed in the same transaction, so that a worker that does not know it yet can draw on them no more.
    """
    revoked = connection.execute(
        update(GRANTS)
        .where(GRANTS.c.id == _key(grant_id), GRANTS.c.revoked_at_ms.is_(None))
        .values(revoked_at_ms=to_ms(at), revoked_by=by, revoke_reason=reason)
    )
    if revoked.rowcount:
        grant = read_grant(connection, grant_id)
        assert grant is not None
        close_budgets(connection, revocation_marker(grant), grant.id, at)


def _key(grant_id: str) -> bytes:
    key = id_bytes(grant_id)
    assert key is not None, f"a grant's id is a UUID, not {grant_id}"
    return key


def _values(grant: Grant) -> Mapping[str, Any]:
    return {
        "id": _key(grant.id),
        "exception_id": grant.exception_id,
        "kind": grant.kind.value,
        "scope": encode_scope(grant.scope),
        "lifts": json.dumps(grant.lifts),
        "amount_nano_usd": grant.amount_nano_usd,
        "amounts": json.dumps([(each.policy, each.unit.value, each.amount) for each in grant.amounts]),
        "models": json.dumps(grant.models),
        "input_tokens_max": grant.input_tokens_max,
        "output_tokens_max": grant.output_tokens_max,
        "total_tokens_max": grant.total_tokens_max,
        "starts_ms": to_ms(grant.starts_at),
        "ends_ms": to_ms(grant.ends_at),
        "issued_at_ms": to_ms(grant.issued_at),
        "approved_by": json.dumps(grant.approved_by),
        "revoked_at_ms": to_ms(grant.revoked_at),
        "revoked_by": grant.revoked_by,
        "revoke_reason": grant.revoke_reason,
    }


def _from_row(row: Row[Any]) -> Grant:
    return Grant(
        id=id_text(bytes(row.id)),
        exception_id=row.exception_id,
        kind=GrantKind(row.kind),
        scope=decode_scope(row.scope),
        lifts=tuple(json.loads(row.lifts)),
        amount_nano_usd=row.amount_nano_usd,
        amounts=tuple(UnitAmount(policy, Unit(unit), amount) for policy, unit, amount in json.loads(row.amounts)),
        models=tuple(json.loads(row.models)),
        input_tokens_max=row.input_tokens_max,
        output_tokens_max=row.output_tokens_max,
        total_tokens_max=row.total_tokens_max,
        starts_at=from_ms(row.starts_ms),
        ends_at=from_ms(row.ends_ms),
        issued_at=from_ms(row.issued_at_ms),
        approved_by=tuple(json.loads(row.approved_by)),
        revoked_at=from_ms(row.revoked_at_ms),
        revoked_by=row.revoked_by,
        revoke_reason=row.revoke_reason,
    )
