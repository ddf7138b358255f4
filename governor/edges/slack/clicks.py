"""Buttons and shortcuts that need no request of an exception."""

import re

from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.asking import REQUEST
from governor.clients.slack_blocks.elements import actions, button, modal
from governor.clients.slack_blocks.message import Message, View
from governor.clients.slack_blocks.stops import resumed_message
from governor.edges.slack.command import lift, why
from governor.edges.slack.desk import Asked
from governor.edges.slack.requesting import request_asked

_DECISION = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)

WHY_TITLE = "Why?"


async def lift_clicked(asked: Asked) -> None:
    """Lift the block of the button."""
    block = await lift(asked, asked.value)
    await asked.say(resumed_message([block], asked.desk.time_zone))


async def why_clicked(asked: Asked) -> None:
    """Explain the refusal of the button in a modal."""
    await asked.show(why_modal(asked.value, await why(asked, asked.value)))


async def explain_message(asked: Asked) -> None:
    """Explain the decision that a message names; without one, somebody wants to ask for more."""
    message = asked.body.get("message") or {}
    named = _DECISION.search(str(message.get("text", "")) + str(message.get("blocks", "")))
    if named is None:
        await request_asked(asked)
        return
    decision_id = named[0].lower()
    await asked.show(why_modal(decision_id, await why(asked, decision_id)))


def why_modal(decision_id: str, message: Message) -> View:
    """Show an explanation in a modal, with the way to an exception."""
    ask = actions([button("Ask for an exception…", REQUEST, decision_id)], f"ask-{decision_id}")
    return modal(WHY_TITLE, [*message.blocks[: limits.VIEW_BLOCKS - 1], ask], callback_id="note")
