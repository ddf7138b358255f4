"""Verify the ledger: recompute every balance from the records, and raise an alarm if any differs.

The job does so in a process of its own: reading millions of records must not slow the decisions of the worker whose
turn it is. The child is our own program, started from our own interpreter.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from itertools import islice

import structlog
from sqlalchemy import Connection

from governor.core.errors import GovernorError
from governor.services.jobs import Turn
from governor.store.database import Database
from governor.store.differences import Difference
from governor.store.ledger_checks import LedgerCheck, insert_ledger_check
from governor.store.verify import verify

SHOWN_MAX = 100
"""Differences that are shown; all are counted."""

LOGGED_MAX = 5
"""Differences that the alarm names."""

NICENESS = 10
"""How far the child stands back where the processor is busy."""

URL = "GOVERNOR_DATABASE_URL"
"""How the child is told which database: not by an argument, which other users of a machine can read."""

Verify = Callable[[Database, datetime], Awaitable[LedgerCheck]]

_log = structlog.get_logger("governor.ledger")


class VerifierCrashError(GovernorError):
    """The verifying process ended without an answer."""

    code = "verifier_crashed"


def check_ledger(connection: Connection, now: datetime) -> LedgerCheck:
    """Compare everything derived with what the records come to.

    Args:
        connection: A connection on which nothing was read yet.
        now: The instant of the balances.
    """
    differences = verify(connection, now.timestamp())
    shown = tuple(islice(differences, SHOWN_MAX))
    return LedgerCheck(now, len(shown) + sum(1 for _ in differences), shown)


async def check_in_process(database: Database, now: datetime) -> LedgerCheck:
    """Verify in another process; the same answer as ``check_ledger``.

    Raises:
        VerifierCrashError: If the process ends without an answer.
    """
    url = database.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "governor.services.verify_ledger",
        now.isoformat(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), URL: url},
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise VerifierCrashError("the ledger could not be verified; see the messages of its process in the log")
    found = json.loads(said)
    return LedgerCheck(now, found["count"], tuple(Difference(**difference) for difference in found["shown"]))


async def verify_ledger(turn: Turn, database: Database, check: Verify = check_in_process) -> str:
    """Verify the ledger as a job: remember what was found, and raise an alarm if anything differs.

    The alarm is an error in the log, and the metric ``governor_ledger_differences`` until a later verification finds
    none. The job itself has ended well: to run it again at once would find the same.

    Returns:
        What was found.
    """
    found = await check(database, turn.now)
    await turn.write(partial(insert_ledger_check, check=found))
    if not found.count:
        return "every balance equals what its records come to"
    first = [asdict(difference) for difference in found.shown[:LOGGED_MAX]]
    _log.error("ledger_differs", differences=found.count, first=first)
    return f"{found.count:,} differences; `governor ledger verify` shows them"


def main() -> None:
    """Verify the database of the environment at the instant in the arguments, and print what was found as JSON."""
    os.nice(NICENESS)
    now = datetime.fromisoformat(sys.argv[1]).astimezone(UTC)
    database = Database(os.environ[URL])
    found = database.read_now(lambda connection: check_ledger(connection, now))
    database.engine.dispose()
    sys.stdout.write(json.dumps({"count": found.count, "shown": [asdict(each) for each in found.shown]}))


if __name__ == "__main__":
    main()
