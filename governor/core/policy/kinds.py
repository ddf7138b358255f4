"""The policy kinds that decide requests, as typed values. Built by the compiler, read by ``evaluate``."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governor.core.periods import PeriodDefinition
from governor.core.policy.header import Header, Selector
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
    """What a context limit does: refuse, or lower ``max_output_tokens`` (never the input)."""

    DENY = "deny"
    CLAMP = "clamp"


@dataclass(frozen=True, slots=True)
class ContextLimit:
    """Limits in tokens on the input, the output and their sum; None is no limit."""

    header: Header
    max_input: int | None = None
    max_output: int | None = None
    max_total: int | None = None
    when_over: WhenOver = WhenOver.DENY


class WhenReached(StrEnum):
    """What a reached limit does: refuse, or let through and say so."""

    DENY = "deny"
    WARN = "warn"


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
        hold_for_s: Life of a hold in seconds.
        charge_on_expiry: True if a hold that nobody reported on is charged when it expires.
        fail_open: True if a request may pass when the ledger fails (``on_ledger_failure: allow``).
        root: The lineage name that takes part in the budget's identity: the oldest name of the quota.
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
    hold_for_s: int = 600
    charge_on_expiry: bool = False
    fail_open: bool = False
    root: str = ""


Policy = ModelAllowlist | ContextLimit | Quota
"""The kinds that are matched against a request; the others describe the organisation."""
