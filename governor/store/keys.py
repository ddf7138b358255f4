"""API keys as rows: digests only. A key and what it was rotated to are rows of one name."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from governor.core.keys import Key, Role
from governor.store.instants import from_ms, to_ms
from governor.store.tables import API_KEYS


def read_keys(connection: Connection) -> list[Key]:
    """Return every key, also ended ones."""
    return [_from_row(row) for row in connection.execute(select(API_KEYS))]


def key_revision(connection: Connection) -> tuple[int, ...]:
    """Return numbers that change whenever a key is made, ended or revoked: cheaper than reading all keys."""
    row = connection.execute(
        select(
            func.count(),
            func.count(API_KEYS.c.revoked_at_ms),
            func.count(API_KEYS.c.expires_at_ms),
            func.coalesce(func.sum(API_KEYS.c.expires_at_ms), 0),
        )
    ).one()
    return tuple(int(number) for number in row)


def insert_key(connection: Connection, key: Key) -> None:
    """Keep a new key."""
    connection.execute(
        insert(API_KEYS).values(
            digest=key.digest,
            name=key.name,
            role=str(key.role),
            subject_user=key.user,
            subject_service_account=key.service_account,
            person=key.person,
            created_at_ms=to_ms(key.created_at),
            expires_at_ms=to_ms(key.valid_until_at),
            revoked_at_ms=to_ms(key.revoked_at),
        )
    )


def end_keys(
    connection: Connection, digests: Iterable[bytes], *, expires_at: datetime, revoked_at: datetime | None
) -> None:
    """Let keys end, or revoke them. An end that was set before is never put off."""
    for digest in digests:
        connection.execute(
            update(API_KEYS)
            .where(API_KEYS.c.digest == digest)
            .values(
                expires_at_ms=func.coalesce(
                    func.least(API_KEYS.c.expires_at_ms, to_ms(expires_at))
                    if connection.dialect.name != "sqlite"
                    else func.min(API_KEYS.c.expires_at_ms, to_ms(expires_at)),
                    to_ms(expires_at),
                ),
                revoked_at_ms=to_ms(revoked_at),
            )
        )


def _from_row(row: Row[Any]) -> Key:
    return Key(
        name=row.name,
        digest=bytes(row.digest),
        role=Role(row.role),
        created_at=from_ms(row.created_at_ms),
        user=row.subject_user,
        service_account=row.subject_service_account,
        person=row.person,
        valid_until_at=from_ms(row.expires_at_ms),
        revoked_at=from_ms(row.revoked_at_ms),
    )
