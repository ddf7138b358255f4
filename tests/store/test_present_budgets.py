"""Present budgets are passed by in pages, each once, whatever their policies and scopes are."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from governor.core.ledger.budget import BudgetKey
from governor.core.units import Unit
from governor.store.budgets import Place, read_present_budgets
from governor.store.database import Database
from governor.store.records import budget_row
from governor.store.tables import BUDGETS

AT_S = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
END_S = AT_S + 864_000


def fill(database: Database) -> set[bytes]:
    """Store budgets of two policies, this and the last period's, and return the digests of this one's."""
    names = [column.name for column in BUDGETS.columns]
    present, rows = set(), []
    for policy in ("Quota/a", "Quota/b"):
        for number in range(7):
            for start_s, end_s in ((AT_S - 864_000, AT_S - 1), (AT_S, END_S)):
                digest = f"{policy}{number}{start_s}".encode()[-16:].rjust(16, b"-")
                key = BudgetKey(digest, policy, (("user", f"p{number}"),), Unit.USD, start_s, end_s)
                rows.append(dict(zip(names, budget_row(key), strict=True)))
                present |= {digest} if start_s == AT_S else set()
    with database.writing() as connection:
        connection.execute(insert(BUDGETS), rows)
    return present


def passed(database: Database, first: Place, limit: int, *, alone: bool = False, taken: bool = False) -> list[bytes]:
    """Return the digests of all pages."""
    found: list[bytes] = []
    after: Place | None = first
    while after is not None:
        with database.engine.connect() as connection:
            page = read_present_budgets(connection, AT_S, after, limit, alone=alone, taken=taken)
        found += [row.digest for row in page.rows]
        after = page.next
    return found


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_each_present_budget_is_passed_by_once(database: Database, limit: int) -> None:
    """All of them, those of one policy alone, and those of which something is taken."""
    present = fill(database)
    some = sorted(present)[3]
    all_of_them = passed(database, ("", "", b""), limit)
    of_one = passed(database, ("Quota/b", "", b""), limit, alone=True)
    with database.writing() as connection:
        connection.execute(update(BUDGETS).where(BUDGETS.c.digest == some).values(used=1))
    taken = passed(database, ("", "", b""), limit, taken=True)

    assert (sorted(present), 7, [some]) == (sorted(all_of_them), len(of_one), taken)
    assert all_of_them[7:] == of_one
