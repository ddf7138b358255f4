"""What quotas said before is guarded: whoever changes a row behind the ledger's back is found."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from governor.core.policy.header import Header, Source
from governor.core.policy.kinds import Quota
from governor.core.units import Unit
from governor.services.trace_terms import trace_terms
from governor.store.database import Database
from governor.store.quota_terms import encode_terms, read_terms, write_terms
from governor.store.verify import verify

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def quota(limit: int) -> Quota:
    """Return a quota of which only the limit matters."""
    return Quota(Header("Quota", "a", Source("q.yaml", 1)), Unit.USD, limit, root="a")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE quota_terms SET digest = record WHERE sequence = 1",
        "UPDATE quota_terms SET at_ms = at_ms - 86400000 WHERE sequence = 1",
        "DELETE FROM quota_terms WHERE sequence = 1",
        "DELETE FROM quota_terms WHERE sequence = 0",
        "UPDATE quota_terms SET record = digest WHERE sequence = 0",
    ],
)
async def test_every_damage_of_terms_is_found(database: Database, damage: str) -> None:
    """A record, an instant or a whole row: verification names the lineage."""
    for hours in range(3):
        await trace_terms(database, [quota(hours)], NOW + timedelta(hours=hours), publish=True)
    sound = await database.read(lambda connection: list(verify(connection, NOW.timestamp())))
    await database.write(lambda connection: connection.execute(text(damage)))
    found = await database.read(lambda connection: list(verify(connection, NOW.timestamp())))

    assert ([], {("terms", "a")}) == (sound, {(each.what, each.key) for each in found})


async def test_a_worker_of_another_version_writes_behind_the_first(database: Database) -> None:
    """Two publish at once: what the second one says is not lost under the number of the first."""
    await trace_terms(database, [quota(1)], NOW, publish=True)
    await database.write(partial(write_terms, terms={"a": (1, encode_terms(quota(2)))}, now=NOW))
    [traced] = await trace_terms(database, [quota(3)], NOW + timedelta(hours=1), publish=True)
    said = await database.read(partial(read_terms, roots=["a"]))

    assert [1, 2, 3] == [each.limit for _, each in said["a"]]
    assert [1, 2] == [former.quota.limit for former in traced.past]


async def test_looking_at_a_version_remembers_nothing(database: Database) -> None:
    """A command that only asks knows the past, and is no part of it."""
    await trace_terms(database, [quota(1)], NOW, publish=True)
    [traced] = await trace_terms(database, [quota(2)], NOW + timedelta(hours=1), publish=False)
    [again] = await trace_terms(database, [quota(1)], NOW + timedelta(hours=2), publish=True)

    assert ([1], ()) == ([former.quota.limit for former in traced.past], again.past)
