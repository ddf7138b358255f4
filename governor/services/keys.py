"""API keys: made, listed, rotated and revoked; and the ring of valid ones that every worker keeps in memory.

A key is shown once. What is stored is its SHA-256: the secret has 256 random bits, so no slow hash is needed, and
the hot path can afford it.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from governor.core.decisions.caller import Caller
from governor.core.errors import ConflictError, InvalidRequestError, NotFoundError
from governor.core.keys import Key, Role
from governor.services.refresher import Refresher
from governor.store.database import Database
from governor.store.keys import end_keys, insert_key, key_revision, read_keys

PREFIX = "gov_"
SECRET_BYTES = 32
ROTATION_GRACE = timedelta(hours=24)
"""How long the old key works beside the new one, unless the rotation says otherwise."""

BOOTSTRAP_NAME = "bootstrap"
LOCAL_NAME = "local"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_RESERVED = frozenset({BOOTSTRAP_NAME, LOCAL_NAME})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, as the door knows it.

    Attributes:
        name: The key's name: the client of idempotency keys and usage sources.
        role: What it may do.
        person: Who holds it, or ``""`` for a machine's.
        caller: The same, as decisions see it.
    """

    name: str
    role: Role
    person: str = ""
    caller: Caller = field(default=Caller(""))


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. ``secret`` is shown once and kept nowhere."""

    key: Key
    secret: str


def identity_of(key: Key) -> Identity:
    """Return the identity that a key gives."""
    return Identity(key.name, key.role, key.person, Caller(key.name, key.user, key.service_account))


def digest_of(secret: bytes) -> bytes:
    """Return what is stored of a key."""
    return hashlib.sha256(secret).digest()


async def create_key(
    database: Database,
    *,
    name: str,
    role: Role,
    now: datetime,
    user: str = "",
    service_account: str = "",
    person: str = "",
) -> NewKey:
    """Make a key.

    Args:
        database: Where keys are kept.
        name: The client's name: lower-case letters, digits, ``.``, ``-`` and ``_``, at most 63.
        role: What it may do.
        now: The present instant.
        user: Bind every request of this key to a user.
        service_account: Bind every request of this key to a service account.
        person: The person who holds it (needed to approve).

    Raises:
        InvalidRequestError: If the name is not one, or the subjects contradict each other.
        ConflictError: If a valid key has this name; rotate it instead.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise InvalidRequestError(
            f"`{name[:80]}` cannot name a key; use lower-case letters, digits, `.`, `-` and `_`, at most 63",
            field="name",
        )
    if user and service_account:
        raise InvalidRequestError("a key is bound to a user or to a service account, not to both", field="subject")
    made = _make(name, role, now, user=user, service_account=service_account, person=person)

    def write(connection: Connection) -> None:
        if any(key.name == name and key.valid_at(now) for key in read_keys(connection)):
            raise ConflictError(f"there is a valid key named `{name}`; rotate it, or choose another name", name=name)
        insert_key(connection, made.key)

    await database.write(write)
    return made


async def rotate_key(database: Database, name: str, now: datetime, *, grace: timedelta = ROTATION_GRACE) -> NewKey:
    """Make a new secret under the same name, role and subjects; the old one works until the grace has passed.

    The name is what balances, replays and sources hang on, so a rotation loses nothing.

    Args:
        database: Where keys are kept.
        name: The key to rotate.
        now: The present instant.
        grace: How long the old secret still works; nothing ends it at once.

    Raises:
        NotFoundError: If no valid key has this name.
    """
    renewed: list[NewKey] = []

    def write(connection: Connection) -> None:
        valid = [key for key in read_keys(connection) if key.name == name and key.valid_at(now)]
        if not valid:
            raise NotFoundError(f"no valid key is named `{name[:80]}`; list them with `governor keys list`")
        newest = max(valid, key=lambda key: key.created_at)
        made = _make(
            name, newest.role, now, user=newest.user, service_account=newest.service_account, person=newest.person
        )
        end_keys(connection, [key.digest for key in valid], expires_at=now + grace, revoked_at=None if grace else now)
        insert_key(connection, made.key)
        renewed[:] = [made]

    await database.write(write)
    return renewed[0]


