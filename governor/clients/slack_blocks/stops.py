"""What was stopped, and how it goes on."""

from collections.abc import Sequence

from governor.clients.slack_blocks.elements import actions, button, confirmation, context, section
from governor.clients.slack_blocks.message import Block as Shown
from governor.clients.slack_blocks.message import Message
from governor.clients.slack_blocks.texts import escape, instant, lines
from governor.core.decisions.blocks import Block
from governor.core.decisions.ids import id_text

LIFT = "lift_block"
"""The button that lets something go on; its value is the block's id."""


def stopped_message(block: Block, note: str, time_zone: str) -> Message:
    """Say what was just stopped, with the button that undoes it."""
    said = f":octagonal_sign: Stopped {_what(block)} until {instant(block.until_at, time_zone)}."
    parts = [
        section(said),
        context(f"{escape(block.reason)} · by {escape(block.placed_by)}", escape(note)),
        _undo(block),
    ]
    return Message(f"Stopped {_plainly(block)}", tuple(parts))


def resumed_message(blocks: Sequence[Block], time_zone: str) -> Message:
    """Say what goes on again, and who let it."""
    said = lines(f":arrow_forward: {_what(block)} goes on; {_lifted(block, time_zone)}." for block in blocks)
    return Message(f"{_plainly(blocks[0])} goes on", (section(said),))


def _lifted(block: Block, time_zone: str) -> str:
    if block.lifted_at is None:
        return f"the block ended {instant(block.until_at, time_zone)}"
    return f"lifted by {escape(block.lifted_by)} {instant(block.lifted_at, time_zone)}"


def _undo(block: Block) -> Shown:
    sure = confirmation("Let it go on?", f"{_what(block)} may use models again at once.", "Let it go on")
    return actions([button("Let it go on", LIFT, id_text(block.id), confirm=sure)], f"stop-{id_text(block.id)}")


def _what(block: Block) -> str:
    return f"{block.kind.value.replace('_', ' ')} *{escape(block.name)}*"


def _plainly(block: Block) -> str:
    return f"{block.kind.value.replace('_', ' ')} {block.name}"
