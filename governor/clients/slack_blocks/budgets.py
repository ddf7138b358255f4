"""What is left of somebody's budgets, and when it comes back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from governor.clients.slack_blocks.elements import context, section
from governor.clients.slack_blocks.message import Block, Message
from governor.clients.slack_blocks.texts import amount, escape, instant, lines
from governor.core.decisions.decision import BudgetView
from governor.core.grants import GrantedRest
from governor.core.scopes import scope_text
from governor.core.units import Unit

Rests = Mapping[bytes, Sequence[GrantedRest]]
"""What grants would pay, by the digest of the budget."""

NO_RESTS: Rests = {}

SHOWN = 15
"""Budgets in one message; the tightest come first, so that what is left out is what nobody waits for."""

GRANTS_SHOWN = 3

_BAR = 10


def left_message(
    views: Sequence[BudgetView], time_zone: str, *, who: str, rests: Rests = NO_RESTS, more: str = ""
) -> Message:
    """Say what is left for somebody.

    Args:
        views: The budgets that their requests draw on.
        time_zone: The organisation's, for readers whose own is not known.
        who: Whose budgets these are, for the notification.
        rests: What grants would pay where a budget has no room.
        more: Where all budgets are shown, as mrkdwn; or ``""``.
    """
    blocks = budget_blocks(views, time_zone, rests=rests, more=more)
    if not blocks:
        nothing = f"No budget limits what {escape(who)} may use."
        return Message(nothing, (section(nothing),))
    tightest = in_order(views)[0]
    return Message(f"What is left: {_left(tightest)} of {_name(tightest)}", tuple(blocks))


def budget_blocks(
    views: Sequence[BudgetView], time_zone: str, *, rests: Rests = NO_RESTS, shown: int = SHOWN, more: str = ""
) -> list[Block]:
    """Return a paragraph for each budget, the tightest first, and a note on those that are left out."""
    ordered = in_order(views)
    blocks = [section(budget_text(view, time_zone, rests.get(view.budget.digest, ()))) for view in ordered[:shown]]
    left_out = len(ordered) - shown
    if left_out > 0:
        blocks.append(context(f"and {left_out} more with room to spare", more))
    return blocks


def budget_text(view: BudgetView, time_zone: str, rests: Sequence[GrantedRest] = ()) -> str:
    """Describe one budget in two or three lines, and what grants would pay in one each."""
    return lines(
        [
            f"*{escape(_name(view))}* · `{escape(view.budget.policy)}`",
            f"{_bar(view)}  {escape(_left(view))}",
            " · ".join(part for part in (_used(view), _resets(view, time_zone), escape(view.why)) if part),
            escape(view.began_anew),
            *(_granted(rest, time_zone) for rest in rests[:GRANTS_SHOWN]),
        ]
    )


def in_order(views: Sequence[BudgetView]) -> list[BudgetView]:
    """Sort budgets, the fullest first."""
    return sorted(views, key=lambda view: (-_share(view), view.budget.policy, view.budget.scope))


def _granted(rest: GrantedRest, time_zone: str) -> str:
    whom = escape(scope_text(rest.grant.scope))
    return f"+ {amount(rest.left, rest.unit)} by a grant for {whom}, until {instant(rest.grant.ends_at, time_zone)}"


def _name(view: BudgetView) -> str:
    scope = view.budget.scope
    return scope_text(scope) if scope else "everybody together"


def _share(view: BudgetView) -> float:
    if view.ceiling is None:
        return 0.0
    return (view.used + view.held) / view.ceiling if view.ceiling > 0 else 1.0


def _bar(view: BudgetView) -> str:
    filled = round(max(0.0, min(1.0, _share(view))) * _BAR)
    return "▰" * filled + "▱" * (_BAR - filled)


def _left(view: BudgetView) -> str:
    unit = view.budget.unit
    if view.free is None:
        return "no limit"
    if view.free < 0:
        return f"{amount(-view.free, unit)} over"
    return f"{amount(view.free, unit)} left" if view.free else "nothing left"


def _used(view: BudgetView) -> str:
    unit = view.budget.unit
    limit = view.limit if view.ceiling is None else view.ceiling
    if unit is Unit.CONCURRENT:
        return f"{view.held:,} of {amount(limit, unit)} open"
    held = f", {amount(view.held, unit)} held" if view.held else ""
    return f"used {amount(view.used, unit)} of {amount(limit, unit)}{held}"


def _resets(view: BudgetView, time_zone: str) -> str:
    end_s = view.budget.period_end_s
    if view.budget.unit is Unit.CONCURRENT:
        return ""
    return f"resets {instant(datetime.fromtimestamp(end_s, UTC), time_zone)}" if end_s is not None else "never resets"