async def revoke_key(database: Database, name: str, now: datetime) -> int:
    """End every secret of a name at once, on every worker within a second.

    Returns:
        How many secrets were ended.

    Raises:
        NotFoundError: If no valid key has this name.
    """
    ended: list[bytes] = []

    def write(connection: Connection) -> None:
        ended[:] = [key.digest for key in read_keys(connection) if key.name == name and key.valid_at(now)]
        if not ended:
            raise NotFoundError(f"no valid key is named `{name[:80]}`; list them with `governor keys list`")
        end_keys(connection, ended, expires_at=now, revoked_at=now)

    await database.write(write)
    return len(ended)


async def list_keys(database: Database) -> list[Key]:
    """Return every key, also ended ones, by name and age."""
    keys = await database.read(read_keys)
    return sorted(keys, key=lambda key: (key.name, key.created_at))


def _make(name: str, role: Role, now: datetime, *, user: str, service_account: str, person: str) -> NewKey:
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    key = Key(
        name=name,
        digest=digest_of(secret.encode()),
        role=role,
        created_at=now.astimezone(UTC),
        user=user,
        service_account=service_account,
        person=person,
    )
    return NewKey(key, secret)


class KeyRing:
    """The valid keys of one worker, in memory by digest, refreshed more than twice a second.

    Args:
        database: Where keys are kept.
        clock: Unix time in seconds.
        bootstrap: The secret of the bootstrap key, or None.
        pause: Waits for a number of seconds between refreshes.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        bootstrap: str | None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._valid: dict[bytes, tuple[Identity, float]] = {}
        self._bootstrap = digest_of(bootstrap.encode()) if bootstrap else None
        self._revision: object = None
        self._refresher = Refresher("keys", self._read, self._take, pause)

    async def start(self) -> None:
        """Read the keys and keep them fresh until ``stop``."""
        await self._refresher.start()

    async def stop(self) -> None:
        """Stop refreshing."""
        await self._refresher.stop()

    async def refresh(self) -> None:
        """Read the keys if anything about them has changed since the last time."""
        await self._refresher.refresh()

    def _read(self) -> tuple[object, list[Key] | None]:
        def read(connection: Connection) -> tuple[object, list[Key] | None]:
            revision = key_revision(connection)
            return revision, None if revision == self._revision else read_keys(connection)

        return self._database.read_now(read)

    def _take(self, found: tuple[object, list[Key] | None]) -> None:
        revision, keys = found
        if keys is not None:
            self._valid = {
                key.digest: (identity_of(key), key.valid_until_at.timestamp() if key.valid_until_at else float("inf"))
                for key in keys
                if key.revoked_at is None
            }
            self._revision = revision

    def identify(self, secret: bytes) -> Identity | None:
        """Return who a key belongs to, or None if it is not valid now.

        Digests are compared, never secrets: what a comparison's time tells about a digest tells nothing about a key.
        """
        digest = hashlib.sha256(secret).digest()
        known = self._valid.get(digest)
        if known is not None:
            return known[0] if self._clock() < known[1] else None
        if self._bootstrap is not None and hmac.compare_digest(digest, self._bootstrap):
            return _BOOTSTRAP
        return None


class OpenDoor:
    """Lets everybody in as admin: ``AUTH=off``, on a loopback address only."""

    def identify(self, _secret: bytes) -> Identity | None:
        """Return the local identity, whatever the key."""
        return _LOCAL

    async def start(self) -> None:
        """Nothing to read."""

    async def stop(self) -> None:
        """Nothing to stop."""


_BOOTSTRAP = Identity(BOOTSTRAP_NAME, Role.ADMIN, "", Caller(BOOTSTRAP_NAME))
_LOCAL = Identity(LOCAL_NAME, Role.ADMIN, "", Caller(LOCAL_NAME))
