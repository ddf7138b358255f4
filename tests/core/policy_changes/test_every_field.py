"""No field of a policy can be edited without the plan saying so."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from governor.core.decisions.snapshot import PolicySet
from governor.core.models import Model, ModelCatalog
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.approval_rule import (
    ApprovalRule,
    Requirement,
    Route,
)
from governor.core.policy.forecast_rule import ForecastRule, ScenarioRule
from governor.core.policy.header import Header
from governor.core.policy.kinds import (
    ContextLimit,
    ModelAllowlist,
    Quota,
    Routing,
    WhenOver,
    WhenReached,
)
from governor.core.policy.organization import (
    Department,
    Organization,
    Person,
    Placement,
    ServiceAccount,
    Team,
    TeamPlacement,
)
from governor.core.policy.use_case import Audience, Stage, UseCase
from governor.core.policy_changes.compare import compare
from governor.core.prices import Price, PriceBook, PriceEntry, Rates
from governor.core.units import Unit
from governor.core.working_time import WorkingTime
from tests.core.policy_changes.other_values import (
    ACCOUNT,
    ALLOWLIST,
    APPROVAL,
    BOOK,
    CATALOG,
    CONTEXT,
    DEPARTMENT,
    FORECAST,
    HEADER,
    LATER,
    MODEL,
    NOW,
    ORGANIZATION,
    PERSON,
    PRICE,
    QUOTA,
    RATES,
    ROUTE,
    ROUTING,
    SCENARIO,
    SOURCE,
    TEAM,
    TEAM_PLACEMENT,
    USD,
    USE_CASE,
    WORKING_TIME,
)

UNTOLD: Mapping[type, frozenset[str]] = {
    Header: frozenset({"kind", "name", "source", "formerly"}),
    Quota: frozenset({"header", "root", "use_case_roots", "renewed", "renewed_parts", "past"}),
    ModelAllowlist: frozenset({"header"}),
    ContextLimit: frozenset({"header"}),
    Routing: frozenset({"header"}),
    ForecastRule: frozenset({"header"}),
    ScenarioRule: frozenset(),
    ApprovalRule: frozenset({"header"}),
    Route: frozenset(),
    WorkingTime: frozenset(),
    Organization: frozenset({"source", "person_ids", "former_use_cases"}),
    Person: frozenset({"user"}),
    ServiceAccount: frozenset({"name"}),
    Department: frozenset({"name"}),
    Team: frozenset({"name"}),
    TeamPlacement: frozenset(),
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
    TeamPlacement: TEAM_PLACEMENT,
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
        service_accounts={"bot": ServiceAccount("bot", "ada@acme.example", (Placement("marketing", ""),))},
        departments={"marketing": Department("marketing")},
        teams={"growth": Team("growth", (TeamPlacement("marketing"), TeamPlacement("sales", from_at=LATER)))},
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


def _moved(team: Team, **parts: Any) -> dict[str, Team]:
    [first, second] = team.placements
    return {team.name: replace(team, placements=(first, replace(second, **parts)))}


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
        TeamPlacement: lambda: _organization(policies, teams=_moved(organization.teams["growth"], **change)),
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
