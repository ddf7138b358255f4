"""The Quota as it is written."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.alerts import AlertShape
from governor.compiler.shapes.ceilings import MaxShareShape, PaceShape, RolloverShape, WhenReachedShape
from governor.compiler.shapes.envelope import RuleEnvelope
from governor.compiler.shapes.fields import (
    ATTRIBUTES,
    Amount,
    Attribute,
    Day,
    Duration,
    Patterns,
    Shape,
    SoftLimit,
    TimeZone,
)

PeriodWord = Literal[
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "fiscal month",
    "fiscal quarter",
    "fiscal year",
    "once",
]


class PeriodShape(Shape, kw_only=True):
    """A period with an anchor or a time zone of its own."""

    every: Annotated[
        str,
        Meta(
            description="minute, hour, day, week, month, quarter, year, fiscal month, fiscal quarter, fiscal year, "
            "once, or a number of days, which needs `from`.",
            examples=["month", "30 days"],
        ),
    ]
    from_: Annotated[
        Day | UnsetType,
        Meta(
            description="Periods are counted from this day (the last day of a month where a month is shorter).",
            examples=["2026-01-31"],
        ),
    ] = field(default=UNSET, name="from")
    time_zone: Annotated[
        TimeZone | UnsetType,
        Meta(description="The zone of its midnights; absent: the Organization's.", examples=["Europe/Berlin"]),
    ] = UNSET


class LimitForShape(Shape, kw_only=True):
    """Another limit for some scopes, selected like `applies_to`."""

    limit: Annotated[Amount, Meta(description="The limit of these scopes.", examples=["120,000 USD"])]


class DatedLimitShape(Shape, kw_only=True):
    """A limit from a day on."""

    from_: Annotated[
        Day,
        Meta(description="The first day of this limit, in the Organization's time zone.", examples=["2027-01-01"]),
    ] = field(name="from")
    limit: Annotated[Amount, Meta(description="The limit from that day on.", examples=["25k USD"])]


class ReserveShape(Shape, kw_only=True):
    """How a request is held against the budget until its usage is reported."""

    output: Annotated[
        Literal["requested", "learned"],
        Meta(
            description="How much output is held. requested: all that was asked for; learned: what 95 % of the last "
            "1,000 outputs of the model in this use case did not exceed, else of the model, once there are 50; never "
            "more than was asked for. With learned, a limit can be passed by what answers turn out longer.",
            examples=["learned"],
        ),
    ] = "requested"
    hold_for: Annotated[
        Duration, Meta(description="How long a hold lasts if nothing is reported.", examples=["10 minutes"])
    ] = "10 minutes"
    on_expiry: Annotated[
        Literal["release", "charge"],
        Meta(
            description="What happens to a hold that nobody reported on: given back, or counted as used.",
            examples=["charge"],
        ),
    ] = "release"


_LIMIT_FOR: dict[str, Any] = {"x-selector-with": "LimitForShape"}


class QuotaShape(RuleEnvelope, kw_only=True, tag_field="kind", tag="Quota"):
    """A limit for a period: one budget for each scope that `per` makes, or one shared budget."""

    per: Annotated[
        list[Attribute],
        Meta(
            description="One budget for each value of these attributes; absent: one shared budget.",
            examples=[["department"], ["team", "model"]],
        ),
    ] = field(default_factory=list)
    limit: Annotated[
        Amount,
        Meta(
            description="How much, with its unit: USD, tokens, requests or concurrent requests.",
            examples=["20,000 USD", "1.5M tokens", "60 requests", "20 concurrent requests"],
        ),
    ]
    counts: Annotated[
        Literal["all", "input", "output", "reasoning"],
        Meta(description="Which tokens count, for a limit in tokens.", examples=["output"]),
    ] = "all"
    limits: Annotated[
        list[
            dict[
                Annotated[str, Meta(pattern="^(limit|" + "|".join(ATTRIBUTES) + r"|tags\.[A-Za-z0-9_.-]{1,64})$")],
                Patterns,
            ]
        ],
        Meta(
            description="Other limits for some scopes: the first that matches counts. Selected like `applies_to`, by "
            "the budget's own scope and what the Organization says of it: a person's kind, home team and department.",
            examples=[[{"department": "engineering", "limit": "120,000 USD"}]],
            extra_json_schema=_LIMIT_FOR,
        ),
    ] = field(default_factory=list)
    schedule: Annotated[
        list[DatedLimitShape],
        Meta(
            description="Dated limits, each in force until the next.",
            examples=[[{"from": "2027-01-01", "limit": "25k USD"}]],
        ),
    ] = field(default_factory=list)
    period: Annotated[
        PeriodWord | PeriodShape | UnsetType,
        Meta(
            description="How time is cut into budgets. A limit of concurrent requests has none.",
            examples=[
                "month",
                {"every": "month", "time_zone": "Europe/Berlin"},
                {"every": "30 days", "from": "2026-01-01"},
            ],
        ),
    ] = UNSET
    soft_limit: Annotated[
        SoftLimit | UnsetType,
        Meta(description="Warn above this share of the limit, or above this amount.", examples=["80%", "16,000 USD"]),
    ] = UNSET
    when_reached: Annotated[
        Literal["deny", "warn"] | WhenReachedShape,
        Meta(
            description="deny: refuse what does not fit; warn: let it through and say so; downgrade: offer other "
            "models; overage: go on beyond the limit.",
            examples=[
                "warn",
                {"downgrade": {"to": ["group:economy"], "from": "80%"}},
                {"overage": {"up_to": "2k USD", "surcharge": "20%"}},
            ],
        ),
    ] = "deny"
    max_share: Annotated[
        MaxShareShape | UnsetType,
        Meta(
            description="The most that one team, or one of whatever it says, may take.",
            examples=[{"per": "team", "percent": 40}],
        ),
    ] = UNSET
    pace: Annotated[
        PaceShape | UnsetType,
        Meta(description="How much of what is left one day may use.", examples=[{"per": "day", "burst": 3}]),
    ] = UNSET
    rollover: Annotated[
        RolloverShape | UnsetType,
        Meta(
            description="What a period leaves to the next one; absent: every period begins anew.",
            examples=[{"unused": {"up_to": "20%"}, "overspend": "carry"}],
        ),
    ] = UNSET
    first_period: Annotated[
        Literal["full", "prorated"],
        Meta(
            description="prorated: a quota that begins within a period (`effective_from`) has that part of the limit.",
            examples=["prorated"],
        ),
    ] = "full"
    count_existing: Annotated[
        bool,
        Meta(
            description="Whether new budgets begin with what was used before in their period by the requests that they "
            "cover: for a new quota, and where an edit of the unit, `counts`, `per` or `period` makes other budgets.",
            examples=[True],
        ),
    ] = False
    alerts: Annotated[
        list[AlertShape],
        Meta(
            description="Who is told when a budget comes to a part of what it has, once for each scope and period.",
            examples=[[{"at": "80%", "of": "used", "notify": ["department-leads", "slack:#ai-spend"]}]],
        ),
    ] = field(default_factory=list)
    reserve: Annotated[
        ReserveShape,
        Meta(
            description="How requests are held until their usage is reported.",
            examples=[{"output": "requested", "hold_for": "10 minutes", "on_expiry": "release"}],
        ),
    ] = field(default_factory=ReserveShape)
    on_ledger_failure: Annotated[
        Literal["deny", "allow"],
        Meta(description="What happens when the ledger does not answer.", examples=["allow"]),
    ] = "deny"
