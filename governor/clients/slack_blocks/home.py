"""App Home: what is left, what was refused, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.budgets import budget_blocks
from governor.clients.slack_blocks.elements import DIVIDER, actions, button, context, header, home, section
from governor.clients.slack_blocks.message import Block, View
from governor.clients.slack_blocks.texts import escape, instant, lines
from governor.core.decisions.decision import BudgetView

WHY = "why_decision"
"""The button that explains a refusal; its value is the decision's id."""

REFRESH = "refresh_home"

BUDGETS_SHOWN = 8
REFUSALS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused request: its decision's id, when, for which model, and the decisive reason."""

    decision_id: str
    at: datetime
    model: str
    message: str


@dataclass(frozen=True, slots=True)
class HomePage:
    """What somebody sees in their App Home.

    Attributes:
        who: Their name in the Organization.
        budgets: What their requests draw on.
        refusals: What was refused them and their machines lately, newest first.
        time_zone: The organisation's.
        shown_at: When it was put together.
        exceptions: Blocks about their requests, and about what waits for them.
    """

    who: str
    budgets: Sequence[BudgetView]
    refusals: Sequence[Refusal]
    time_zone: str
    shown_at: datetime
    exceptions: Sequence[Block] = ()


def home_view(page: HomePage, command: str) -> View:
    """Make the App Home of a person."""
    budgets = budget_blocks(page.budgets, page.time_zone, shown=BUDGETS_SHOWN, more=f"all of them: `{command}`")
    blocks = [
        *page.exceptions,
        header("My budgets"),
        *(budgets or [section("No budget limits what you may use.")]),
        DIVIDER,
        header("What was refused"),
        *_refusals(page),
        actions([button("Refresh", REFRESH)], "home"),
        context(f"{escape(page.who)} · as of {instant(page.shown_at, page.time_zone)} · `{command} help`"),
    ]
    return home(blocks[: limits.VIEW_BLOCKS])


def stranger_home(blocks: Sequence[Block]) -> View:
    """Make the App Home of somebody who is not known."""
    return home(blocks)


def _refusals(page: HomePage) -> list[Block]:
    if not page.refusals:
        return [section("Nothing in the last seven days.")]
    return [
        section(
            lines(
                [
                    f"*{escape(refusal.model)}* · {instant(refusal.at, page.time_zone)}",
                    escape(refusal.message),
                ]
            ),
            accessory=button("Why?", WHY, refusal.decision_id),
        )
        for refusal in page.refusals[:REFUSALS_SHOWN]
    ]
