"""Two workers on one database, each with policies, a ledger and a clock of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from governor.store.database import Database
from governor.store.ledger import SqlLedger
from governor.store.verify import verify
from tests.decisions.story import START, Story


@asynccontextmanager
async def two_stories(database: Database, folder: Path, policies: str) -> AsyncIterator[tuple[Story, Story]]:
    """Start two workers; afterwards every balance must follow from the records."""
    async with AsyncExitStack() as stack:
        stories = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            story = Story(folder / name, policies, ledger_of=lambda clock: SqlLedger(database, clock))
            await story.ledger.start()
            stack.push_async_callback(story.ledger.close)
            stories.append(story)
        yield stories[0], stories[1]
    differences = await database.read(lambda connection: list(verify(connection, START.timestamp())))

    assert [] == differences
