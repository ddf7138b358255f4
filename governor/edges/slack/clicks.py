"""Buttons and shortcuts that need no request of an exception."""

import re

from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.elements import modal, section
from governor.clients.slack_blocks.message import Message, View
from governor.clients.slack_blocks.stops import resumed_message
from governor.edges.slack.command import lift, why
from governor.edges.slack.desk import Asked

_DECISION = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)

WHY_TITLE = "Why?"


async def lift_clicked(asked: Asked) -> None:
    """Lift the block of the button."""
    block = await lift(asked, value_of(asked))
    await asked.say(resumed_message([block], asked.desk.time_zone))


async def why_clicked(asked: Asked) -> None:
    """Explain the refusal of the button in a modal."""
    await asked.show(as_modal(WHY_TITLE, await why(asked, value_of(asked))))


async def explain_message(asked: Asked) -> None:
    """Explain the decision that a message names."""
    message = asked.body.get("message") or {}
    named = _DECISION.search(str(message.get("text", "")) + str(message.get("blocks", "")))
    if named is None:
        await asked.refuse(
            "this message names no decision; what was refused you is in the Home tab of this app, with the reasons"
        )
        return
    await asked.show(as_modal(WHY_TITLE, await why(asked, named[0].lower())))


def value_of(asked: Asked) -> str:
    """Return what a clicked button stands for."""
    actions = asked.body.get("actions") or [{}]
    return str(actions[0].get("value", ""))


def as_modal(title: str, message: Message) -> View:
    """Show a message in a modal."""
    blocks = message.blocks or (section(message.text),)
    return modal(title, blocks[: limits.VIEW_BLOCKS], callback_id="note")
