"""Alerts of a quota as they are written."""

from typing import Annotated, Literal

from msgspec import Meta

from governor.compiler.shapes.fields import Percent, Shape


class AlertShape(Shape, kw_only=True):
    """Who is told when a budget comes to a part of what it has."""

    at: Annotated[
        Percent,
        Meta(description="The part of the limit with what was carried at which it is said.", examples=["80%"]),
    ]
    of: Annotated[
        Literal["used", "forecast"],
        Meta(
            description="What is compared. used: what was used so far; forecast: what the period will come to, by the "
            "bound that the ForecastRule names in `alert_on`.",
            examples=["used"],
        ),
    ] = "used"
    notify: Annotated[
        list[str],
        Meta(
            description="Who is told: department-leads, team-leads, owner, a group, a person, a channel like "
            "`slack:#ai-spend`, an address like `email:finance@acme.example`, webhook, or log.",
            examples=[["department-leads", "slack:#ai-spend"]],
        ),
    ]
