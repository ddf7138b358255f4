"""Statements beside which an exception paid after they were written: they have to be looked at again."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from governor.core.decisions.grant_budgets import money_budget
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import Grant
from governor.core.statements.granted import pays_beside
from governor.services.quota_names import QuotaNames
from governor.store.grants import read_grants_between
from governor.store.statements import EndedBudget, read_stated_around

HOUR_S = 3600

Paid = tuple[Grant, int]
"""A grant, and an hour (Unix seconds) in which it paid."""


class LateGrants:
    """Finds such statements."""

    def __init__(self) -> None:
        self._names = QuotaNames()

    def stated(self, connection: Connection, snapshot: Snapshot, granted: Collection[tuple[bytes, int]]) -> list[bytes]:
        """Return the budgets that were stated although an exception paid beside them later.

        Args:
            connection: A reading connection.
            snapshot: The quotas and the Organization.
            granted: Grants' counters, each with an hour (Unix seconds) in which it paid.
        """
        if not granted:
            return []
        hours = [hour_s for _, hour_s in granted]
        first_s, last_s = min(hours), max(hours)
        rows = read_stated_around(connection, first_s, last_s)
        if not rows:
            return []
        acted = read_grants_between(connection, _at(first_s), _at(last_s + HOUR_S))
        by_counter = {money_budget(grant).digest: grant for grant in acted}
        paid = [(by_counter[digest], hour_s) for digest, hour_s in granted if digest in by_counter]
        return [row.digest for row in rows if self._is_beside(row, paid, snapshot)]

    def _is_beside(self, row: EndedBudget, paid: Collection[Paid], snapshot: Snapshot) -> bool:
        at = _at(row.end_s) - timedelta(seconds=1)
        quotas = self._names.find(snapshot.policies, row.policy)
        return any(
            row.start_s <= hour_s < row.end_s and pays_beside(grant, quota, row.scope, snapshot.organization, at)
            for grant, hour_s in paid
            for quota in quotas
        )


def _at(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
