"""The ModelCatalog as it is written."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.envelope import Envelope
from governor.compiler.shapes.fields import Day, Name, Pattern, Shape, Tokens

CatalogueName = Literal["genai-prices", "none"]
ModelId = Annotated[
    str,
    Meta(
        pattern=r"^[^\s*/:]+/[^\s*]+$", extra_json_schema={"x-form": "maker/model, such as anthropic/claude-sonnet-4"}
    ),
]


class ModelShape(Shape, kw_only=True):
    """One model."""

    id: Annotated[ModelId, Meta(description="The canonical id, maker/model.", examples=["anthropic/claude-sonnet-4"])]
    aliases: Annotated[
        list[Pattern],
        Meta(
            description="Other names of it, literal or with `*`.",
            examples=[["claude-sonnet-4", "claude-sonnet-4-2025*"]],
        ),
    ] = field(default_factory=list)
    tier: Annotated[
        Name | UnsetType, Meta(description="A word for how dear and able it is.", examples=["standard"])
    ] = UNSET
    context_window: Annotated[
        Tokens | UnsetType,
        Meta(description="How many tokens of input and output it takes together.", examples=["200k tokens"]),
    ] = UNSET
    max_output: Annotated[
        Tokens | UnsetType, Meta(description="How many tokens one answer can have.", examples=["64k tokens"])
    ] = UNSET
    capabilities: Annotated[list[Name], Meta(description="What it can do.", examples=[["tools", "vision"]])] = field(
        default_factory=list
    )
    retires_on: Annotated[
        Day | UnsetType,
        Meta(
            description="The day on which its provider retires it; allowing it afterwards is a warning.",
            examples=["2027-05-14"],
        ),
    ] = UNSET
    replacement: Annotated[
        ModelId | UnsetType, Meta(description="The model to use instead.", examples=["anthropic/claude-sonnet-5"])
    ] = UNSET


class ModelGroupShape(Shape, kw_only=True):
    """A named group of models."""

    name: Annotated[Name, Meta(description="The group's name; rules say `group:NAME`.", examples=["economy"])]
    models: Annotated[
        list[Pattern],
        Meta(
            description="Ids, patterns with `*`, or other groups as `group:NAME`. Where models are tried one by one "
            "(`fallback`, `downgrade`, Routing), a pattern stands for the models listed here that it matches.",
            examples=[["openai/gpt-4o-mini", "google/gemini-*-flash"]],
        ),
    ]


class ModelCatalogShape(Envelope, kw_only=True, tag_field="kind", tag="ModelCatalog"):
    """Names of models, made one: whatever a caller writes, allowlists, prices and quotas see the canonical id."""

    catalogue: Annotated[
        CatalogueName,
        Meta(
            description="The catalogue that knows the models which are not listed here: the price library's, or none.",
            examples=["none"],
        ),
    ] = "genai-prices"
    models: Annotated[
        list[ModelShape],
        Meta(description="Models with their aliases and limits.", examples=[[{"id": "anthropic/claude-sonnet-4"}]]),
    ] = field(default_factory=list)
    groups: Annotated[
        list[ModelGroupShape],
        Meta(description="Groups of models.", examples=[[{"name": "economy", "models": ["openai/gpt-4o-mini"]}]]),
    ] = field(default_factory=list)
