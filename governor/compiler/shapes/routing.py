"""The Routing as it is written."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.envelope import RuleEnvelope
from governor.compiler.shapes.fields import Pattern, Shape, Tokens


class RequiresShape(Shape, kw_only=True):
    """What a model must have to be chosen."""

    context_window: Annotated[
        Tokens | UnsetType, Meta(description="The least window of the model.", examples=["100k tokens"])
    ] = UNSET
    capabilities: Annotated[
        list[str],
        Meta(description="What the model must be able to do, as its ModelCatalog says.", examples=[["tools"]]),
    ] = field(default_factory=list)


class RoutingShape(RuleEnvelope, kw_only=True, tag_field="kind", tag="Routing"):
    """Which model serves a request that leaves the choice open, or every request."""

    among: Annotated[
        list[Pattern],
        Meta(
            description="Models to choose from; no patterns.",
            examples=[["group:economy", "anthropic/claude-sonnet-4"]],
            min_length=1,
        ),
    ]
    prefer: Annotated[
        Literal["cheapest", "first"],
        Meta(
            description="cheapest: by the price of this very request; first: in the order of `among`.",
            examples=["cheapest"],
        ),
    ] = "cheapest"
    requires: Annotated[
        RequiresShape,
        Meta(
            description="What a model must have.",
            examples=[{"context_window": "100k tokens", "capabilities": ["tools"]}],
        ),
    ] = field(default_factory=RequiresShape)
    mode: Annotated[
        Literal["on_auto", "replace"],
        Meta(
            description='on_auto: only where the request asks for the model "auto"; replace: whatever was asked for.',
            examples=["on_auto"],
        ),
    ] = "on_auto"
