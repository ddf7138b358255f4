"""The ApprovalRule as it is written."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.envelope import ScopedEnvelope
from governor.compiler.shapes.fields import (
    AutomaticCap,
    Characters,
    Duration,
    Length,
    Money,
    Name,
    Shape,
    Text,
    Uses,
    WorkingSpan,
)


class RequirementShape(Shape, kw_only=True):
    """Members of a group who must approve."""

    group: Annotated[
        Name,
        Meta(
            description="A group of the Organization, or `team-leads` or `department-leads`: those of whom the request "
            "is for.",
            examples=["department-leads"],
        ),
    ]
    at_least: Annotated[
        int, Meta(ge=1, le=50, description="How many of them, the requester not counted.", examples=[2])
    ] = 1
    instead: Annotated[
        Name | UnsetType,
        Meta(
            description="The group that decides when nobody of `group` is there but the requester.",
            examples=["finance"],
        ),
    ] = UNSET


class RouteShape(Shape, kw_only=True):
    """Who decides about requests of a range of costs: `approve: automatic`, or `require`."""

    up_to: Annotated[
        Money | UnsetType,
        Meta(
            description="The range's upper end, included; absent in the last route: any cost.", examples=["5,000 USD"]
        ),
    ] = UNSET
    above: Annotated[
        Money | UnsetType,
        Meta(
            description="Where the range begins: where the route before it ends. It may be left out.",
            examples=["5,000 USD"],
        ),
    ] = UNSET
    approve: Annotated[
        Literal["automatic"] | UnsetType, Meta(description="Nobody is asked.", examples=["automatic"])
    ] = UNSET
    at_most: Annotated[
        AutomaticCap | UnsetType,
        Meta(
            description="How much is approved automatically in a calendar period; what is beyond takes the next route.",
            examples=["1,000 USD per month per department"],
        ),
    ] = UNSET
    require: Annotated[
        Annotated[list[RequirementShape], Meta(min_length=1)] | UnsetType,
        Meta(
            description="All of these must approve. A person counts once, in one group.",
            examples=[[{"group": "finance", "at_least": 1}, {"group": "governance-board", "at_least": 2}]],
        ),
    ] = UNSET
    decide_in: Annotated[
        Literal["slack", "web"],
        Meta(
            description="web: the buttons in Slack lead to a page that shows the whole case, and it is decided there.",
            examples=["web"],
        ),
    ] = "slack"


class JustificationShape(Shape, kw_only=True):
    """What a request must say."""

    at_least: Annotated[
        Characters | UnsetType,
        Meta(description="The least length of the justification.", examples=["40 characters"]),
    ] = UNSET
    expected_value: Annotated[
        Literal["required", "optional"],
        Meta(description="Whether it must say what it is expected to be worth.", examples=["required"]),
    ] = "optional"


class EscalateShape(Shape, kw_only=True):
    """Who may decide as well when nobody has decided for a while."""

    after: Annotated[WorkingSpan, Meta(description="How long the others have.", examples=["1 working day"])]
    to: Annotated[
        Name,
        Meta(description="The group whose members then count for every requirement.", examples=["governance-board"]),
    ]


class UrgentShape(Shape, kw_only=True):
    """Other lengths of time for requests that are marked urgent."""

    remind_after: Annotated[
        WorkingSpan | UnsetType, Meta(description="Instead of `remind_after`.", examples=["5 minutes"])
    ] = UNSET
    escalate: Annotated[
        WorkingSpan | UnsetType, Meta(description="Instead of `escalate.after`.", examples=["15 minutes"])
    ] = UNSET


class BreakGlassShape(Shape, kw_only=True):
    """Who may lift quotas at once without asking, and how it is looked at afterwards."""

    group: Annotated[Name, Meta(description="Whose members may.", examples=["sre-oncall"])]
    up_to: Annotated[Money, Meta(description="What such a grant may spend at most.", examples=["500 USD"])]
    for_: Annotated[Duration, Meta(description="How long it lasts at most.", examples=["2 hours"])] = field(name="for")
    at_most: Annotated[
        Uses, Meta(description="How often a person may in a calendar period.", examples=["2 per week per person"])
    ]
    review_within: Annotated[
        Duration,
        Meta(
            description="By when somebody else must have reviewed it; a missed review suspends break-glass until it is "
            "made up for.",
            examples=["48 hours"],
        ),
    ]


class ApprovalRuleShape(ScopedEnvelope, kw_only=True, tag_field="kind", tag="ApprovalRule"):
    """How requests for exceptions are decided, by what they cost. Of several rules the most specific one decides."""

    may_request: Annotated[
        Literal["members", "leads"],
        Meta(
            description="Who may ask for themselves, their team, a project of their department or a use case: "
            "everybody, or leads alone.",
            examples=["leads"],
        ),
    ] = "members"
    routes: Annotated[
        list[RouteShape],
        Meta(
            description="By cost, in ascending order: what the grant may spend, plus what the same scope was granted "
            "this period.",
            examples=[
                [
                    {"up_to": "100 USD", "approve": "automatic", "at_most": "1,000 USD per month per department"},
                    {"above": "100 USD", "require": [{"group": "department-leads", "instead": "finance"}]},
                ]
            ],
            min_length=1,
        ),
    ]
    deny_at: Annotated[int, Meta(ge=1, le=50, description="How many denials deny a request.", examples=[2])] = 1
    max_duration: Annotated[Length, Meta(description="How long a grant lasts at most.", examples=["30 days"])] = (
        "30 days"
    )
    justification: Annotated[
        JustificationShape | UnsetType,
        Meta(
            description="What a request must say.",
            examples=[{"at_least": "40 characters", "expected_value": "required"}],
        ),
    ] = UNSET
    remind_after: Annotated[
        WorkingSpan | UnsetType,
        Meta(
            description="How often those who have not voted are reminded; absent: never.",
            examples=["4 working hours"],
        ),
    ] = UNSET
    escalate: Annotated[
        EscalateShape | UnsetType,
        Meta(
            description="Who may decide as well after a while, or when the quorum cannot be reached any more.",
            examples=[{"after": "1 working day", "to": "governance-board"}],
        ),
    ] = UNSET
    expire_after: Annotated[
        WorkingSpan,
        Meta(description="When a request that nobody decided is over.", examples=["3 working days"]),
    ] = "3 working days"
    urgent: Annotated[
        UrgentShape | UnsetType,
        Meta(
            description="For requests that are marked urgent.",
            examples=[{"remind_after": "5 minutes", "escalate": "15 minutes"}],
        ),
    ] = UNSET
    delegation: Annotated[
        Literal["allowed", "never"],
        Meta(
            description="Whether an approver may let somebody else vote in their place until a stated day.",
            examples=["allowed"],
        ),
    ] = "never"
    channel: Annotated[
        Text | UnsetType,
        Meta(description="Slack channel of the approval cards, in quotes.", examples=["#ai-exceptions"]),
    ] = UNSET
    break_glass: Annotated[
        BreakGlassShape | UnsetType,
        Meta(
            description="Who may lift quotas at once; never a deny, a block or `exceptions: never`.",
            examples=[
                {
                    "group": "sre-oncall",
                    "up_to": "500 USD",
                    "for": "2 hours",
                    "at_most": "2 per week per person",
                    "review_within": "48 hours",
                }
            ],
        ),
    ] = UNSET
