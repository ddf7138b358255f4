"""Several processes on one database: exact under any concurrency, and durable under ``kill -9``."""

import asyncio
import sys
import time
from pathlib import Path

from governor.core.ledger.commands import Placed
from governor.core.ledger.reservation import ReservationState
from governor.store.database import Database
from governor.store.decisions import read_decision
from governor.store.ledger import SqlLedger
from governor.store.verify import verify
from tests.ledger.factory import hold, place
from tests.ledger.worker import COMPANY

ROOT = Path(__file__).parents[2]


async def start(mode: str, url: str, count: int) -> asyncio.subprocess.Process:
    """Start a worker process."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.ledger.worker",
        mode,
        url,
        str(count),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )


async def test_room_for_a_hundred_admits_exactly_a_hundred(database: Database, database_url: str) -> None:
    """2,000 concurrent requests from four processes."""
    workers = [await start("rush", database_url, 500) for _ in range(4)]
    admitted = [int((await worker.communicate())[0]) for worker in workers]
    differences = await database.read(lambda connection: list(verify(connection, time.time())))

    assert (100, []) == (sum(admitted), differences)


async def test_what_was_answered_survives_a_kill(database: Database, database_url: str) -> None:
    """Killed in the middle of load: every answered decision is there, verify finds nothing, the next one serves."""
    worker = await start("load", database_url, 32)
    assert worker.stdout is not None
    answered = [bytes.fromhex((await worker.stdout.readline()).decode()) for _ in range(500)]
    worker.kill()
    rest, _ = await worker.communicate()
    # The last line may be cut in two.
    answered += [bytes.fromhex(line) for line in rest.decode().splitlines() if len(line) == 32]
    missing = await database.read(
        lambda connection: [one for one in answered if read_decision(connection, one) is None]
    )
    differences = await database.read(lambda connection: list(verify(connection, time.time())))
    ledger = SqlLedger(database, time.time)
    await ledger.start()
    placed = await ledger.submit(place(hold(COMPANY, 1, None), at_s=time.time()))
    await ledger.close()

    assert isinstance(placed, Placed)
    assert ([], [], ReservationState.HELD) == (missing, differences, placed.state)
