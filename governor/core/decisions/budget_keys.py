"""From a quota and a request's attributes to the budget that it draws on."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from governor.core.ledger.budget import BudgetKey, budget_digest, digests_of
from governor.core.periods import Every, PeriodClock, PeriodDefinition, last_instant, period_at
from governor.core.policy.kinds import Quota
from governor.core.scopes import NONE_VALUE, Scope
from governor.core.units import Unit

SHARE = "share"
"""What tells the budget of a share from the whole's: see ``part_key``."""

PERIODS_MAX = 4_096
"""Period definitions remembered; a company has a handful."""


@lru_cache(maxsize=PERIODS_MAX)
def _period_identity(definition: PeriodDefinition) -> str:
    return definition.identity()


@lru_cache(maxsize=PERIODS_MAX)
def _period_clock(definition: PeriodDefinition) -> PeriodClock:
    """Return the clock of a definition: it remembers the present period, which is the same for all of its budgets."""
    return PeriodClock(definition)


class Identity(NamedTuple):
    """What makes a budget the same budget beside its lineage; ``""`` where a quota has nothing of the kind.

    Limits, soft limits and everything else may be edited freely: the balance stays.
    """

    unit: str
    counts: str
    per: str
    period: str


def identity_fields(quota: Quota) -> Identity:
    """Return the fields whose edit makes other budgets, as text."""
    counts = quota.counts if quota.unit is Unit.TOKENS else ""
    period = _period_identity(quota.period) if quota.period is not None else ""
    return Identity(quota.unit, counts, ",".join(quota.per), period)


def quota_identity(quota: Quota) -> str:
    """Return what makes a budget of this quota the same budget: lineage name, unit, ``counts``, ``per`` and period."""
    return "\x1d".join((quota.root or quota.header.name, *identity_fields(quota)))


def scope_of(quota: Quota, attributes: Mapping[str, str]) -> Scope:
    """Return the scope of a request: an attribute that it lacks is ``(none)``, so that omission mints no budget."""
    return tuple((key, attributes.get(key, NONE_VALUE)) for key in quota.per)


def _kept(quota: Quota, scope: Scope) -> Scope:
    """Return a scope as balances are kept: that of a renamed use case under the root of its names."""
    roots = quota.use_case_roots
    if not roots:
        return scope
    return tuple((key, roots.get(value, value) if key == "use_case" else value) for key, value in scope)


def budget_key(quota: Quota, scope: Scope, at: datetime) -> BudgetKey:
    """Return the budget of a quota for a scope in the period that contains an instant."""
    start_s = 0
    end_s = None
    if quota.period is not None:
        period = _period_clock(quota.period).at(at)
        start_s = int(period.start_at.timestamp())
        end_s = int(period.end_at.timestamp()) if period.end_at is not None else None
    digest = budget_digest(quota_identity(quota), _kept(quota, scope), start_s)
    return BudgetKey(digest, quota.header.ref, scope, quota.unit, start_s, end_s)


@lru_cache(maxsize=PERIODS_MAX)
def _periods_before(definition: PeriodDefinition, start_s: int, count: int) -> tuple[tuple[int, int], ...]:
    """Return starts and ends of the periods before one, the latest first; worked out once for all budgets."""
    found: list[tuple[int, int]] = []
    while len(found) < count:
        # The clock of present periods is not asked: it would forget the present one.
        period = period_at(definition, last_instant(start_s))
        start_s, end_s = int(period.start_at.timestamp()), start_s
        found.append((start_s, end_s))
    return tuple(found)


def budgets_before(quota: Quota, key: BudgetKey, count: int) -> list[tuple[bytes, int]]:
    """Return the budgets of the same scope in the periods before, the latest first; none for a lifetime.

    Returns:
        The digest of each, with the first second after its period.
    """
    if quota.period is None or key.period_end_s is None:
        return []
    digest_of = digests_of(quota_identity(quota), _kept(quota, key.scope))
    return [(digest_of(start_s), end_s) for start_s, end_s in _periods_before(quota.period, key.period_start_s, count)]


def part_key(quota: Quota, whole: BudgetKey, part: str, scope: Scope) -> BudgetKey:
    """Return a part of a budget for a narrower scope, in the same period; ``part`` tells parts apart."""
    identity = f"{quota_identity(quota)}\x1d{part}"
    digest = budget_digest(identity, _kept(quota, scope), whole.period_start_s)
    return BudgetKey(digest, whole.policy, scope, whole.unit, whole.period_start_s, whole.period_end_s)


def day_key(quota: Quota, whole: BudgetKey, at: datetime) -> BudgetKey:
    """Return the part of a budget that belongs to the local day of an instant."""
    zone = quota.period.time_zone if quota.period is not None else "UTC"
    day = _period_clock(PeriodDefinition(Every.DAY, zone)).at(at)
    assert day.end_at is not None
    start_s, end_s = int(day.start_at.timestamp()), int(day.end_at.timestamp())
    identity = f"{quota_identity(quota)}\x1dpace\x1d{whole.period_start_s}"
    digest = budget_digest(identity, _kept(quota, whole.scope), start_s)
    return BudgetKey(digest, whole.policy, whole.scope, whole.unit, start_s, end_s)
