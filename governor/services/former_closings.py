"""Closings of budgets that no policy keeps any more: their quota was deleted, or an edit made other budgets of it.

What was used of them was used: the period ends with a statement, by what was said of them last.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from governor.core.decisions.snapshot import Snapshot
from governor.core.policy.kinds import Quota
from governor.core.policy.use_case_lineage import with_use_cases
from governor.core.policy_changes.former_terms import with_former_terms
from governor.core.statements.close import Closing, closing_of
from governor.store.quota_roots import read_quota_roots
from governor.store.quota_terms import read_roots_of, read_terms
from governor.store.statements import EndedBudget


def closing_for(snapshot: Snapshot, quota: Quota, row: EndedBudget, *, gone: bool = False) -> Closing | None:
    """Return the closing of a counter, if it is a budget of a quota and no part of one."""
    if quota.per != tuple(key for key, _ in row.scope):
        return None
    closing = closing_of(snapshot, quota, row.scope, datetime.fromtimestamp(row.start_s, UTC), gone=gone)
    return closing if closing is not None and closing.key.digest == row.digest else None


def former_closings(connection: Connection, snapshot: Snapshot, rows: Sequence[EndedBudget]) -> dict[bytes, Closing]:
    """Return the closings of counters that belong to what was said of quotas before; parts of budgets have none."""
    roots = read_roots_of(connection, {_name(row) for row in rows}) if rows else {}
    terms = read_terms(connection, set(roots.values()))
    use_cases = read_quota_roots(connection, ())
    found: dict[bytes, Closing] = {}
    for row in rows:
        said = terms.get(roots.get(_name(row), ""), [])
        for number in range(len(said) - 1, -1, -1):
            quota = with_former_terms(said[number][1], said[: number + 1])
            [quota] = with_use_cases([quota], use_cases, snapshot.organization.former_use_cases)
            closing = closing_for(snapshot, quota, row, gone=True)
            if closing is not None:
                found[row.digest] = closing
                break
    return found


def _name(row: EndedBudget) -> str:
    return row.policy.removeprefix("Quota/")
