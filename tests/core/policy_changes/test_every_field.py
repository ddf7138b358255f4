"""No field of a policy can be edited without the plan saying so."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from governor.core.decisions.snapshot import PolicySet
from governor.core.models import Model, ModelCatalog
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.alert_rule import AlertOf, AlertRule
from governor.core.policy.approval_rule import (
    ApprovalRule,
    AutomaticCap,
    BreakGlass,
    DecideIn,
    Escalation,
    MayRequest,
    Requirement,
    Route,
    Urgent,
)
from governor.core.policy.forecast_rule import Bound, ForecastRule, PriceChange, ScenarioRule
from governor.core.policy.header import Enforcement, Header, Selector, Source
from governor.core.policy.kinds import (
    ContextLimit,
    DatedLimit,
    Downgrade,
    LimitFor,
    MaxShare,
    ModelAllowlist,
    Overage,
    Prefer,
    Quota,
    Rollover,
    Routing,
    WhenOver,
    WhenReached,
)
from governor.core.policy.organization import (
    CanStop,
    Department,
    Organization,
    Person,
    PersonKind,
    Placement,
    ServiceAccount,
    Strictness,
    Team,
)
from governor.core.policy.use_case import Audience, Stage, UseCase
from governor.core.policy_changes.compare import compare
from governor.core.prices import Discount, Price, PriceBook, PriceEntry, Rates, Tier
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
    "department": "sales",
    "team": "other",
    "project": "other",
    "use_case": "other",
    "until_at": LATER,
}
DEPARTMENT: Mapping[str, Any] = {"leads": ("bob@acme.example",), "cost_centre": "1", "projects": ("p",)}
TEAM: Mapping[str, Any] = {"department": "sales", "leads": ("bob@acme.example",), "cost_centre": "1"}
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
UNTOLD: Mapping[type, frozenset[str]] = {
    Header: frozenset({"kind", "name", "source", "formerly"}),
    Quota: frozenset({"header", "root"}),
    ModelAllowlist: frozenset({"header"}),
    ContextLimit: frozenset({"header"}),
    Routing: frozenset({"header"}),
    ForecastRule: frozenset({"header"}),
    ScenarioRule: frozenset(),
    ApprovalRule: frozenset({"header"}),
    Route: frozenset(),
    WorkingTime: frozenset(),
    Organization: frozenset({"source", "person_ids"}),
    Person: frozenset({"user"}),
    ServiceAccount: frozenset({"name"}),
    Department: frozenset({"name"}),
    Team: frozenset({"name"}),
    UseCase: frozenset({"header"}),
    Rates: frozenset(),
    Price: frozenset({"rates", "origin"}),
    Model: frozenset({"id", "aliases"}),
    ModelCatalog: frozenset({"_memo"}),
    PriceBook: frozenset({"source", "policy", "_lines", "_own", "_epochs"}),
}
"""Fields that name a thing or follow from others: what they say is said elsewhere."""

EDITS: Mapping[type, Mapping[str, Any]] = {
    Header: HEADER,
    Quota: QUOTA,
    ModelAllowlist: ALLOWLIST,
    ContextLimit: CONTEXT,
    Routing: ROUTING,
    ForecastRule: FORECAST,
    ScenarioRule: SCENARIO,
    ApprovalRule: APPROVAL,
    Route: ROUTE,
    WorkingTime: WORKING_TIME,
    Organization: ORGANIZATION,
    Person: PERSON,
    ServiceAccount: ACCOUNT,
    Department: DEPARTMENT,
    Team: TEAM,
    UseCase: USE_CASE,
    Rates: RATES,
    Price: PRICE,
    Model: MODEL,
    ModelCatalog: CATALOG,
    PriceBook: BOOK,
}


def header(kind: str, name: str) -> Header:
    """Make the envelope of a rule for everybody."""
    return Header(kind, name, SOURCE)


def made(**parts: Any) -> PolicySet:
    """Make a folder with one of everything; ``parts`` replace some of it."""
    ada = Person("ada@acme.example", (Placement("sales", ""),))
    use_case = UseCase(header("UseCase", "letters"), Stage.PRODUCTION, Audience.INTERNAL)
    organization = Organization(
        name="acme",
        source=SOURCE,
        people={"ada@acme.example": ada},
        service_accounts={"bot": ServiceAccount("bot", "ada@acme.example", "marketing")},
        departments={"marketing": Department("marketing")},
        teams={"growth": Team("growth", "marketing")},
        groups={"board": ("ada@acme.example",)},
        use_cases={"letters": use_case},
    )
    entry = PriceEntry("a/b", "", NOW, Price(Rates(input=1)), SOURCE)
    policies = PolicySet(
        version="1",
        organization=organization,
        catalog=ModelCatalog({"a/b": Model("a/b")}),
        prices=PriceBook((entry,)),
        allowlists=(ModelAllowlist(header("ModelAllowlist", "list"), allow=("a/b",)),),
        context_limits=(ContextLimit(header("ContextLimit", "limit"), max_input=1000),),
        quotas=(Quota(header("Quota", "spend"), Unit.USD, USD, period=PeriodDefinition(Every.MONTH)),),
        approval_rules=(ApprovalRule(header("ApprovalRule", "all"), (Route(None, (Requirement("board"),)),)),),
        forecast_rules=(ForecastRule(header("ForecastRule", "all"), scenarios=(ScenarioRule("expected"),)),),
        routings=(Routing(header("Routing", "auto"), ("a/b",)),),
    )
    return replace(policies, **parts)


def _organization(policies: PolicySet, **parts: Any) -> PolicySet:
    return replace(policies, organization=replace(policies.organization, **parts))


def _in(mapping: Mapping[str, Any], name: str, **parts: Any) -> dict[str, Any]:
    return {**mapping, name: replace(mapping[name], **parts)}


def _quota(policies: PolicySet, field: str, value: Any) -> PolicySet:
    [quota] = policies.quotas
    extra: dict[str, Any] = {}
    if field == "downgrade":
        extra["when_reached"] = WhenReached.DOWNGRADE
    if field == "overage":
        extra["when_reached"] = WhenReached.OVERAGE
    if field == "counts":
        policies = replace(policies, quotas=(replace(quota, unit=Unit.TOKENS),))
    return replace(policies, quotas=(replace(policies.quotas[0], **{field: value}, **extra),))


def _context(policies: PolicySet, field: str, value: Any) -> PolicySet:
    [limit] = policies.context_limits
    extra = {"when_over": WhenOver.DOWNGRADE} if field == "downgrade_to" else {}
    return replace(policies, context_limits=(replace(limit, **{field: value}, **extra),))


def _route(policies: PolicySet, field: str, value: Any) -> PolicySet:
    [rule] = policies.approval_rules
    extra = {"require": ()} if field == "cap" else {}
    route = replace(rule.routes[0], **{field: value}, **extra)
    return replace(policies, approval_rules=(replace(rule, routes=(route,)),))


def _scenario(policies: PolicySet, change: dict[str, Any]) -> PolicySet:
    [rule] = policies.forecast_rules
    scenario = replace(rule.scenarios[0], **change)
    return replace(policies, forecast_rules=(replace(rule, scenarios=(scenario,)),))


def _price(policies: PolicySet, price: Price) -> PolicySet:
    [entry] = policies.prices.entries
    return replace(policies, prices=PriceBook((replace(entry, price=price),)))


def edited(kind: type, field: str, value: Any) -> PolicySet:
    """Return the folder with one field edited."""
    policies = made()
    organization = policies.organization
    change = {field: value}
    edits: dict[type, Callable[[], PolicySet]] = {
        Header: lambda: replace(
            policies,
            quotas=(replace(policies.quotas[0], header=replace(policies.quotas[0].header, **change)),),
        ),
        Quota: lambda: _quota(policies, field, value),
        ModelAllowlist: lambda: replace(policies, allowlists=(replace(policies.allowlists[0], **change),)),
        ContextLimit: lambda: _context(policies, field, value),
        Routing: lambda: replace(policies, routings=(replace(policies.routings[0], **change),)),
        ForecastRule: lambda: replace(policies, forecast_rules=(replace(policies.forecast_rules[0], **change),)),
        ScenarioRule: lambda: _scenario(policies, change),
        ApprovalRule: lambda: replace(policies, approval_rules=(replace(policies.approval_rules[0], **change),)),
        Route: lambda: _route(policies, field, value),
        WorkingTime: lambda: _organization(policies, working_time=replace(organization.working_time, **change)),
        Organization: lambda: _organization(policies, **change),
        Person: lambda: _organization(policies, people=_in(organization.people, "ada@acme.example", **change)),
        ServiceAccount: lambda: _organization(
            policies, service_accounts=_in(organization.service_accounts, "bot", **change)
        ),
        Department: lambda: _organization(policies, departments=_in(organization.departments, "marketing", **change)),
        Team: lambda: _organization(policies, teams=_in(organization.teams, "growth", **change)),
        UseCase: lambda: _organization(policies, use_cases=_in(organization.use_cases, "letters", **change)),
        Rates: lambda: _price(policies, Price(replace(Rates(input=1), **change))),
        Price: lambda: _price(policies, replace(Price(Rates(input=1)), **change)),
        Model: lambda: replace(policies, catalog=ModelCatalog({"a/b": replace(Model("a/b"), **change)})),
        ModelCatalog: lambda: replace(policies, catalog=replace(policies.catalog, **change)),
        PriceBook: lambda: replace(policies, prices=replace(policies.prices, **change)),
    }
    return edits[kind]()


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, edits in EDITS.items() for field in edits], ids=str
)
def test_every_edit_of_a_field_is_said(kind: type, field: str) -> None:
    """Whatever is edited, the plan has a sentence about it."""
    before = made()
    if field == "counts":
        before = replace(before, quotas=(replace(before.quotas[0], unit=Unit.TOKENS),))
    changes = compare(before, edited(kind, field, EDITS[kind][field]), NOW)

    assert [] != [difference for change in changes for difference in change.differences]


@pytest.mark.parametrize("kind", EDITS, ids=lambda kind: kind.__name__)
def test_every_field_is_edited_here(kind: type) -> None:
    """A field that is added to a policy has to be said, and tried above."""
    assert {field.name for field in fields(kind)} == {*EDITS[kind], *UNTOLD[kind]}


def test_same_policies_have_no_difference() -> None:
    """What is not edited is not mentioned."""
    assert () == compare(made(), made(), NOW)
