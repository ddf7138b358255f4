"""Renamed quotas continue their balances, whatever ``formerly`` still says."""

from governor.core.decisions.snapshot import PolicySet
from governor.core.models import ModelCatalog
from governor.core.policy.header import Header, Source
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.prices import PriceBook
from governor.core.units import Unit
from governor.services.trace_quotas import trace_quotas
from governor.store.database import Database

SOURCE = Source("q.yaml", 1)


def version(name: str, *quotas: Quota) -> PolicySet:
    """Return a policy set of which only the quotas matter."""
    return PolicySet(name, Organization("acme", SOURCE), ModelCatalog(), PriceBook(), quotas=quotas)


def quota(name: str, *formerly: str) -> Quota:
    """Return a quota of which only the names matter."""
    return Quota(Header("Quota", name, SOURCE, formerly=formerly), Unit.USD, 1)


async def test_a_quota_renamed_twice_continues_its_first_balance(database: Database) -> None:
    """What an earlier version was called is remembered in the database, so the oldest name may go."""
    await trace_quotas(database, version("v1", quota("a"), quota("other")), publish=True)
    await trace_quotas(database, version("v2", quota("b", "a"), quota("other")), publish=True)
    traced = await trace_quotas(database, version("v3", quota("c", "b"), quota("other")), publish=True)

    assert ["a", "other"] == [each.root for each in traced.quotas]


async def test_looking_at_a_version_publishes_nothing(database: Database) -> None:
    """A command that only asks leaves no trace: the rename that it saw never decided anything."""
    await trace_quotas(database, version("v1", quota("b", "a")), publish=False)
    traced = await trace_quotas(database, version("v2", quota("a"), quota("b")), publish=True)

    assert ["a", "b"] == [each.root for each in traced.quotas]
