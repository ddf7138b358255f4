"""The buttons of cards, and the modals behind them: approve, deny, ask, review, say what came of it."""

from collections.abc import Awaitable
from datetime import date, datetime
from typing import Any

from governor.clients.slack_blocks import card, deciding, steps
from governor.clients.slack_blocks.card import CardFacts
from governor.clients.slack_blocks.notes import OPENED_PAGE, page_message, withdrawn_message
from governor.compiler.quantities import QuantityError, parse_money
from governor.core.approvals.request import Act, Actor, Door, State
from governor.core.errors import ConflictError, ForbiddenError, InvalidRequestError
from governor.edges.slack.desk import Asked
from governor.edges.slack.submitting import CLOSE, Reply, filled
from governor.services.approvals.ask import ask
from governor.services.approvals.desk import Acted
from governor.services.approvals.ends import earlier_end, end_of_day
from governor.services.approvals.links import personal_link
from governor.services.approvals.look_back import review, tell_outcome
from governor.services.approvals.read import read_case, read_one
from governor.services.approvals.vote import LowerTerms, approve, deny, withdraw

DECIDE_TITLE = "One moment"


def actor_of(asked: Asked) -> Actor:
    """Return who acts, with the Slack id that says so, for the audit."""
    return Actor(asked.person.user, Door.SLACK, asked.slack_id)


async def approve_clicked(asked: Asked) -> None:
    """Show the case as of now, to be approved."""
    about = await _open_case(asked)
    await asked.show(deciding.approve_modal(about) if about.state is State.PENDING else deciding.decided_modal(about))


async def deny_clicked(asked: Asked) -> None:
    """Show the case as of now, to be denied."""
    about = await _open_case(asked)
    await asked.show(deciding.deny_modal(about) if about.state is State.PENDING else deciding.decided_modal(about))


async def ask_clicked(asked: Asked) -> None:
    """Let somebody ask a question."""
    about = await _open_case(asked)
    await asked.show(deciding.ask_modal(about) if about.state is State.PENDING else deciding.decided_modal(about))


async def review_clicked(asked: Asked) -> None:
    """Let somebody review a broken glass."""
    about = await _open_case(asked)
    open_ = about.request.review is not None and about.request.review.is_open
    await asked.show(deciding.review_modal(about) if open_ else deciding.decided_modal(about))


async def withdraw_clicked(asked: Asked) -> None:
    """Take a vote back."""
    desk = asked.desk
    acted = await withdraw(desk.approvals, asked.value, actor_of(asked), asked.now)
    await desk.shown(acted.request.id, asked.now)
    await asked.say(withdrawn_message())


async def page_clicked(asked: Asked) -> None:
    """Give somebody a link that signs them in on the page, once, and nobody else."""
    desk = asked.desk
    request = await read_one(desk.approvals, asked.value)
    url = await personal_link(
        desk.governor.database, desk.governor.settings.public_url, actor_of(asked), request.id, asked.now
    )
    if not url:
        raise InvalidRequestError("this server has no public address; ask whoever runs it to set GOVERNOR_PUBLIC_URL")
    await asked.say(page_message(url, request.id))


async def page_opened(asked: Asked) -> None:
    """Slack tells of clicks on links as well; there is nothing to do."""


async def answer_clicked(asked: Asked) -> None:
    """Let a requester answer the latest question."""
    case = await read_case(asked.desk.approvals, asked.value, asked.now)
    questions = [str(one.transition.details.get("text", "")) for one in case.records if one.transition.act is Act.ASKED]
    await asked.show(deciding.answer_modal(case.request, questions[-1] if questions else ""))


async def outcome_clicked(asked: Asked) -> None:
    """Let a requester say what came of a grant."""
    about = await asked.desk.facts.about(asked.value, asked.now)
    if asked.person.user not in about.request.requesters:
        raise ForbiddenError("only who asked says what came of it", needed="requester")
    await asked.show(deciding.outcome_modal(about.request, about.case.spent_nano_usd))


async def approving(asked: Asked) -> Reply:
    """Approve, perhaps less or shorter."""
    held = filled(asked)
    desk, request_id = asked.desk, request_of(asked)
    terms = (await read_one(desk.approvals, request_id)).terms
    amount = usd(held.get(deciding.AMOUNT), deciding.AMOUNT)
    chosen = end_in(held.get(deciding.UNTIL), desk.time_zone)
    instead = LowerTerms(
        amount_nano_usd=None if amount == terms.amount_nano_usd else amount,
        ends_at=earlier_end(chosen, terms.ends_at, desk.time_zone),
    )
    reason = str(held.get(deciding.REASON, ""))
    return await _acted(
        asked, approve(desk.approvals, request_id, actor_of(asked), asked.now, reason=reason, instead=instead)
    )


