"""Renamed quotas continue their balances, whatever ``formerly`` still says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from governor.core.decisions.budget_keys import identity_fields
from governor.core.decisions.snapshot import PolicySet
from governor.core.models import ModelCatalog
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.header import Header, Source
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.policy_changes.renewals import Reign
from governor.core.prices import PriceBook
from governor.core.units import Unit
from governor.services.trace_quotas import trace_quotas
from governor.store.database import Database
from governor.store.quota_identities import read_reigns, write_reigns

SOURCE = Source("q.yaml", 1)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def version(name: str, *quotas: Quota) -> PolicySet:
    """Return a policy set of which only the quotas matter."""
    return PolicySet(name, Organization("acme", SOURCE), ModelCatalog(), PriceBook(), quotas=quotas)


def quota(name: str, *formerly: str) -> Quota:
    """Return a quota of which only the names matter."""
    return Quota(Header("Quota", name, SOURCE, formerly=formerly), Unit.USD, 1)


async def test_a_quota_renamed_twice_continues_its_first_balance(database: Database) -> None:
    """What an earlier version was called is remembered in the database, so the oldest name may go."""
    await trace_quotas(database, version("v1", quota("a"), quota("other")), NOW, publish=True)
    await trace_quotas(database, version("v2", quota("b", "a"), quota("other")), NOW, publish=True)
    traced = await trace_quotas(database, version("v3", quota("c", "b"), quota("other")), NOW, publish=True)

    assert ["a", "other"] == [each.root for each in traced.quotas]


async def test_looking_at_a_version_publishes_nothing(database: Database) -> None:
    """A command that only asks leaves no trace: the rename that it saw never decided anything."""
    await trace_quotas(database, version("v1", quota("b", "a")), NOW, publish=False)
    traced = await trace_quotas(database, version("v2", quota("a"), quota("b")), NOW, publish=True)

    assert ["a", "b"] == [each.root for each in traced.quotas]


def counted(period: Every) -> Quota:
    """Return a quota with a period of which only that matters."""
    return replace(quota("a"), period=PeriodDefinition(period, "UTC"))


async def said(database: Database, period: Every, at: datetime, *, publish: bool = True) -> str:
    """Return what a version says of its quota's budgets, published at an instant."""
    [traced] = (await trace_quotas(database, version("v", counted(period)), at, publish=publish)).quotas
    return traced.renewed.words.partition(",")[0] if traced.renewed is not None else ""


async def test_whoever_publishes_an_edit_later_says_when_it_was_published_first(database: Database) -> None:
    """Every worker, and every server that starts, names one instant."""
    assert "" == await said(database, Every.MONTH, NOW)
    assert "on 20 November 2026 10:00 UTC" == await said(database, Every.WEEK, NOW + timedelta(hours=1))
    assert "on 20 November 2026 10:00 UTC" == await said(database, Every.WEEK, NOW + timedelta(hours=2))


async def test_of_two_who_write_an_edit_at_once_the_first_is_right(database: Database) -> None:
    """The other one, who read before and wrote after, reads what was written."""
    identity = identity_fields(counted(Every.MONTH))
    for hours in (0, 1):
        reign = Reign(NOW + timedelta(hours=hours), identity)
        await database.write(partial(write_reigns, reigns={"a": (0, reign)}))

    assert {"a": [Reign(NOW, identity)]} == await database.read(read_reigns)


async def test_looking_at_an_edit_tells_of_it_and_publishes_nothing(database: Database) -> None:
    """Whoever tries an edit reads what it would do from now on; it has not been done."""
    await said(database, Every.MONTH, NOW)

    assert "on 20 November 2026 10:00 UTC" == await said(database, Every.WEEK, NOW + timedelta(hours=1), publish=False)
    assert "" == await said(database, Every.MONTH, NOW + timedelta(hours=2))


async def words(database: Database, period: Every, at: datetime) -> str:
    """Return what does not count of a version's budgets, published at an instant."""
    [traced] = (await trace_quotas(database, version("v", counted(period)), at, publish=True)).quotas
    return traced.renewed.words.partition(": ")[2] if traced.renewed is not None else ""


async def test_budgets_that_come_back_twice_say_every_gap_of_their_period(database: Database) -> None:
    """Edited to and fro, they miss what was used of others each time, and nothing of former periods."""
    for hours, period in enumerate([Every.MONTH, Every.WEEK, Every.MONTH, Every.DAY, Every.WEEK]):
        await words(database, period, NOW + timedelta(hours=hours))
    twice = await words(database, Every.MONTH, NOW + timedelta(hours=5))
    await words(database, Every.WEEK, NOW + timedelta(days=12))
    later = await words(database, Every.MONTH, NOW + timedelta(days=13))

    assert (
        "what was used from 20 November 2026 10:00 UTC until 20 November 2026 11:00 UTC "
        "and from 20 November 2026 12:00 UTC until then does not count"
    ) == twice
    assert "what was used from 2 December 2026 09:00 UTC until then does not count" == later


async def test_budgets_that_come_back_at_the_same_instant_miss_nothing(database: Database) -> None:
    """Two workers start, one of them with the edit that the other one has already taken back."""
    await words(database, Every.MONTH, NOW)
    await words(database, Every.WEEK, NOW + timedelta(hours=1))

    assert "" == await words(database, Every.MONTH, NOW + timedelta(hours=1))


async def test_who_publishes_beside_another_version_says_its_own_edit(database: Database) -> None:
    """Two workers write at once, each another version: whoever comes second is not taken for the first."""
    await said(database, Every.MONTH, NOW)
    real, written = database.read, []

    async def read(function: Callable[[Connection], Any]) -> Any:
        found = await real(function)
        if function is read_reigns and not written:
            # The other worker, between our reading and our writing.
            reign = Reign(NOW + timedelta(minutes=30), identity_fields(counted(Every.DAY)))
            written.append(await database.write(partial(write_reigns, reigns={"a": (1, reign)})))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "read", read)
        begun = await said(database, Every.WEEK, NOW + timedelta(hours=1))
    reigns = await database.read(read_reigns)

    assert "on 20 November 2026 10:00 UTC" == begun
    assert [Every.MONTH, Every.DAY, Every.WEEK] == [
        next(
            every for every in (Every.MONTH, Every.DAY, Every.WEEK) if identity_fields(counted(every)) == reign.identity
        )
        for reign in reigns["a"]
    ]
