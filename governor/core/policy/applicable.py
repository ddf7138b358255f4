"""Which policies concern a request: looked up once for equal attributes, until the next effective date."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from governor.core.calendar_days import local_date
from governor.core.globs import is_glob
from governor.core.periods import period_at
from governor.core.policy.header import Enforcement, Header
from governor.core.policy.index import PolicyIndex
from governor.core.policy.kinds import ContextLimit, ModelAllowlist, Policy, Quota, Routing
from governor.core.policy.match import Attributes, concerns, selects
from governor.core.policy.organization import Organization
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.scopes import Scope

MEMO_SIZE_MAX = 50_000
"""Distinct attribute combinations remembered; past it the memory starts anew, so that it stays bounded."""

_UNNAMED = "*"
"""In place of a value that no selector names: no glob is ever the name of anything."""


@dataclass(frozen=True, slots=True)
class AppliedQuota:
    """A quota with the limit in force for one of its budgets.

    Attributes:
        limit: In the quota's unit.
        soft_limit: In the quota's unit, or None.
        next_limit: With which the next period begins, by what is written now.
        later_limits: Those of dates before that, by ``schedule``, in ascending order.
        whole_limit: Of a whole period; more than ``limit`` in a first period that has only a part of it.
    """

    quota: Quota
    limit: int
    soft_limit: int | None
    next_limit: int
    whole_limit: int
    later_limits: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Applicable:
    """The policies that concern a request."""

    allowlists: tuple[ModelAllowlist, ...]
    context_limits: tuple[ContextLimit, ...]
    quotas: tuple[Quota, ...]
    routings: tuple[Routing, ...]
    enforced: bool


class ApplicablePolicies:
    """Finds the policies of a request and remembers the answer.

    The key of the memory holds every attribute that any selector reads, and the epoch: the stretch of time in which
    no policy, schedule or limit begins or ends. Values that no selector names are all alike: most people are concerned
    by the policies of their team, and by none of their own.

    Attributes:
        epochs: The instants at which that happens, ascending, in Unix seconds.
    """

    def __init__(
        self,
        allowlists: Sequence[ModelAllowlist],
        context_limits: Sequence[ContextLimit],
        quotas: Sequence[Quota],
        routings: Sequence[Routing],
        closed: dict[str, list[str]],
    ) -> None:
        self._allowlists = PolicyIndex(allowlists, closed)
        self._context_limits = PolicyIndex(context_limits, closed)
        self._quotas = PolicyIndex(quotas, closed)
        self._routings = PolicyIndex(routings, closed)
        policies: list[Policy] = [*allowlists, *context_limits, *quotas, *routings]
        self._reads = tuple(sorted(_named_values(policies).items()))
        self.epochs = sorted({at.timestamp() for policy in policies for at in _instants(policy)})
        self._memo: dict[tuple[int | str | None, ...], Applicable] = {}

    def find(self, attributes: Attributes, now: datetime) -> Applicable:
        """Return the policies in force that concern a request with these attributes."""
        key = (
            bisect_right(self.epochs, now.timestamp()) if self.epochs else 0,
            *[
                value if named is None or value is None or value in named else _UNNAMED
                for value, named in [(attributes.get(name), named) for name, named in self._reads]
            ],
        )
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= MEMO_SIZE_MAX:
                self._memo.clear()
            found = self._memo[key] = self._find(attributes, now)
        return found

    def _find(self, attributes: Attributes, now: datetime) -> Applicable:
        allowlists = tuple(p for p in self._allowlists.candidates(attributes) if _concerns(p.header, attributes, now))
        limits = tuple(p for p in self._context_limits.candidates(attributes) if _concerns(p.header, attributes, now))
        quotas = tuple(p for p in self._quotas.candidates(attributes) if _concerns(p.header, attributes, now))
        routings = tuple(p for p in self._routings.candidates(attributes) if _concerns(p.header, attributes, now))
        matched: list[Policy] = [*allowlists, *limits, *quotas]
        enforced = any(policy.header.enforcement is Enforcement.ENFORCE for policy in matched)
        return Applicable(allowlists, limits, quotas, routings, enforced)


def apply_quota(quota: Quota, scope: Scope, organization: Organization, at: datetime) -> AppliedQuota:
    """Work out the limit of a quota's budget: ``limits`` for some scopes, else the schedule, else the plain one.

    A budget has one limit at an instant, whoever draws on it and whatever team a request names: decisions and
    ``GET /budgets`` both ask here.
    """
    whole = limit_rule(quota, scope, organization, at)[1]
    limit = _prorated(quota, whole, at)
    soft_limit = quota.soft_limit
    if quota.soft_limit_percent is not None:
        soft_limit = limit * quota.soft_limit_percent // 100
    following = _next_limit(quota, scope, organization, at, limit)
    later = tuple(_later_limits(quota, scope, organization, at)) if quota.schedule else ()
    return AppliedQuota(quota, limit, soft_limit, following, whole, later)


def _later_limits(
    quota: Quota, scope: Scope, organization: Organization, at: datetime
) -> Iterator[tuple[datetime, int]]:
    """Yield the dates of the running period at which the schedule says another limit, with it."""
    end_at = period_at(quota.period, at).end_at if quota.period is not None else at
    for dated in quota.schedule:
        if at < dated.from_at and (end_at is None or dated.from_at < end_at):
            whole = limit_rule(quota, scope, organization, dated.from_at)[1]
            yield dated.from_at, _prorated(quota, whole, at)


def _next_limit(quota: Quota, scope: Scope, organization: Organization, at: datetime, limit: int) -> int:
    """Return the limit with which the next period begins; only dates in the policy make it another."""
    if quota.period is None or not (quota.schedule or quota.prorated):
        return limit
    end_at = period_at(quota.period, at).end_at
    return limit if end_at is None else _prorated(quota, limit_rule(quota, scope, organization, end_at)[1], end_at)


def _prorated(quota: Quota, limit: int, at: datetime) -> int:
    """Return the part of a limit for a period in which the quota begins: by its local days, rounded down."""
    begins = quota.header.effective_from
    if not quota.prorated or begins is None or quota.period is None:
        return limit
    period = period_at(quota.period, at)
    if period.end_at is None or not period.start_at < begins < period.end_at:
        return limit
    first, begun, end = (
        local_date(each, quota.period.time_zone).toordinal() for each in (period.start_at, begins, period.end_at)
    )
    return limit * (end - begun) // (end - first)


def limit_rule(quota: Quota, scope: Scope, organization: Organization, at: datetime) -> tuple[str, int]:
    """Return which rule of a quota limits a scope (``limit``, ``limits[0]``, ``schedule[1]``), and the limit."""
    if quota.limits:
        attributes = scope_attributes(scope, organization, at)
        for index, limit_for in enumerate(quota.limits):
            if selects(limit_for.selector, attributes):
                return f"limits[{index}]", limit_for.limit
    for index, dated in reversed(list(enumerate(quota.schedule))):
        if dated.from_at <= at:
            return f"schedule[{index}]", dated.limit
    return "limit", quota.limit


def _concerns(header: Header, attributes: Attributes, now: datetime) -> bool:
    return header.in_force(now) and concerns(header, attributes)


def _named_values(policies: Iterable[Policy]) -> dict[str, frozenset[str] | None]:
    """Return the attributes that selectors read, each with the values they name; None where a glob may mean any."""
    named: dict[str, set[str]] = {}
    for policy in policies:
        for key, patterns in _terms(policy):
            named.setdefault(key, set()).update(patterns)
    return {key: None if any(is_glob(each) for each in values) else frozenset(values) for key, values in named.items()}


def _terms(policy: Policy) -> Iterable[tuple[str, tuple[str, ...]]]:
    header = policy.header
    return (*header.applies_to.terms, *(header.excluded.terms if header.excluded is not None else ()))


def _instants(policy: Policy) -> Iterable[datetime]:
    """Return the instants at which what the policy says changes."""
    header = policy.header
    yield from (at for at in (header.effective_from, header.effective_until) if at is not None)
    if isinstance(policy, Quota):
        yield from (dated.from_at for dated in policy.schedule)
