"""The policy kinds that decide requests, as typed values. Built by the compiler, read by ``evaluate``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from governor.core.periods import PeriodDefinition
from governor.core.policy.alert_rule import AlertRule
from governor.core.policy.header import Header, Selector
from governor.core.policy.renewal import Renewal
from governor.core.units import Counts, Unit


@dataclass(frozen=True, slots=True)
class ModelAllowlist:
    """Which models may be used. None means unset, ``()`` means nothing, ``("*",)`` means everything.

    Attributes:
        allow: Canonical ids or globs; a model must be in at least one matching allowlist.
        deny: A match here is final.
        only: A model must be in every matching ``only``.
        fallback: Models to try in order when the model asked for is refused; groups expanded, globs not allowed.
    """

    header: Header
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    fallback: tuple[str, ...] = ()


class WhenOver(StrEnum):
    """What a context limit does: refuse, lower ``max_output_tokens`` (never the input), or offer other models."""

    DENY = "deny"
    CLAMP = "clamp"
    DOWNGRADE = "downgrade"


@dataclass(frozen=True, slots=True)
class ContextLimit:
    """Limits in tokens on the input, the output and their sum; None is no limit.

    Attributes:
        downgrade_to: Models offered instead, in order, with ``when_over: downgrade``; groups are expanded.
    """

    header: Header
    max_input: int | None = None
    max_output: int | None = None
    max_total: int | None = None
    when_over: WhenOver = WhenOver.DENY
    downgrade_to: tuple[str, ...] = ()


class WhenReached(StrEnum):
    """What a reached limit does: refuse, let through and say so, offer other models, or go on at a price."""

    DENY = "deny"
    WARN = "warn"
    DOWNGRADE = "downgrade"
    OVERAGE = "overage"


@dataclass(frozen=True, slots=True)
class Downgrade:
    """Which models are offered once ``from_percent`` of the limit is reached, in order; groups are expanded."""

    to: tuple[str, ...]
    from_percent: int = 100

    def begins_at(self, limit: int) -> int:
        """Return how far a budget with a limit goes for the models that are downgraded."""
        return limit * self.from_percent // 100


@dataclass(frozen=True, slots=True)
class Overage:
    """How far a budget may go beyond its limit, in the quota's unit, and who pays.

    Attributes:
        up_to: In one period.
        surcharge_percent: Added to what was used beyond limit and carry, on the statement; never part of ``used``.
        fund: Name of the quota whose budget pays; ``""``: the budget itself.
    """

    up_to: int
    surcharge_percent: int = 0
    fund: str = ""


@dataclass(frozen=True, slots=True)
class MaxShare:
    """No value of the attribute ``per`` takes more than ``percent`` of a budget in a period."""

    per: str
    percent: int


@dataclass(frozen=True, slots=True)
class Rollover:
    """What one period leaves to the next: unused up to a share of its limit or an amount, and its debt.

    At most one of ``unused_percent`` and ``unused_amount`` is set; both None: nothing unused is carried.
    """

    unused_percent: int | None = None
    unused_amount: int | None = None
    overspend: bool = False

    def unused_max(self, limit: int) -> int:
        """Return the most that a period with this limit leaves unused to the next."""
        if self.unused_percent is not None:
            return limit * self.unused_percent // 100
        return self.unused_amount or 0


@dataclass(frozen=True, slots=True)
class LimitFor:
    """A limit for some scopes: the first whose selector matches the scope's attributes wins."""

    selector: Selector
    limit: int


@dataclass(frozen=True, slots=True)
class DatedLimit:
    """A limit in force from an instant (UTC) until the next dated limit; it replaces the quota's plain ``limit``."""

    from_at: datetime
    limit: int


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit for a period: one budget for each scope that ``per`` makes, or one shared budget.

    Attributes:
        unit: Unit of all limits: nano-USD for ``Unit.USD``, else whole tokens or requests.
        limit: The plain limit.
        counts: Which tokens count, for ``Unit.TOKENS``.
        per: Attributes whose values make a scope, in order; empty for one shared budget.
        limits: Limits for some scopes, the first match wins over ``limit`` and ``schedule``.
        schedule: Dated limits in ascending order.
        period: How time is cut; None for concurrent requests, which have no period.
        soft_limit_percent: Warn above this share of the limit; None is no soft limit.
        soft_limit: The same as an amount; at most one of the two is set.
        downgrade: With ``when_reached: downgrade``.
        overage: With ``when_reached: overage``.
        max_share: None: no share is limited.
        burst_percent: How much of an even daily share a local day may use, in percent (``pace``); None: no pace.
        rollover: None: every period begins anew.
        prorated: True if the period in which the quota begins has only a part of the limit (``first_period``).
        count_existing: True if new budgets begin with what was used in their period before the quota stood there.
        hold_for_s: Life of a hold in seconds.
        charge_on_expiry: True if a hold that nobody reported on is charged when it expires.
        fail_open: True if a request may pass when the ledger fails (``on_ledger_failure: allow``).
        learned: True if the output is held that such calls have had, not all that was asked for (``reserve``).
        alerts: When somebody is told how full its budgets are.
        renewed_parts: The same of the counters beside them, each with the field that makes it: ``max_share``, ``pace``.
        past: What was in force of these budgets before the last edits, the oldest first; see ``as_of``.
        root: The lineage name that takes part in the budget's identity: the oldest name of the quota.
        use_case_roots: What its budgets of renamed use cases are kept under, by every name of these.
        renewed: That an edit made these budgets in the place of others; None: they are the first, or nobody looked.
    """

    header: Header
    unit: Unit
    limit: int
    counts: Counts = Counts.ALL
    per: tuple[str, ...] = ()
    limits: tuple[LimitFor, ...] = ()
    schedule: tuple[DatedLimit, ...] = ()
    period: PeriodDefinition | None = None
    soft_limit_percent: int | None = None
    soft_limit: int | None = None
    when_reached: WhenReached = WhenReached.DENY
    downgrade: Downgrade | None = None
    overage: Overage | None = None
    max_share: MaxShare | None = None
    burst_percent: int | None = None
    rollover: Rollover | None = None
    prorated: bool = False
    count_existing: bool = False
    hold_for_s: int = 600
    charge_on_expiry: bool = False
    fail_open: bool = False
    learned: bool = False
    alerts: tuple[AlertRule, ...] = ()
    root: str = ""
    use_case_roots: Mapping[str, str] = field(default_factory=dict, hash=False)
    renewed: Renewal | None = None
    renewed_parts: tuple[tuple[str, Renewal], ...] = ()
    past: tuple["Former", ...] = ()


@dataclass(frozen=True, slots=True)
class Former:
    """What a quota said until it was edited; of ``quota`` only the terms count, see ``as_of``."""

    until: datetime
    quota: Quota


class Prefer(StrEnum):
    """Which of a routing's models comes first: the cheapest for this request, or the first listed."""

    CHEAPEST = "cheapest"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Routing:
    """Which model serves a request that leaves the choice open, or every request.

    Attributes:
        among: Models to choose from; groups are expanded.
        context_window: The least window that a model must have, in tokens, or None.
        capabilities: What it must be able to do.
        replace: True if the model asked for is replaced; False: only a request for ``auto`` is served.
    """

    header: Header
    among: tuple[str, ...]
    prefer: Prefer = Prefer.CHEAPEST
    context_window: int | None = None
    capabilities: frozenset[str] = frozenset()
    replace: bool = False


Policy = ModelAllowlist | ContextLimit | Quota | Routing
"""The kinds that are matched against a request; the others describe the organisation."""
