"""Sign a person in on the pages: by a key, or by a link that works once and is bound to their Slack id."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection

from governor.core.approvals.request import Actor, Door
from governor.core.errors import ForbiddenError
from governor.core.keys import Role
from governor.core.policy.organization import Organization
from governor.services.approvals.actors import actor_of, named_actor
from governor.services.keys import LOCAL_NAME, Identity
from governor.store.database import Database
from governor.store.keys import read_keys
from governor.store.sign_ins import SignIn, SignInKind, forget_sign_ins, insert_sign_in, read_sign_in, use_sign_in

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=4)
_SLACK, _KEY = "slack:", "key:"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in.

    Attributes:
        actor: Who; the audit says by which link or key.
        may_decide: Whether their key lets them vote, beside what rules say: a key to look around with does not.
        guard: What a form must send back, so that no other site can send it in their name.
    """

    actor: Actor
    may_decide: bool
    guard: str


async def make_link(database: Database, actor: Actor, leads_to: str, now: datetime) -> str:
    """Return the secret of a link for somebody who acts in Slack: it signs them in once, within a quarter of an hour.

    Args:
        database: Keeps its digest.
        actor: Who asked for it in Slack; ``key`` is their Slack id.
        leads_to: Path of the page that it leads to.
        now: The door's instant.
    """
    assert actor.door is Door.SLACK, "links are for those whom Slack has told apart"
    return await _keep(database, SignInKind.LINK, actor.user, bound_to=_SLACK + actor.key, now=now, leads_to=leads_to)


async def use_link(database: Database, organization: Organization, secret: str, now: datetime) -> tuple[str, str]:
    """Use a link up: return the secret of the session that it begins, and the path that it leads to.

    Raises:
        ForbiddenError: If it was used, has ended or is none, or the person no longer has its Slack id.
    """
    digest = _digest(secret)

    def use(connection: Connection) -> SignIn | None:
        link = read_sign_in(connection, digest, SignInKind.LINK)
        if link is None or link.expires_at <= now or not use_sign_in(connection, digest, now):
            return None
        return link

    link = await database.write(use)
    if link is None:
        raise ForbiddenError("this link was used, or has ended; ask for another one in Slack", needed="a fresh link")
    _check_slack(organization, link, now)
    session = await _keep(database, SignInKind.SESSION, link.user, bound_to=link.bound_to, now=now)
    return session, link.leads_to


async def begin_session(database: Database, organization: Organization, identity: Identity, now: datetime) -> str:
    """Return the secret of a session for the person who holds a key.

    Raises:
        ForbiddenError: If nobody holds it, or it is a gateway's.
    """
    if identity.role is Role.GATEWAY:
        raise ForbiddenError("a gateway's key signs nobody in", needed="viewer, approver, admin")
    actor = actor_of(organization, identity, Door.WEB, now)
    return await _keep(database, SignInKind.SESSION, actor.user, bound_to=_KEY + identity.name, now=now)


async def session_of(
    database: Database, organization: Organization, secret: str, now: datetime, *, open_door: bool = False
) -> Session | None:
    """Return who a session signs in, or None: it has ended, or what it hangs on has (the key, the Slack id).

    Args:
        database: Where sessions are kept.
        organization: Who is who.
        secret: What the browser sends.
        now: The door's instant.
        open_door: Whether everybody is let in (``AUTH=off``): then sessions need no key.
    """
    if not secret:
        return None

    def read(connection: Connection) -> tuple[SignIn, Role | None] | None:
        session = read_sign_in(connection, _digest(secret), SignInKind.SESSION)
        if session is None or session.used_at is not None or session.expires_at <= now:
            return None
        return session, _role(connection, session, now, open_door=open_door)

    found = await database.read(read)
    if found is None:
        return None
    session, role = found
    try:
        if session.bound_to.startswith(_SLACK):
            _check_slack(organization, session, now)
        elif role is None:
            return None
        actor = named_actor(organization, session.user, Door.WEB, session.bound_to, now)
    except ForbiddenError:
        return None
    admin = role is Role.ADMIN
    may_decide = role in {None, Role.APPROVER, Role.ADMIN}
    return Session(Actor(actor.user, Door.WEB, actor.key, admin=admin), may_decide, _guard(secret))


async def end_session(database: Database, secret: str, now: datetime) -> None:
    """Sign somebody out; a session that is over stays so."""
    await database.write(lambda connection: use_sign_in(connection, _digest(secret), now))


async def forget_ended(database: Database, now: datetime) -> int:
    """Delete links and sessions that ended more than a day ago; return how many."""
    return await database.write(lambda connection: forget_sign_ins(connection, now - timedelta(days=1)))


def is_guard(session: Session, given: str) -> bool:
    """Tell whether a form was made for this session, in constant time."""
    return hmac.compare_digest(session.guard.encode(), given.encode())


async def _keep(
    database: Database, kind: SignInKind, user: str, *, bound_to: str, now: datetime, leads_to: str = ""
) -> str:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    lasts = LINK_LASTS if kind is SignInKind.LINK else SESSION_LASTS
    sign_in = SignIn(_digest(secret), kind, user, bound_to, now, now + lasts, leads_to)
    await database.write(lambda connection: insert_sign_in(connection, sign_in))
    return secret


def _check_slack(organization: Organization, sign_in: SignIn, now: datetime) -> None:
    person = organization.person_in_slack(sign_in.bound_to.removeprefix(_SLACK), now)
    if person is None or person.user != sign_in.user:
        raise ForbiddenError("this link belongs to somebody else by now; ask for another one in Slack")


def _role(connection: Connection, session: SignIn, now: datetime, *, open_door: bool) -> Role | None:
    """Return the role of the key that a session hangs on, or None if no such key of the person is valid now."""
    name = session.bound_to.removeprefix(_KEY)
    if name == session.bound_to:
        return None
    if open_door and name == LOCAL_NAME:
        return Role.ADMIN
    return next((key.role for key in read_keys(connection) if key.name == name and key.valid_at(now)), None)


def _guard(secret: str) -> str:
    return hmac.new(secret.encode(), b"governor form", sha256).hexdigest()


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
