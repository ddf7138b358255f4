"""What moves a quota's ceiling, as it is written: downgrade, overage, share, pace, rollover."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.fields import Amount, Attribute, Pattern, Percent, Shape, SoftLimit


class DowngradeShape(Shape, kw_only=True):
    """Other models once a part of the limit is reached."""

    to: Annotated[
        list[Pattern],
        Meta(
            description="Models to offer, in this order; no patterns. Asked for by name they may use the whole limit.",
            examples=[["group:economy"]],
            min_length=1,
        ),
    ]
    from_: Annotated[
        Percent,
        Meta(description="The part of the limit from which on other models are not given.", examples=["80%"]),
    ] = field(default="100%", name="from")


class OverageShape(Shape, kw_only=True):
    """How far a budget may go beyond its limit in a period, and who pays."""

    up_to: Annotated[
        Amount, Meta(description="How far beyond limit and carry, in the unit of the limit.", examples=["2k USD"])
    ]
    surcharge: Annotated[
        Percent | UnsetType,
        Meta(
            description="Added on the statement to what was used beyond limit and carry; never part of what is used.",
            examples=["20%"],
        ),
    ] = UNSET
    from_: Annotated[
        str | UnsetType,
        Meta(
            description="The quota whose budget pays for what does not fit; absent: the budget itself goes on.",
            examples=["Quota/innovation-fund"],
        ),
    ] = field(default=UNSET, name="from")


class WhenReachedShape(Shape, kw_only=True):
    """Something else than to refuse or to warn: exactly one of them."""

    downgrade: Annotated[
        DowngradeShape | UnsetType,
        Meta(description="Offer other models.", examples=[{"to": ["group:economy"], "from": "80%"}]),
    ] = UNSET
    overage: Annotated[
        OverageShape | UnsetType,
        Meta(
            description="Go on beyond the limit, at a price, or let another quota's budget pay.",
            examples=[{"up_to": "2k USD", "surcharge": "20%"}, {"from": "Quota/innovation-fund", "up_to": "2k USD"}],
        ),
    ] = UNSET


class MaxShareShape(Shape, kw_only=True):
    """No part takes more than its share."""

    per: Annotated[Attribute, Meta(description="Whose share is limited.", examples=["team"])]
    percent: Annotated[
        int,
        Meta(
            description="The most of limit and carry that one of them may take in a period.", examples=[40], ge=1, le=99
        ),
    ]


class PaceShape(Shape, kw_only=True):
    """A day may use only a part of what is left."""

    per: Annotated[Literal["day"], Meta(description="The local day of the quota's zone.", examples=["day"])] = "day"
    burst: Annotated[
        float,
        Meta(
            description="How many times an even day's part of what is left a day may use.",
            examples=[3, 1.5],
            ge=1,
            le=366,
        ),
    ]


class UnusedShape(Shape, kw_only=True):
    """How much of what is left over is kept."""

    up_to: Annotated[
        SoftLimit,
        Meta(description="At most this part of the limit, or this amount.", examples=["20%", "2,000 USD"]),
    ]


class RolloverShape(Shape, kw_only=True):
    """What a period leaves to the next one, for one period."""

    unused: Annotated[
        UnusedShape | UnsetType,
        Meta(description="Keep some of what is left over; absent: nothing.", examples=[{"up_to": "20%"}]),
    ] = UNSET
    overspend: Annotated[
        Literal["carry", "forgive"],
        Meta(description="carry: what was spent beyond the limit is taken off the next period.", examples=["carry"]),
    ] = "forgive"
