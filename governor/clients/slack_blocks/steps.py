"""What requesters and approvers are told as a request goes its way."""

from collections.abc import Mapping

from governor.clients.slack_blocks.card import JUSTIFIED
from governor.clients.slack_blocks.elements import actions, button, context, section
from governor.clients.slack_blocks.message import Message
from governor.clients.slack_blocks.request_words import for_whom, money, named, requires_words, terms_words, what
from governor.clients.slack_blocks.texts import cut, escape, instant, lines
from governor.core.approvals.request import Act, ExceptionRequest, Review, Transition
from governor.core.wording.phrases import counted

TELL_OUTCOME = "tell_outcome"
"""The button that asks what came of a grant; its value is the request's id."""

ANSWER = "answer"
"""The button that answers a question; its value is the request's id."""

TOLD = frozenset(
    {
        Act.SENT,
        Act.JOINED,
        Act.APPROVED_AUTOMATICALLY,
        Act.BROKE_GLASS,
        Act.VOTED,
        Act.WITHDREW,
        Act.CHANGED_TERMS,
        Act.APPROVED,
        Act.DENIED,
        Act.EXPIRED,
        Act.CANCELLED,
        Act.USED_UP,
        Act.ENDED,
        Act.REVOKED,
        Act.ESCALATED,
        Act.QUORUM_IMPOSSIBLE,
        Act.ASKED,
        Act.REVIEWED,
        Act.REVIEW_MISSED,
    }
)
"""What requesters hear of."""


def is_told(request: ExceptionRequest, step: Transition) -> bool:
    """Tell whether requesters hear of a step: of a grant's beginning only if it was approved for later."""
    return step.act in TOLD or (step.act is Act.ACTIVATED and request.extends != "")


def step_message(request: ExceptionRequest, step: Transition, slack_ids: Mapping[str, str], time_zone: str) -> Message:
    """Tell a requester what has just happened to their request."""
    said = _said(request, step, slack_ids, time_zone)
    blocks = [section(f"*{escape(what(request))}*\n{said}")]
    if step.act is Act.ASKED:
        blocks.append(actions([button("Answer…", ANSWER, request.id, style="primary")], f"ask-{request.id}"))
    blocks.append(context(f"{instant(step.at, time_zone)} · request `{request.id}`"))
    return Message(f"{what(request)}: {str(step.act).replace('_', ' ')}", tuple(blocks))


def _said(request: ExceptionRequest, step: Transition, slack_ids: Mapping[str, str], time_zone: str) -> str:
    actor = named(step.actor.user, slack_ids) if step.actor.user else "Governor"
    given = {name: escape(str(value)) for name, value in step.details.items() if value is not None}
    because = f": {given['reason']}" if given.get("reason") else "."
    closed = because if because[-1] in ".!?…" else f"{because}."
    gets = f"{terms_words(request.terms)}, until {instant(request.terms.ends_at, time_zone)}"
    said = {
        Act.SENT: f"Your request for {gets} waits for {requires_words(request)}.",
        Act.JOINED: f"{actor} asks for the same {for_whom(request, slack_ids)}; all of you are told what comes of it.",
        Act.APPROVED_AUTOMATICALLY: f":white_check_mark: Approved automatically: {gets}.",
        Act.BROKE_GLASS: f":rotating_light: You broke the glass: {gets}. Somebody else will review it.",
        Act.VOTED: f"{actor} {'approves' if step.details.get('approve') else 'denies'} it{because}",
        Act.WITHDREW: f"{actor} takes the vote back.",
        Act.ACTIVATED: f":white_check_mark: It acts from now on: {gets}.",
        Act.CHANGED_TERMS: f"{actor} lowers it to {gets}; votes before do not count any more.",
        Act.APPROVED: f":white_check_mark: Approved: {gets}. It acts {_since(request, step, time_zone)}.",
        Act.DENIED: f":x: Denied by {actor}{because}",
        Act.EXPIRED: f":black_square_for_stop: Expired{closed} Ask again if you still need it.",
        Act.CANCELLED: f":black_square_for_stop: Cancelled by {actor}{because}",
        Act.REVOKED: f":x: Revoked by {actor}{closed} It acts no more.",
        Act.USED_UP: f"Its amount of {money(request.terms.amount_nano_usd)} is spent; it acts no more.",
        Act.ENDED: "It has ended; your usual limits apply again.",
        Act.ESCALATED: f"Escalated to {given.get('to', '')}{closed}",
        Act.QUORUM_IMPOSSIBLE: ":warning: Those who are left cannot decide it together.",
        Act.ASKED: f"{actor} asks: {given.get('text', '')}",
        Act.REVIEWED: f"{actor} reviewed it: {'justified' if step.details.get('justified') else 'not justified'}.",
        Act.REVIEW_MISSED: ":warning: Nobody reviewed it in time; breaking the glass is suspended until somebody does.",
    }
    return said[step.act]


