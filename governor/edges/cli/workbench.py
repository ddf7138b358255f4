"""What a command needs to look at the same things as the server: policies, database and ledger, opened and closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from governor.clients.clock import Clock, clock_from
from governor.clients.price_catalogue import genai_prices
from governor.compiler.worker import compile_in_process
from governor.core.decisions.blocks import Blocks
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import GovernorError
from governor.core.grants import Grants
from governor.core.policy.place import GitPlace
from governor.edges.cli.load_policies import load_policies
from governor.services.open_database import open_database
from governor.services.policies.publisher import Publisher
from governor.services.policies.stored import stored_snapshot
from governor.services.snapshots import Snapshots
from governor.services.trace_quotas import trace_quotas
from governor.settings import Settings
from governor.store.blocks import BlockFilter, read_blocks
from governor.store.database import Database
from governor.store.grants import GrantFilter, read_grants
from governor.store.ledger import SqlLedger
from governor.store.policy_releases import read_live_release


@dataclass(frozen=True, slots=True)
class Workbench:
    """Policies, database and ledger, as the server has them."""

    clock: Clock
    now: datetime
    snapshots: Snapshots
    database: Database
    ledger: SqlLedger


@asynccontextmanager
async def open_workbench(settings: Settings) -> AsyncIterator[Workbench]:
    """Open everything, and close it again.

    Raises:
        GovernorError: If the policies have errors or the database cannot be used.
    """
    clock = clock_from(settings.clock)
    now = clock.now()
    async with open_store(settings) as database:
        snapshots = Snapshots(await _snapshot(settings.policies, database, now), now)
        in_force = BlockFilter(in_force_at=now)
        snapshots.block(Blocks(await database.read(lambda connection: read_blocks(connection, in_force))))
        standing = GrantFilter(standing_at=now)
        snapshots.grant(Grants(await database.read(lambda connection: read_grants(connection, standing))))
        ledger = SqlLedger(database, clock.time)
        await ledger.start()
        try:
            yield Workbench(clock, now, snapshots, database, ledger)
        finally:
            await ledger.close()


async def _snapshot(place: Path | GitPlace, database: Database, now: datetime) -> Snapshot:
    """Return the policies of a folder or, of a repository, the commit that the server decides by."""
    if isinstance(place, Path):
        traced = await trace_quotas(database, load_policies(place, now), now, publish=False)
        return Snapshot.build(traced, genai_prices())
    release = await database.read(read_live_release)
    if release is None:
        raise GovernorError(
            f"no commit of `{place.shown}` is live yet; start the server, or `governor policies sync`",
            code="no_policies",
        )
    publisher = Publisher(
        catalogues=genai_prices, compile_policies=compile_in_process, database=database, now=lambda: now
    )
    return await stored_snapshot(publisher, release)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Database]:
    """Open the database alone, and close it again.

    Raises:
        GovernorError: If it cannot be used.
    """
    database = await open_database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()
