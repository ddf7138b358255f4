"""Every policy of a folder in words."""

from collections.abc import Iterator

from governor.core.decisions.snapshot import PolicySet
from governor.core.policy.header import Header
from governor.core.wording.approvals import approval_statements
from governor.core.wording.envelope import about
from governor.core.wording.forecasts import forecast_statements
from governor.core.wording.models import catalog_statements, price_statements
from governor.core.wording.organization import organization_statements
from governor.core.wording.quotas import quota_statements
from governor.core.wording.rules import (
    allowlist_statements,
    context_statements,
    routing_statements,
    use_case_statements,
)
from governor.core.wording.statements import Described, Statement


def describe(policies: PolicySet) -> tuple[Described, ...]:
    """Say everything that a compiled folder says, one policy after the other.

    Models and prices of several documents stand together under ``ModelCatalog`` and ``PriceBook``, because together
    they decide; what is said about each document stands under its own name.
    """
    return tuple(_described(policies))


def _described(policies: PolicySet) -> Iterator[Described]:
    organization = policies.organization
    zone = organization.time_zone
    ref = f"Organization/{organization.name}"
    yield Described(ref, str(organization.source), tuple(organization_statements(organization)))
    yield Described("ModelCatalog", "", tuple(catalog_statements(policies.catalog)))
    source = str(policies.prices.source) if policies.prices.source is not None else ""
    yield Described("PriceBook", source, tuple(price_statements(policies.prices, zone)))
    for allowlist in policies.allowlists:
        yield _rule(allowlist.header, allowlist_statements(allowlist, zone))
    for limit in policies.context_limits:
        yield _rule(limit.header, context_statements(limit, zone))
    for quota in policies.quotas:
        yield _rule(quota.header, quota_statements(quota, zone))
    for routing in policies.routings:
        yield _rule(routing.header, routing_statements(routing, zone))
    for rule in policies.approval_rules:
        yield _rule(rule.header, approval_statements(rule, zone))
    for forecast in policies.forecast_rules:
        yield _rule(forecast.header, forecast_statements(forecast, zone))
    for use_case in organization.use_cases.values():
        header = use_case.header
        statements = tuple(use_case_statements(use_case))
        yield Described(header.ref, str(header.source), statements, formerly=header.formerly)
    yield from _documents(policies)


def _rule(header: Header, statements: Iterator[Statement]) -> Described:
    return Described(header.ref, str(header.source), tuple(statements), header, header.formerly)


_MERGED = frozenset({"Organization", "ModelCatalog", "PriceBook"})


def _documents(policies: PolicySet) -> Iterator[Described]:
    """Yield what is said about the documents that describe the organisation; they have no rules of their own."""
    for header in policies.headers:
        if header.kind in _MERGED:
            yield Described(f"the document {header.ref}", str(header.source), tuple(about(header)))
