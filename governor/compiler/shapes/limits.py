"""ModelAllowlist and ContextLimit as they are written."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.envelope import RuleEnvelope
from governor.compiler.shapes.fields import Pattern, Shape, Tokens


class ModelAllowlistShape(RuleEnvelope, kw_only=True, tag_field="kind", tag="ModelAllowlist"):
    """Which models may be used. `[]` is nothing, absent is unset, `["*"]` is everything."""

    allow: Annotated[
        list[Pattern] | UnsetType,
        Meta(
            description="Models that may be used; a model must be in `allow` of at least one matching allowlist.",
            examples=[["anthropic/claude-sonnet-*", "group:economy"]],
        ),
    ] = UNSET
    deny: Annotated[
        list[Pattern],
        Meta(description="Models that may not be used, whatever else says so.", examples=[["openai/gpt-4.5-*"]]),
    ] = field(default_factory=list)
    only: Annotated[
        list[Pattern] | UnsetType,
        Meta(description="A model must be in `only` of every matching allowlist.", examples=[["group:economy"]]),
    ] = UNSET
    fallback: Annotated[
        list[Pattern],
        Meta(
            description="Models to offer, in this order, when the model asked for is refused; no patterns.",
            examples=[["anthropic/claude-sonnet-4", "group:economy"]],
        ),
    ] = field(default_factory=list)


class LargerModelsShape(Shape, kw_only=True):
    """Models that are offered to what is too large."""

    to: Annotated[
        list[Pattern],
        Meta(
            description="Models to offer, in this order; no patterns.",
            examples=[["google/gemini-2.5-pro", "group:long-context"]],
            min_length=1,
        ),
    ]


class OtherModelsShape(Shape, kw_only=True):
    """Other models instead of a refusal."""

    downgrade: Annotated[
        LargerModelsShape,
        Meta(description="Which models.", examples=[{"to": ["google/gemini-2.5-pro"]}]),
    ]


class ContextLimitShape(RuleEnvelope, kw_only=True, tag_field="kind", tag="ContextLimit"):
    """How large a request and its answer may be. The tightest matching limit wins, the model's own among them."""

    max_input: Annotated[Tokens | UnsetType, Meta(description="The largest input.", examples=["100k tokens"])] = UNSET
    max_output: Annotated[Tokens | UnsetType, Meta(description="The largest answer.", examples=["4k tokens"])] = UNSET
    max_total: Annotated[
        Tokens | UnsetType, Meta(description="The largest sum of input and answer.", examples=["120k tokens"])
    ] = UNSET
    when_over: Annotated[
        Literal["deny", "clamp"] | OtherModelsShape,
        Meta(
            description="deny: refuse; clamp: lower `max_output_tokens` if the caller can, never the input; "
            "downgrade: offer other models, each with limits of its own.",
            examples=["clamp", {"downgrade": {"to": ["google/gemini-2.5-pro"]}}],
        ),
    ] = "deny"
