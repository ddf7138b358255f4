"""``/decide`` with an empty and with a full database: ``python -m benchmarks.full_database [DECISIONS] [BUDGETS]``.

A million decisions and 100,000 budgets by default; ten million take some 20 GB of disk. The full database holds copies
of a decision that the server really made, with ids of their own.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from statistics import median
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from benchmarks.decide import one_round
from benchmarks.load import Load, run
from benchmarks.people import users
from benchmarks.server import governor_server
from governor.services.ids import new_id
from governor.store.database import Database
from governor.store.tables import BUDGETS, DECISIONS, REQUEST_KEYS

ROUNDS = 5
AT_A_TIME = 5_000
DAY_MS = 86_400_000


def fill(url: str, decisions: int, budgets: int) -> None:
    """Fill a database with copies of the first decision and the first budget that are in it."""
    database = Database(url)
    with database.writing() as connection:
        decision = dict(connection.execute(select(DECISIONS).limit(1)).mappings().one())
        budget = dict(connection.execute(select(BUDGETS).limit(1)).mappings().one())
    now_ms = int(time.time() * 1000)
    _insert_all(database, DECISIONS, _decisions(decision, decisions, now_ms))
    _insert_all(database, BUDGETS, _budgets(budget, budgets))
    for number, keys in enumerate(REQUEST_KEYS):
        _insert_all(database, keys, _claims(decision["id"], decisions // 10, now_ms - number * DAY_MS))
    print(f"filled: {database.read_now(_count):,} decisions, {budgets:,} budgets", flush=True)


def _count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(DECISIONS)).scalar_one())


def _insert_all(database: Database, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while chunk := list(islice(rows, AT_A_TIME)):
        with database.writing() as connection:
            connection.execute(insert(table), chunk)


def _decisions(template: dict[str, Any], count: int, now_ms: int) -> Iterator[dict[str, Any]]:
    # The past 90 days, oldest first, as a server would have written them.
    for number in range(count):
        at_ms = now_ms - 90 * DAY_MS + number * 89 * DAY_MS // max(1, count)
        yield {**template, "id": new_id(at_ms), "at_ms": at_ms, "state": "released"}


def _budgets(template: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {**template, "digest": os.urandom(16), "user": f"user{number}", "scope": f'{{"user":"full-{number}"}}'}


def _claims(decision_id: bytes, count: int, at_ms: int) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        yield {"claim": os.urandom(16), "decision_id": decision_id, "body_digest": os.urandom(16), "at_ms": at_ms}


def main(decisions: int, budgets: int) -> None:
    """Fill, measure and print."""
    people = users()
    ratios = []
    with tempfile.TemporaryDirectory(prefix="governor-bench-") as folder:
        empty_url, full_url = (f"sqlite:///{folder}/{name}.db" for name in ("empty", "full"))
        with governor_server(full_url) as server:
            run(Load(server.port, 10, 1, "first", people, server.key))
        fill(full_url, decisions, budgets)
        with governor_server(empty_url) as empty, governor_server(full_url) as full:
            for server in (empty, full):
                one_round(server, "warm", people)
            for number in range(ROUNDS):
                without, without_us = one_round(empty, f"f{number}", people)
                with_all, with_all_us = one_round(full, f"f{number}", people)
                ratios.append(with_all.per_second / without.per_second)
                print(
                    f"round {number + 1}: empty {without.per_second:6,.0f}/s {without_us:4.0f} us CPU   "
                    f"full {with_all.per_second:6,.0f}/s {with_all_us:4.0f} us CPU   ratio {ratios[-1]:.2f}",
                    flush=True,
                )
    print(f"median ratio {median(ratios):.2f} (wanted: 0.75 or more)")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:3]]
    main(*(given + [1_000_000, 100_000][len(given) :]))
