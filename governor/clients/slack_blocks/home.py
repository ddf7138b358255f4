"""App Home: what is left, what was refused, and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.asking import REQUEST
from governor.clients.slack_blocks.budgets import Rests, budget_blocks
from governor.clients.slack_blocks.card import APPROVE, ASK, DENY, JUSTIFIED, OPEN_PAGE
from governor.clients.slack_blocks.elements import DIVIDER, actions, button, context, header, home, section
from governor.clients.slack_blocks.message import Block, View
from governor.clients.slack_blocks.request_words import for_whom, named, state_words, terms_words, what
from governor.clients.slack_blocks.texts import escape, instant, lines
from governor.core.approvals.request import ExceptionRequest
from governor.core.decisions.decision import BudgetView
from governor.core.policy.approval_rule import DecideIn

WHY = "why_decision"
"""The button that explains a refusal; its value is the decision's id."""

REFRESH = "refresh_home"

BUDGETS_SHOWN = 8
REFUSALS_SHOWN = 10
REQUESTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refused requests that are alike: the latest decision's id, when, for which model, why, and how many they are."""

    decision_id: str
    at: datetime
    model: str
    message: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class HomePage:
    """What somebody sees in their App Home.

    Attributes:
        who: Their name in the Organization.
        budgets: What their requests draw on.
        rests: What grants would pay where these have no room.
        refusals: What was refused them and their machines lately, newest first.
        time_zone: The organisation's.
        shown_at: When it was put together.
        mine: Their requests for exceptions, newest first.
        waiting: Requests that wait for their decision.
        slack_ids: Slack ids by user name.
    """

    who: str
    budgets: Sequence[BudgetView]
    refusals: Sequence[Refusal]
    time_zone: str
    shown_at: datetime
    mine: Sequence[ExceptionRequest] = ()
    waiting: Sequence[ExceptionRequest] = ()
    slack_ids: Mapping[str, str] = field(default_factory=dict)
    rests: Rests = field(default_factory=dict)


def home_view(page: HomePage, command: str) -> View:
    """Make the App Home of a person."""
    budgets = budget_blocks(
        page.budgets, page.time_zone, rests=page.rests, shown=BUDGETS_SHOWN, more=f"all of them: `{command}`"
    )
    blocks = [
        *_waiting(page),
        header("My budgets"),
        *(budgets or [section("No budget limits what you may use.")]),
        actions([button("Ask for an exception…", REQUEST, style="primary")], "home-ask"),
        DIVIDER,
        header("My requests"),
        *_mine(page),
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


def _waiting(page: HomePage) -> list[Block]:
    """Show what waits for a decision first: somebody waits."""
    if not page.waiting:
        return []
    blocks: list[Block] = [header("Waits for you")]
    for request in page.waiting[:REQUESTS_SHOWN]:
        if request.review is not None:
            blocks += _to_review(request, page)
            continue
        who = named(request.asked_by, page.slack_ids)
        until = f", until {instant(request.expires_at, page.time_zone)}" if request.expires_at else ""
        blocks.append(
            section(f"{who} asks for {terms_words(request.terms)} {for_whom(request, page.slack_ids)}{until}.")
        )
        if request.ruling.route.decide_in is DecideIn.WEB:
            choices = [button("Decide on a page…", OPEN_PAGE, request.id, style="primary")]
        else:
            approve = button("Approve…", APPROVE, request.id, style="primary")
            choices = [approve, button("Deny…", DENY, request.id, style="danger")]
        blocks.append(actions([*choices, button("Ask a question…", ASK, request.id)], f"waits-{request.id}"))
    if len(page.waiting) > REQUESTS_SHOWN:
        blocks.append(context(f"and {len(page.waiting) - REQUESTS_SHOWN} more"))
    return [*blocks, DIVIDER]


def _to_review(request: ExceptionRequest, page: HomePage) -> list[Block]:
    who, gets = named(request.asked_by, page.slack_ids), terms_words(request.terms)
    assert request.review is not None, "only broken glasses are reviewed"
    by = instant(request.review.due_at, page.time_zone)
    said = f":rotating_light: {who} broke the glass: {gets} {for_whom(request, page.slack_ids)}. Review it by {by}."
    review = button("Review it…", JUSTIFIED, request.id, style="primary")
    return [section(said), actions([review], f"waits-{request.id}")]


def _mine(page: HomePage) -> list[Block]:
    if not page.mine:
        return [section("You have asked for nothing yet.")]
    return [
        section(
            lines(
                [
                    f"*{escape(what(request))}*: {state_words(request.state_at(page.shown_at))}",
                    f"{terms_words(request.terms)}, until {instant(request.terms.ends_at, page.time_zone)}",
                ]
            )
        )
        for request in page.mine[:REQUESTS_SHOWN]
    ]


def _refusals(page: HomePage) -> list[Block]:
    if not page.refusals:
        return [section("Nothing in the last seven days.")]
    return [
        section(
            lines(
                [
                    f"*{escape(refusal.model)}* · {instant(refusal.at, page.time_zone)}{_more(refusal)}",
                    escape(refusal.message),
                ]
            ),
            accessory=button("Why?", WHY, refusal.decision_id),
        )
        for refusal in page.refusals[:REFUSALS_SHOWN]
    ]


def _more(refusal: Refusal) -> str:
    return f", and {refusal.times - 1:,} more like it in that hour" if refusal.times > 1 else ""