async def denying(asked: Asked) -> Reply:
    """Deny, with a reason."""
    reason = " ".join(str(filled(asked).get(deciding.REASON, "")).split())
    return await _acted(asked, deny(asked.desk.approvals, request_of(asked), actor_of(asked), asked.now, reason=reason))


async def asking(asked: Asked) -> Reply:
    """Ask, or answer: which of the two is told by who does."""
    text = str(filled(asked).get(deciding.TEXT, ""))
    return await _acted(asked, ask(asked.desk.approvals, request_of(asked), actor_of(asked), asked.now, text=text))


async def reviewing(asked: Asked) -> Reply:
    """Keep what a review found."""
    held = filled(asked)
    justified = held.get(deciding.JUSTIFIED) == deciding.YES
    note = " ".join(str(held.get(deciding.REASON, "")).split())
    actor = actor_of(asked)
    return await _acted(
        asked, review(asked.desk.approvals, request_of(asked), actor, asked.now, justified=justified, note=note)
    )


async def telling(asked: Asked) -> Reply:
    """Keep what came of a grant."""
    held = filled(asked)
    told = tell_outcome(
        asked.desk.approvals,
        request_of(asked),
        actor_of(asked),
        asked.now,
        count=whole(held.get(deciding.COUNT), deciding.COUNT),
        worth_nano_usd=usd(held.get(deciding.WORTH), deciding.WORTH),
        note=" ".join(str(held.get(deciding.REASON, "")).split()),
    )
    return await _acted(asked, told)


def request_of(asked: Asked) -> str:
    """Return the request that a modal is about."""
    return str(asked.body["view"].get("private_metadata", ""))


def usd(text: Any, field: str) -> int | None:
    """Read an amount of USD in nano-USD; None if nothing was typed.

    Raises:
        InvalidRequestError: If it is none, at its field.
    """
    if text is None:
        return None
    typed = str(text).strip().removeprefix("$").strip()
    try:
        return parse_money(typed if typed.upper().endswith("USD") else f"{typed} USD")
    except QuantityError as error:
        raise InvalidRequestError(f"{error.message}; write it like 500", field=field) from error


def whole(text: Any, field: str) -> int | None:
    """Read a whole number; None if nothing was typed.

    Raises:
        InvalidRequestError: If it is none, at its field.
    """
    if text is None:
        return None
    digits = str(text).replace(",", "").replace("_", "").replace(" ", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise InvalidRequestError(f"`{str(text)[:40]}` is not a whole number; write it like 1200", field=field)
    return int(digits)


def end_in(text: Any, time_zone: str) -> datetime | None:
    """Return the end of a chosen day (``2026-11-27``) in the organisation's zone; None if nothing was chosen."""
    return end_of_day(date.fromisoformat(str(text)), time_zone) if text else None


async def _open_case(asked: Asked) -> CardFacts:
    """Put the case together as of now; the card that was clicked is put together anew as well."""
    desk = asked.desk
    about = await desk.facts.about(asked.value, asked.now)
    await desk.cards.touch(about.request.id, asked.now)
    return about


async def _acted(asked: Asked, act: Awaitable[Acted]) -> Reply:
    """Do something to a request; whoever comes too late sees what was decided."""
    request_id = request_of(asked)
    try:
        await act
    except ConflictError as error:
        if error.code != "wrong_state":
            raise
        await asked.desk.shown(request_id, asked.now)
        return Reply(instead=deciding.decided_modal(await asked.desk.facts.about(request_id, asked.now)))
    await asked.desk.shown(request_id, asked.now)
    return CLOSE


CLICKS = {
    card.APPROVE: (approve_clicked, "Approve?"),
    card.DENY: (deny_clicked, "Deny?"),
    card.ASK: (ask_clicked, "Ask a question"),
    card.JUSTIFIED: (review_clicked, "Review"),
    card.WITHDRAW: (withdraw_clicked, ""),
    card.OPEN_PAGE: (page_clicked, ""),
    OPENED_PAGE: (page_opened, ""),
    steps.ANSWER: (answer_clicked, "Answer"),
    steps.TELL_OUTCOME: (outcome_clicked, "What came of it?"),
}
"""What each button does, and the title of the modal that it opens at once; ``""``: it opens none."""

SUBMISSIONS = {
    deciding.APPROVING: approving,
    deciding.DENYING: denying,
    deciding.ASKING: asking,
    deciding.ANSWERING: asking,
    deciding.REVIEWING: reviewing,
    deciding.TELLING: telling,
}
"""What sending each modal does."""
