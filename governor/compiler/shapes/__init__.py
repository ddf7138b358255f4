"""Every kind as it is written: the one source of truth for the shape of policies and for their JSON Schema."""

from collections.abc import Mapping

from governor.compiler.shapes.approvals import ApprovalRuleShape
from governor.compiler.shapes.envelope import Envelope
from governor.compiler.shapes.fields import Shape
from governor.compiler.shapes.forecasts import ForecastRuleShape
from governor.compiler.shapes.limits import ContextLimitShape, ModelAllowlistShape
from governor.compiler.shapes.models import ModelCatalogShape
from governor.compiler.shapes.organization import OrganizationShape
from governor.compiler.shapes.prices import PriceBookShape
from governor.compiler.shapes.quota import QuotaShape
from governor.compiler.shapes.routing import RoutingShape
from governor.compiler.shapes.suites import TestSuiteShape
from governor.compiler.shapes.use_cases import UseCaseShape

KINDS: Mapping[str, type[Envelope]] = {
    "Organization": OrganizationShape,
    "ModelCatalog": ModelCatalogShape,
    "PriceBook": PriceBookShape,
    "ModelAllowlist": ModelAllowlistShape,
    "ContextLimit": ContextLimitShape,
    "Quota": QuotaShape,
    "Routing": RoutingShape,
    "UseCase": UseCaseShape,
    "ApprovalRule": ApprovalRuleShape,
    "ForecastRule": ForecastRuleShape,
}
"""Kinds by name, in the order in which they are documented."""

SHAPES: Mapping[str, type[Shape]] = {**KINDS, "TestSuite": TestSuiteShape}
"""Every kind that has a schema: a TestSuite stands in files of its own and is no policy."""


def kind_of(shape: Envelope) -> str:
    """Return the name of the kind that a shape is of."""
    return str(type(shape).__struct_config__.tag)
