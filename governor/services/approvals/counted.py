"""What counts together with a request: slices of one scope in a period, and what was approved automatically."""

from datetime import datetime

from sqlalchemy import Connection

from governor.core.approvals.facts import Granted
from governor.core.decisions.ids import id_bytes
from governor.core.decisions.snapshot import Snapshot
from governor.core.periods import Every, PeriodDefinition, period_at
from governor.core.scopes import Scope
from governor.store.approvals import granted_since


def granted_before(
    connection: Connection,
    snapshot: Snapshot,
    scope: Scope,
    lifts: tuple[str, ...],
    now: datetime,
    *,
    without: str = "",
) -> Granted:
    """Return what a scope was granted in the period that counts, and asks for now, without one request if need be."""
    since = _period_start(snapshot, lifts, now)
    return granted_since(connection, scope, since, (id_bytes(without) or b"") if without else b"")


def start_of(snapshot: Snapshot, every: Every, now: datetime) -> datetime:
    """Return the first instant of the present period of the organisation's calendar."""
    organization = snapshot.organization
    definition = PeriodDefinition(every, organization.time_zone, week_starts=organization.week_starts)
    return period_at(definition, now).start_at


def _period_start(snapshot: Snapshot, lifts: tuple[str, ...], now: datetime) -> datetime:
    """Return since when grants count together: the longest period of the lifted quotas, at the least the month."""
    starts = [start_of(snapshot, Every.MONTH, now)]
    for ref in lifts:
        quota = snapshot.quota(ref.removeprefix("Quota/")) if ref.startswith("Quota/") else None
        if quota is not None and quota.period is not None:
            starts.append(period_at(quota.period, now).start_at)
    return min(starts)
