"""How ``/ai-budget`` is used."""

from collections.abc import Sequence

from governor.clients.slack_blocks.elements import context, section
from governor.clients.slack_blocks.message import Message
from governor.clients.slack_blocks.texts import escape, lines

Usage = tuple[str, str]
"""What to type after the command, and what it does."""


def help_message(command: str, usages: Sequence[Usage], problem: str = "") -> Message:
    """List what can be typed; ``problem`` says what was not understood."""
    listed = lines(f"`{' '.join((command, words)).rstrip()}`  {meaning}" for words, meaning in usages)
    blocks = [section(escape(problem))] if problem else []
    return Message(
        problem or f"How to use {command}",
        (
            *blocks,
            section(listed),
            context("Your budgets, your requests and what was refused are also in the *Home* tab of this app."),
        ),
    )
