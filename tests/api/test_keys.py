"""API keys: digests, rotation, revocation, and what a leaked log would show."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from governor.core.errors import ConflictError, InvalidRequestError, NotFoundError
from governor.core.keys import Role
from governor.edges.api.logs import configure_logs
from governor.services.keys import KeyRing, create_key, digest_of, list_keys, revoke_key, rotate_key
from governor.store.database import Database
from tests.api.world import NOON, Server, StandingClock, question


async def test_only_digests_are_stored(database: Database) -> None:
    """The database holds nothing that a caller could use."""
    made = await create_key(database, name="gw1", role=Role.GATEWAY, now=NOON)
    rows = await database.read(lambda connection: connection.execute(text("SELECT * FROM api_keys")).all())

    assert made.secret not in repr(rows)
    assert digest_of(made.secret.encode()) in rows[0]


async def test_a_name_is_used_by_one_key_at_a_time(database: Database) -> None:
    """A second key of the same name is a conflict; after a revocation the name is free again."""
    await create_key(database, name="gw1", role=Role.GATEWAY, now=NOON)
    with pytest.raises(ConflictError):
        await create_key(database, name="gw1", role=Role.ADMIN, now=NOON)
    await revoke_key(database, "gw1", NOON)
    await create_key(database, name="gw1", role=Role.GATEWAY, now=NOON)

    assert [True, False] == sorted((key.valid_at(NOON) for key in await list_keys(database)), reverse=True)


@pytest.mark.parametrize("name", ["", "GW", "a b", "a/b", "x" * 64, "bootstrap", "local", "-a"])
async def test_a_name_that_could_be_mistaken_is_refused(sqlite_url: str, name: str) -> None:
    """Names are parts of sources and idempotency keys: no separators, no capitals, none of our own."""
    database = Database(sqlite_url)
    with pytest.raises(InvalidRequestError):
        await create_key(database, name=name, role=Role.GATEWAY, now=NOON)

    assert [] == await list_keys(database)
    await database.close()


async def test_a_rotated_key_works_for_its_grace_and_keeps_name_role_and_subject(database: Database) -> None:
    """The old secret ends when it was said to; the new one is the same client (litellm#31079)."""
    await create_key(database, name="gw1", role=Role.GATEWAY, now=NOON, user="mia@acme.example")
    renewed = await rotate_key(database, "gw1", NOON, grace=timedelta(hours=2))
    old, new = sorted(await list_keys(database), key=lambda key: key.valid_until_at is None)

    assert (True, False) == (old.valid_at(NOON + timedelta(minutes=119)), old.valid_at(NOON + timedelta(hours=2)))
    assert ("gw1", Role.GATEWAY, "mia@acme.example") == (new.name, new.role, new.user)
    assert digest_of(renewed.secret.encode()) == new.digest


async def test_a_second_rotation_does_not_prolong_the_first_secret(database: Database) -> None:
    """An end that was set is never put off."""
    await create_key(database, name="gw1", role=Role.GATEWAY, now=NOON)
    await rotate_key(database, "gw1", NOON, grace=timedelta(hours=1))
    await rotate_key(database, "gw1", NOON + timedelta(minutes=30), grace=timedelta(hours=24))
    ends = sorted(key.valid_until_at for key in await list_keys(database) if key.valid_until_at)

    assert [NOON + timedelta(hours=1), NOON + timedelta(hours=24, minutes=30)] == ends


async def test_a_rotation_without_grace_ends_the_old_key_at_once(database: Database) -> None:
    """No grace is a revocation of the old secret."""
    await create_key(database, name="gw1", role=Role.GATEWAY, now=NOON)
    await rotate_key(database, "gw1", NOON, grace=timedelta(0))

    assert [True, False] == sorted((key.valid_at(NOON) for key in await list_keys(database)), reverse=True)


async def test_a_worker_whose_clock_is_behind_refuses_a_revoked_key(database: Database) -> None:
    """What somebody ended does not wait until a worker's own clock gets there."""
    made = await create_key(database, name="gw1", role=Role.GATEWAY, now=NOON)
    ring = KeyRing(database, lambda: NOON.timestamp() - 3600, None)
    await ring.refresh()
    before = ring.identify(made.secret.encode())
    await revoke_key(database, "gw1", NOON)
    await ring.refresh()

    assert before is not None
    assert ring.identify(made.secret.encode()) is None


@pytest.mark.parametrize("act", [rotate_key, revoke_key])
async def test_what_does_not_exist_cannot_be_rotated_or_revoked(
    sqlite_url: str, act: Callable[[Database, str, datetime], Awaitable[object]]
) -> None:
    """The mistake is named instead of passed over."""
    database = Database(sqlite_url)
    with pytest.raises(NotFoundError):
        await act(database, "nobody", NOON)

    await database.close()


async def test_rotation_keeps_usage_and_idempotency(server: Server) -> None:
    """A repetition under the new secret is a repetition: the client is the name."""
    secret = await server.make_key("gw1")
    async with server.client(secret=secret) as client:
        first = (await client.post("/decide", json=question(request_id="r"))).json()
    renewed = await rotate_key(server.governor.database, "gw1", server.governor.clock.now())
    assert isinstance(server.governor.doorkeeper, KeyRing)
    await server.governor.doorkeeper.refresh()
    async with server.client(secret=renewed.secret) as client:
        again = (await client.post("/decide", json=question(request_id="r"))).json()

    assert (first["decision_id"], True) == (again["decision_id"], again["replayed"])


async def test_a_key_ends_with_its_grace_without_anybody_doing_anything(
    server: Server, standing: StandingClock
) -> None:
    """The end of a key is derived from the clock, not from a job."""
    secret = await server.make_key("gw1")
    await rotate_key(server.governor.database, "gw1", server.governor.clock.now(), grace=timedelta(hours=1))
    assert isinstance(server.governor.doorkeeper, KeyRing)
    await server.governor.doorkeeper.refresh()
    async with server.client(secret=secret) as client:
        before = await client.get("/budgets")
        standing.advance(3600)
        after = await client.get("/budgets")

    assert (200, 401) == (before.status_code, after.status_code)


async def test_nothing_secret_reaches_a_log(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    """Keys, authorization headers and bodies stay out of every line, also when something is refused."""
    kept = logging.getLogger().handlers[:]
    configure_logs("debug", "json")
    secret = await server.make_key("gw1")
    try:
        async with server.client(secret=secret) as client:
            await client.post("/decide", json=question(tags={"customer": "very-private"}, modl=1))
            await client.get("/policies")
        logging.getLogger("any.library").warning("connecting with %s to %s", secret, "postgresql://u:hush@host/db")
    finally:
        logging.getLogger().handlers[:] = kept
    written = capfd.readouterr().err

    assert "unknown_field" in written
    assert not [word for word in (secret, "very-private", "hush") if word in written]
