"""Requests for exceptions, as tests of the Slack app make them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from governor.core.approvals.request import Actor, Door, ExceptionRequest
from governor.core.grants import GrantKind
from governor.core.money import NANO_PER_USD
from governor.services.approvals.create import create
from governor.services.approvals.wishes import Wish
from tests.slack.fake.workspace import Posting
from tests.slack.world import MIA, SlackWorld

WHY = "the spring campaign needs translations"


async def ask_for(world: SlackWorld, usd: int = 100, by: str = MIA, **changes: Any) -> ExceptionRequest:
    """Ask for more of the department's budget, from elsewhere than Slack."""
    desk = world.door.desk
    now = world.clock.now()
    wish = Wish(
        kind=GrantKind.BUDGET,
        lifts=("Quota/department-spend",),
        until_at=now + timedelta(days=7),
        amount_nano_usd=usd * NANO_PER_USD,
        justification=WHY,
        outcome="forty landing pages",
        expected_value_nano_usd=2_000 * NANO_PER_USD,
    )
    created = await create(desk.approvals, replace(wish, **changes), Actor(by, Door.API, "test"), now)
    await world.settled()
    return created.acted.request


def cards(world: SlackWorld, recipient: str = "") -> list[Posting]:
    """Return the cards that stand somewhere: what has a heading, and is no answer in a thread."""
    return [one for one in world.workspace.posted(recipient) if one.blocks[0]["type"] == "header"]


def told(world: SlackWorld, slack_id: str) -> list[str]:
    """Return what somebody was told directly, beside cards."""
    return [one.text for one in world.workspace.posted(slack_id) if one.blocks[0]["type"] != "header"]


def buttons(posting: Posting) -> list[str]:
    """Return the names of a message's buttons."""
    return [
        element["action_id"] for block in posting.blocks if block["type"] == "actions" for element in block["elements"]
    ]
