"""A process of its own that uses a ledger: ``python -m tests.ledger.worker rush|load URL COUNT``."""

import asyncio
import sys
import time

from governor.core.ledger.commands import Placed
from governor.core.ledger.reservation import ReservationState
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from tests.ledger.factory import budget, hold, place, settle

COMPANY = budget("company")


def say(line: str) -> None:
    """Tell the test, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def rush(ledger: SqlLedger, count: int) -> None:
    """Ask for all at once where there is room for a hundred; print how many were admitted."""
    outcomes = await ledger.submit_many([place(hold(COMPANY, 1, 100), at_s=time.time()) for _ in range(count)])
    held = [one for one in outcomes if isinstance(one, Placed) and one.state is ReservationState.HELD]
    say(str(len(held)))


async def load(ledger: SqlLedger, count: int) -> None:
    """Decide and settle until killed; print every decision that was answered."""

    async def client() -> None:
        while True:
            outcome = await ledger.submit(place(hold(COMPANY, 1, None), at_s=time.time()))
            assert isinstance(outcome, Placed)
            say(outcome.reservation.id.hex())
            await ledger.submit(settle(outcome.reservation.id, at_s=time.time()))

    await asyncio.gather(*(client() for _ in range(count)))


async def main(mode: str, url: str, count: int) -> None:
    """Open the ledger and do it."""
    database = Database(url)
    ledger = SqlLedger(database, time.time)
    await ledger.start()
    await (rush if mode == "rush" else load)(ledger, count)
    await ledger.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
