"""What signs a person in on the pages, as rows: digests of links and of sessions, never the secrets themselves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select, update

from governor.store.instants import from_ms, to_ms
from governor.store.tables import SIGN_INS


class SignInKind(StrEnum):
    """A link begins a session, once; a session lasts a while."""

    LINK = "link"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One link or session.

    Attributes:
        digest: SHA-256 of its secret.
        user: Who it signs in.
        bound_to: The Slack id or the key that it was made for; the session says so in the audit.
        leads_to: Path of the page that it leads to, or ``""``.
        used_at: When the link was used or the session ended, or None.
    """

    digest: bytes
    kind: SignInKind
    user: str
    bound_to: str
    created_at: datetime
    expires_at: datetime
    leads_to: str = ""
    used_at: datetime | None = None


def insert_sign_in(connection: Connection, sign_in: SignIn) -> None:
    """Keep a new link or session."""
    connection.execute(
        insert(SIGN_INS).values(
            digest=sign_in.digest,
            kind=str(sign_in.kind),
            user=sign_in.user,
            bound_to=sign_in.bound_to,
            leads_to=sign_in.leads_to,
            created_ms=to_ms(sign_in.created_at),
            expires_ms=to_ms(sign_in.expires_at),
            used_ms=None,
        )
    )


def read_sign_in(connection: Connection, digest: bytes, kind: SignInKind) -> SignIn | None:
    """Return a link or session, also one that is over, or None if there is none with this digest."""
    columns = SIGN_INS.c
    row = connection.execute(select(SIGN_INS).where(columns.digest == digest, columns.kind == str(kind))).one_or_none()
    if row is None:
        return None
    return SignIn(
        digest=bytes(row.digest),
        kind=SignInKind(row.kind),
        user=row.user,
        bound_to=row.bound_to,
        created_at=from_ms(row.created_ms),
        expires_at=from_ms(row.expires_ms),
        leads_to=row.leads_to,
        used_at=from_ms(row.used_ms),
    )


def use_sign_in(connection: Connection, digest: bytes, at: datetime) -> bool:
    """Use a link up, or end a session; False if somebody else was first: a link works once."""
    columns = SIGN_INS.c
    changed = connection.execute(
        update(SIGN_INS).where(columns.digest == digest, columns.used_ms.is_(None)).values(used_ms=to_ms(at))
    )
    return changed.rowcount == 1


def forget_sign_ins(connection: Connection, before: datetime) -> int:
    """Delete links and sessions that ended before an instant; return how many."""
    return connection.execute(delete(SIGN_INS).where(SIGN_INS.c.expires_ms < to_ms(before))).rowcount
