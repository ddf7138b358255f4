"""For every field of a policy a value that is not its usual one."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.alert_rule import AlertOf, AlertRule
from governor.core.policy.approval_rule import (
    AutomaticCap,
    BreakGlass,
    DecideIn,
    Escalation,
    MayRequest,
    Requirement,
    Route,
    Urgent,
)
from governor.core.policy.forecast_rule import Bound, PriceChange
from governor.core.policy.header import Enforcement, Selector, Source
from governor.core.policy.kinds import (
    DatedLimit,
    Downgrade,
    LimitFor,
    MaxShare,
    Overage,
    Prefer,
    Rollover,
    WhenOver,
    WhenReached,
)
from governor.core.policy.organization import (
    CanStop,
    ClientAsserted,
    PersonKind,
    Placement,
    Strictness,
    TeamPlacement,
)
from governor.core.policy.use_case import Audience, Stage
from governor.core.prices import Discount, Price, Rates, Tier
from governor.core.units import Counts, Unit
from governor.core.working_time import Span, WorkingTime

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LATER = datetime(2027, 3, 1, tzinfo=UTC)
SOURCE = Source("p.yaml", 1)
MARKETING = Selector((("department", ("marketing",)),))
USD = 10**9

HEADER: Mapping[str, Any] = {
    "description": "Another one.",
    "owner": "bob@acme.example",
    "reason": "Ticket 7",
    "review_by": date(2027, 5, 1),
    "effective_from": LATER,
    "effective_until": LATER,
    "enforcement": Enforcement.AUDIT,
    "exceptions_allowed": False,
    "applies_to": MARKETING,
    "excluded": MARKETING,
    "if_missing_applies": True,
}
QUOTA: Mapping[str, Any] = {
    "unit": Unit.TOKENS,
    "limit": 2 * USD,
    "counts": Counts.OUTPUT,
    "per": ("user",),
    "limits": (LimitFor(MARKETING, 7),),
    "schedule": (DatedLimit(LATER, 9 * USD),),
    "period": PeriodDefinition(Every.WEEK),
    "soft_limit_percent": 50,
    "soft_limit": USD // 2,
    "when_reached": WhenReached.WARN,
    "downgrade": Downgrade(("a/b",), 70),
    "overage": Overage(USD),
    "max_share": MaxShare("team", 20),
    "burst_percent": 300,
    "rollover": Rollover(unused_percent=20),
    "prorated": True,
    "count_existing": True,
    "hold_for_s": 60,
    "charge_on_expiry": True,
    "fail_open": True,
    "learned": True,
    "alerts": (AlertRule(80, AlertOf.USED, ("log",)),),
}
ALLOWLIST: Mapping[str, Any] = {"allow": ("a/c",), "deny": ("a/c",), "only": ("a/b",), "fallback": ("a/c",)}
CONTEXT: Mapping[str, Any] = {
    "max_input": 10,
    "max_output": 10,
    "max_total": 10,
    "when_over": WhenOver.CLAMP,
    "downgrade_to": ("a/c",),
}
ROUTING: Mapping[str, Any] = {
    "among": ("a/c",),
    "prefer": Prefer.FIRST,
    "context_window": 1000,
    "capabilities": frozenset({"tools"}),
    "replace": True,
}
ORGANIZATION: Mapping[str, Any] = {
    "name": "other",
    "time_zone": "Asia/Tokyo",
    "fiscal_year_start": (4, 1),
    "week_starts": 7,
    "environments": ("prod", "dev"),
    "default_environment": "dev",
    "unknown_users": Placement("guests", "guests"),
    "on_mismatch": Strictness.WARN,
    "client_asserted": ClientAsserted.DENY,
    "unlisted": Strictness.ALLOW,
    "unknown_model": Strictness.ALLOW,
    "people": {},
    "service_accounts": {},
    "teams": {},
    "departments": {},
    "groups": {"board": ()},
    "can_stop": CanStop("board", 60),
    "unregistered_use_case": Strictness.DENY,
    "use_cases": {},
    "working_time": WorkingTime(until_minute=17 * 60),
}
PERSON: Mapping[str, Any] = {
    "placements": (Placement("marketing", ""),),
    "kind": PersonKind.CONTRACTOR,
    "teams": ("growth", "brand"),
    "ids": ("other",),
    "sponsor": "bob@acme.example",
    "slack": "U1",
    "from_at": LATER,
    "until_at": LATER,
}
ACCOUNT: Mapping[str, Any] = {
    "owner": "bob@acme.example",
    "placements": (Placement("sales", ""),),
    "project": "other",
    "use_case": "other",
    "until_at": LATER,
}
DEPARTMENT: Mapping[str, Any] = {"leads": ("bob@acme.example",), "cost_centre": "1", "projects": ("p",)}
TEAM: Mapping[str, Any] = {"placements": (TeamPlacement("sales"),)}
TEAM_PLACEMENT: Mapping[str, Any] = {
    "department": "support",
    "leads": ("bob@acme.example",),
    "cost_centre": "1",
    "from_at": LATER + timedelta(days=1),
}
USE_CASE: Mapping[str, Any] = {
    "stage": Stage.RETIRED,
    "audience": Audience.CUSTOMER,
    "outcome": "a letter",
    "outcome_worth_nano_usd": 1,
    "expected_cost_nano_usd": 1,
    "cost_centre": "1",
}
RATES: Mapping[str, Any] = {
    **dict.fromkeys(("input", "cached_input", "cache_write", "cache_write_1h", "output"), 7),
    **dict.fromkeys(("reasoning", "per_request"), 7),
    "units": {"image": 1},
    "modalities": {"input_audio": 1},
}
PRICE: Mapping[str, Any] = {
    "tiers": (Tier(1000, Rates(input=9)),),
    "batch_discount_bp": 5000,
    "discount_bp": 100,
    "batch": Price(Rates(input=1)),
}
MODEL: Mapping[str, Any] = {
    "tier": "premium",
    "context_window": 1,
    "max_output": 1,
    "capabilities": frozenset({"vision"}),
}
CATALOG: Mapping[str, Any] = {
    "models": {},
    "aliases": {"b": "a/b"},
    "alias_globs": (("b*", "a/b"),),
    "groups": {"cheap": ("a/b",)},
    "use_catalogue": False,
}
BOOK: Mapping[str, Any] = {
    "entries": (),
    "discounts": (Discount("", 100, NOW),),
    "unknown_price": Price(Rates(input=1)),
    "use_catalogue": False,
}
DAY = Span(86_400)
APPROVAL: Mapping[str, Any] = {
    "routes": (Route(None, (Requirement("board", 2),)),),
    "may_request": MayRequest.LEADS,
    "deny_at": 2,
    "max_duration_s": 86_400,
    "justification_min": 40,
    "expected_value_required": True,
    "remind_after": DAY,
    "escalate": Escalation(DAY, "board"),
    "expire_after": DAY,
    "urgent": Urgent(DAY, DAY),
    "delegation": True,
    "channel": "#ai",
    "break_glass": BreakGlass("board", USD, 60, 1, Every.WEEK, 3600),
}
ROUTE: Mapping[str, Any] = {
    "up_to_nano_usd": USD,
    "require": (Requirement("board", 1, "finance"),),
    "cap": AutomaticCap(USD, Every.MONTH, "team"),
    "decide_in": DecideIn.WEB,
}
WORKING_TIME: Mapping[str, Any] = {
    "time_zone": "Asia/Tokyo",
    "days": frozenset({1}),
    "from_minute": 1,
    "until_minute": 1439,
    "holidays": frozenset({date(2026, 12, 25)}),
}
FORECAST: Mapping[str, Any] = {
    "horizon_days": 30,
    "interval_percent": 95,
    "min_history_days": 7,
    "alert_on": Bound.UPPER,
    "accuracy_target_bp": 1500,
    "scenarios": (),
}
SCENARIO: Mapping[str, Any] = {
    "name": "peak",
    "growth_bp": 2500,
    "overhead_milli": 1700,
    "price_changes": (PriceChange(2000, provider="anthropic", from_at=LATER),),
}
