"""The UseCase as it is written."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.envelope import Envelope
from governor.compiler.shapes.fields import CostPerOutcome, Money, Name, Text


class UseCaseShape(Envelope, kw_only=True, tag_field="kind", tag="UseCase"):
    """What models are used for: who answers for it, who sees the results, and what a result is worth."""

    formerly: Annotated[
        list[Name],
        Meta(
            description="Names that this use case had before, the oldest first: its budgets go on, and requests, usage "
            "and outcomes that still say one of them are its own.",
            examples=[["ticket-triage"]],
        ),
    ] = field(default_factory=list)
    owner: Annotated[Text, Meta(description="Who answers for it.", examples=["support-lead@acme.example"])]
    stage: Annotated[
        Literal["experiment", "production", "retired"],
        Meta(
            description="How far it has come. A retired one is refused, or pointed out, as the Organization's "
            "`unregistered_use_case` says.",
            examples=["production"],
        ),
    ]
    audience: Annotated[
        Literal["customer", "internal"], Meta(description="Who sees what comes of it.", examples=["customer"])
    ]
    outcome: Annotated[
        Text | UnsetType,
        Meta(
            description="What is counted as a result; the gateway reports results with POST /outcomes.",
            examples=["a resolved ticket"],
        ),
    ] = UNSET
    outcome_worth: Annotated[
        Money | UnsetType,
        Meta(description="What one result is worth, where its report does not say.", examples=["4.50 USD"]),
    ] = UNSET
    expected_cost: Annotated[
        CostPerOutcome | UnsetType,
        Meta(description="What the models for one result should cost.", examples=["0.35 USD per outcome"]),
    ] = UNSET
    cost_centre: Annotated[
        Text | UnsetType,
        Meta(description="Its own cost centre, in quotes; absent: that of whoever uses it.", examples=["6110"]),
    ] = UNSET
