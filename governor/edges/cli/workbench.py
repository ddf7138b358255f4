"""What a command needs to look at the same things as the server: policies, database and ledger, opened and closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from governor.clients.clock import Clock, clock_from
from governor.clients.price_catalogue import genai_prices
from governor.core.decisions.blocks import Blocks
from governor.core.decisions.snapshot import Snapshot
from governor.edges.cli.load_policies import load_policies
from governor.services.open_database import open_database
from governor.services.snapshots import Snapshots
from governor.services.trace_quotas import trace_quotas
from governor.settings import Settings
from governor.store.blocks import BlockFilter, read_blocks
from governor.store.database import Database
from governor.store.ledger import SqlLedger


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
        policies = await trace_quotas(database, load_policies(settings.policies, now), publish=False)
        snapshots = Snapshots(Snapshot.build(policies, genai_prices()), now)
        in_force = BlockFilter(in_force_at=now)
        snapshots.block(Blocks(await database.read(lambda connection: read_blocks(connection, in_force))))
        ledger = SqlLedger(database, clock.time)
        await ledger.start()
        try:
            yield Workbench(clock, now, snapshots, database, ledger)
        finally:
            await ledger.close()


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
