"""The ledger alone: ``python -m benchmarks.ledger [--seconds 2] [--postgres URL]``.

Each decision draws on four budgets and leaves a record, and is durable before it is answered. Rates stand beside a
baseline of the same run: one thread that commits a single-row update as often as it can. Then two worker processes
place on one hot organisation-wide row.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from governor.core.ledger.commands import Place, Placed
from governor.store import migrate
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from governor.store.verify import verify
from tests.ledger.factory import budget, hold, place

BUDGETS = (
    budget("company"),
    budget("department", department="marketing"),
    budget("team", team="growth"),
    budget("person", user="mia@acme.example"),
)
CONCURRENCY = (1, 8, 64, 256)
ROOM = 10**15


def request() -> Place:
    """Return a request that draws on four budgets and has a body of a usual size."""
    return place(*(hold(key, 1, ROOM) for key in BUDGETS), body=b"x" * 600, at_s=time.time(), department="marketing")


async def rate(ledger: SqlLedger, concurrency: int, seconds: float) -> tuple[float, float]:
    """Place for some seconds; return decisions a second and microseconds of CPU for each."""
    end = time.perf_counter() + seconds
    count = 0

    async def client() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await ledger.submit(request())
            count += 1

    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(concurrency)))
    return count / (time.perf_counter() - started), (time.process_time() - cpu) / count * 1e6


def baseline(database: Database, seconds: float) -> float:
    """Return how many durable commits of one row a single connection does in a second."""
    connection = database.open_sqlite() if database.is_sqlite else database.open_postgres()
    connection.execute("CREATE TABLE baseline (id INTEGER PRIMARY KEY, n INTEGER)")
    connection.execute("INSERT INTO baseline VALUES (1, 0)")
    end, count = time.perf_counter() + seconds, 0
    started = time.perf_counter()
    while time.perf_counter() < end:
        connection.execute("UPDATE baseline SET n = n + 1 WHERE id = 1")
        count += 1
    connection.execute("DROP TABLE baseline")
    connection.close()
    return count / (time.perf_counter() - started)


async def measure(url: str, seconds: float) -> None:
    """Print the rates at every concurrency."""
    database = Database(url)
    migrate.upgrade(database)
    single = baseline(database, seconds)
    print(f"{database.engine.name}: bare durable commits of one row: {single:,.0f} a second")
    ledger = SqlLedger(database)
    await ledger.start()
    await ledger.submit(request())
    for concurrency in CONCURRENCY:
        per_second, cpu_us = await rate(ledger, concurrency, seconds)
        print(
            f"  {concurrency:4} at once: {per_second:8,.0f} decisions/s  {cpu_us:6.0f} us CPU each"
            f"  {per_second / single:6.2f} x baseline"
        )
    await ledger.close()
    await report(database)


async def report(database: Database) -> None:
    """Print what verify finds, and close."""
    differences = await database.read(lambda connection: list(verify(connection, time.time())))
    print(f"  verify: {len(differences)} differences")
    await database.close()


async def work(url: str, seconds: float) -> None:
    """Be one of several workers: place, print the rate."""
    database = Database(url)
    ledger = SqlLedger(database)
    await ledger.start()
    outcome = await ledger.submit(request())
    assert isinstance(outcome, Placed)
    per_second, cpu_us = await rate(ledger, 128, seconds)
    print(f"{per_second:.0f} {cpu_us:.0f}")
    await ledger.close()
    await database.close()


def measure_two_workers(url: str, seconds: float) -> None:
    """Print what two processes do on the same rows."""
    command = [sys.executable, "-m", "benchmarks.ledger", "--worker", url, "--seconds", str(seconds)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    lines = [worker.communicate()[0].split() for worker in workers]
    total = sum(int(per_second) for per_second, _ in lines)
    print(f"  two worker processes on one row: {total:8,} decisions/s, {lines[0][1]} and {lines[1][1]} us CPU each")
    asyncio.run(report(Database(url)))


@contextmanager
def postgres(server: str) -> Iterator[str]:
    """Give a throw-away database."""
    name = sql.Identifier(f"governor_bench_{uuid.uuid4().hex[:8]}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield server.rsplit("/", 1)[0] + "/" + name.as_string(connection).strip('"')
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each figure is measured")
    parser.add_argument("--postgres", default="postgresql://postgres@127.0.0.1:5432/postgres", help="a server")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        asyncio.run(work(options.worker, options.seconds))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(f"sqlite:///{folder}/governor.db", options.seconds))
    with postgres(options.postgres) as url:
        asyncio.run(measure(url, options.seconds))
        measure_two_workers(url, options.seconds)


if __name__ == "__main__":
    main()
