"""The envelope: fields that every kind has, and those of the kinds that are matched against a request."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.fields import Day, Name, Selector, Shape, Text


class Envelope(Shape, kw_only=True):
    """Fields that every kind has."""

    api_version: Annotated[
        Literal["governor/v1"],
        Meta(description="The version of this language.", examples=["governor/v1"]),
    ] = field(name="apiVersion")
    name: Annotated[
        Name,
        Meta(
            description="The policy's name, unique within its kind: lower-case letters, digits and hyphens.",
            examples=["marketing-monthly-spend"],
        ),
    ]
    description: Annotated[
        Text | UnsetType, Meta(description="What it does, in a sentence.", examples=["Marketing's monthly AI budget."])
    ] = UNSET
    owner: Annotated[Text | UnsetType, Meta(description="Who answers for it.", examples=["finops@acme.example"])] = (
        UNSET
    )
    reason: Annotated[
        Text | UnsetType,
        Meta(description="Why it exists: a decision or a ticket.", examples=["Board decision 2026-09-14"]),
    ] = UNSET
    review_by: Annotated[
        Day | UnsetType,
        Meta(
            description="The day by which somebody looks at it again; a past day is a warning.", examples=["2027-03-31"]
        ),
    ] = UNSET


class ScopedEnvelope(Envelope, kw_only=True):
    """Fields of the kinds that concern some and not others, from a day or until one."""

    effective_from: Annotated[
        Day | UnsetType,
        Meta(
            description="The first day on which it is in force, from midnight in the Organization's time zone.",
            examples=["2026-10-01"],
        ),
    ] = UNSET
    effective_until: Annotated[
        Day | UnsetType,
        Meta(
            description="The last day on which it is in force: to the end of that day in the Organization's time zone.",
            examples=["2027-03-31"],
        ),
    ] = UNSET
    applies_to: Annotated[
        Selector,
        Meta(
            description="Whom and what it concerns: fields are ANDed, values of one are ORed, `*` matches any text. "
            "Absent: everyone.",
            examples=[{"department": ["marketing", "sales-*"], "environment": "prod"}],
        ),
    ] = field(default_factory=dict)
    except_: Annotated[
        Selector | UnsetType,
        Meta(
            description="Whom it does not concern after all, like `applies_to`.",
            examples=[{"user": "ceo@acme.example"}],
        ),
    ] = field(default=UNSET, name="except")
    if_missing: Annotated[
        Literal["applies"] | UnsetType,
        Meta(
            description="When a request lacks a field of `applies_to`: `applies`, or (absent) the rule does not apply.",
            examples=["applies"],
        ),
    ] = UNSET


class RuleEnvelope(ScopedEnvelope, kw_only=True):
    """Fields of the kinds that are matched against a request."""

    formerly: Annotated[
        list[Name],
        Meta(
            description="Names that this policy had before, the oldest first; a renamed quota keeps its balance.",
            examples=[["mkt-spend"]],
        ),
    ] = field(default_factory=list)
    enforcement: Annotated[
        Literal["audit", "warn", "enforce"],
        Meta(
            description="audit: only log what it would do; warn: let through and say so; enforce: do it.",
            examples=["audit"],
        ),
    ] = "enforce"
    exceptions: Annotated[
        Literal["allowed", "never"],
        Meta(description="Whether an approved exception may lift it.", examples=["never"]),
    ] = "allowed"