def _since(request: ExceptionRequest, step: Transition, time_zone: str) -> str:
    starts_at = request.terms.starts_at
    later = starts_at is not None and starts_at > step.at
    return f"from {instant(starts_at, time_zone)} on" if later and starts_at is not None else "within a second"


def reminder_message(request: ExceptionRequest, slack_ids: Mapping[str, str], time_zone: str) -> Message:
    """Remind somebody that a request waits for them."""
    if request.review is not None:
        return _review_reminder(request, request.review, slack_ids, time_zone)
    who = named(request.asked_by, slack_ids)
    until = f" It expires {instant(request.expires_at, time_zone)}." if request.expires_at else ""
    said = f":bell: {who} still waits for you: *{escape(what(request))}*, {terms_words(request.terms)}.{until}"
    return Message(f"A request waits for you: {what(request)}", (section(said), context(f"request `{request.id}`")))


def _review_reminder(
    request: ExceptionRequest, review: Review, slack_ids: Mapping[str, str], time_zone: str
) -> Message:
    """Remind somebody that a broken glass should be looked at."""
    by = instant(review.due_at, time_zone)
    gave = f"*{escape(what(request))}*, {terms_words(request.terms)}"
    broke = f"{named(request.asked_by, slack_ids)} broke the glass: {gave}."
    due = f":bell: Please review it by {by}; otherwise nobody can break the glass."
    late = f":warning: It should have been reviewed by {by}. Until somebody does, nobody can break the glass."
    ask = actions([button("Review it…", JUSTIFIED, request.id, style="primary")], f"review-{request.id}")
    said = lines([broke, late if review.missed_at is not None else due])
    return Message(f"A review waits for you: {what(request)}", (section(said), ask, context(f"request `{request.id}`")))


def question_message(step: Transition, slack_ids: Mapping[str, str]) -> Message:
    """Show a question or an answer in the thread of a card."""
    text = escape(str(step.details.get("text", "")))
    verb = "asks" if step.act is Act.ASKED else "answers"
    said = f"{named(step.actor.user, slack_ids)} {verb}:\n>{text}"
    return Message(cut(f"{step.actor.user} {verb}: {step.details.get('text', '')}", 200), (section(said),))


def outcome_message(request: ExceptionRequest, spent_nano_usd: int, slack_ids: Mapping[str, str]) -> Message:
    """Ask what came of a grant that is over; once somebody has told, say thanks instead."""
    title = f"What came of it: {what(request)}"
    told = request.outcome
    if told.told_at is not None:
        worth = f"worth {money(told.worth_nano_usd)}" if told.worth_nano_usd is not None else ""
        count = counted(told.count, "result") if told.count is not None else ""
        facts = ", ".join(part for part in (count, worth, escape(told.note)) if part)
        said = (
            f":white_check_mark: {named(told.told_by, slack_ids)} said what came of *{escape(what(request))}*: {facts}."
        )
        return Message(title, (section(said),))
    expected = f"You expected: {escape(request.outcome_expected)}" if request.outcome_expected else ""
    hope = request.expected_value_nano_usd
    hoped = f"It was expected to be worth {money(hope)}." if hope is not None else ""
    of_all = money(request.terms.amount_nano_usd)
    spent = f"*{escape(what(request))}* is over; {money(spent_nano_usd)} of {of_all} were spent."
    ask = actions([button("Say what came of it…", TELL_OUTCOME, request.id, style="primary")], f"outcome-{request.id}")
    return Message(title, (section(lines([spent, expected, hoped, "What came of it?"])), ask))
