"""The modals in which somebody decides: the case as of now, and what they say about it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from governor.clients.slack_blocks.card import CardFacts, case_blocks, opening, standing, where_whole
from governor.clients.slack_blocks.elements import context, labelled, modal, option, section, select, text_input
from governor.clients.slack_blocks.message import Block, View
from governor.clients.slack_blocks.request_words import money, terms_words, what
from governor.clients.slack_blocks.texts import escape, instant
from governor.core.approvals.request import ExceptionRequest
from governor.core.money import decimal_text

APPROVING, DENYING, ASKING, ANSWERING, REVIEWING, TELLING = (
    "approving",
    "denying",
    "asking",
    "answering",
    "reviewing",
    "telling",
)
"""The modals' names, by which their submission is known."""

AMOUNT, UNTIL, REASON, TEXT, JUSTIFIED, COUNT, WORTH = (
    "amount",
    "until",
    "reason",
    "text",
    "justified",
    "count",
    "worth",
)
"""The fields; an error is shown at the field of its name."""

REASON_MAX = 500
WHOLE = 2_500
"""Characters of a justification in the modal that decides: all that a form takes, unless much of it is escaped."""

YES, NO = "yes", "no"


def approve_modal(about: CardFacts) -> View:
    """Let somebody approve a request, or less or shorter; sending it is the confirmation."""
    request = about.request
    zone = ZoneInfo(about.time_zone)
    # The last day on which it acts; what ends at midnight does not act on the day after.
    last_day = (request.terms.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    fields = [
        labelled(
            "What it may spend, in USD",
            AMOUNT,
            text_input(AMOUNT, initial=decimal_text(request.terms.amount_nano_usd), length_max=30),
            hint="Lower it to approve less. Lower terms reset the votes that were given before.",
        ),
        labelled(
            "Last day",
            UNTIL,
            {"type": "datepicker", "action_id": UNTIL, "initial_date": last_day.isoformat()},
            hint="An earlier day approves it for shorter.",
        ),
        labelled("A word about it", REASON, text_input(REASON, length_max=REASON_MAX), optional=True),
    ]
    sure = f"You approve {terms_words(request.terms)}, until {instant(request.terms.ends_at, about.time_zone)}."
    return _case("Approve?", about, [section(sure), *fields], APPROVING, "Approve")


def deny_modal(about: CardFacts) -> View:
    """Let somebody deny a request, with a reason that the requester reads."""
    why = text_input(REASON, multiline=True, length_max=REASON_MAX, placeholder="What would make it a yes?")
    field = labelled("Why not?", REASON, why, hint="The requester reads this.")
    return _case("Deny?", about, [field], DENYING, "Deny")


def ask_modal(about: CardFacts) -> View:
    """Let somebody ask the requester something before they decide."""
    question = text_input(TEXT, multiline=True, length_max=REASON_MAX)
    hint = "The requester is asked, and everybody who decides reads it in the thread of the card."
    return _case("Ask a question", about, [labelled("Your question", TEXT, question, hint=hint)], ASKING, "Ask")


def answer_modal(request: ExceptionRequest, question: str) -> View:
    """Let a requester answer."""
    field = labelled("Your answer", TEXT, text_input(TEXT, multiline=True, length_max=REASON_MAX))
    asked = section(f"*{escape(what(request))}*\n>{escape(question)}" if question else f"*{escape(what(request))}*")
    return modal("Answer", [asked, field], callback_id=ANSWERING, submit="Answer", metadata=request.id)


def review_modal(about: CardFacts) -> View:
    """Let somebody say whether breaking the glass was right."""
    choices = [option("It was justified", YES), option("It was not", NO)]
    fields = [
        labelled("Was it right to break the glass?", JUSTIFIED, select(JUSTIFIED, choices)),
        labelled("What did you find?", REASON, text_input(REASON, multiline=True, length_max=REASON_MAX)),
    ]
    return _case("Review", about, fields, REVIEWING, "Keep the review")


def outcome_modal(request: ExceptionRequest, spent_nano_usd: int) -> View:
    """Ask a requester what came of a grant."""
    spent = f"*{escape(what(request))}*: {money(spent_nano_usd)} were spent."
    hoped = f"You expected: {escape(request.outcome_expected)}" if request.outcome_expected else ""
    fields = [
        labelled("How many results?", COUNT, text_input(COUNT, length_max=20), optional=True, hint="Like 1200"),
        labelled("What are they worth, in USD?", WORTH, text_input(WORTH, length_max=30), optional=True),
        labelled("In your words", REASON, text_input(REASON, multiline=True, length_max=REASON_MAX), optional=True),
    ]
    blocks = [section(spent), *([section(hoped)] if hoped else []), *fields]
    return modal("What came of it?", blocks, callback_id=TELLING, submit="Send", metadata=request.id)


def decided_modal(about: CardFacts) -> View:
    """Show a request that is decided by now to somebody who came late."""
    blocks = [section(opening(about)), section(standing(about), more=where_whole(about, "all votes")), _as_of(about)]
    return modal("Decided by now", blocks, callback_id="note")


def _case(title: str, about: CardFacts, fields: list[Block], callback_id: str, submit: str) -> View:
    whole = section(opening(about, shown=WHOLE), more=where_whole(about))
    blocks = [whole, *case_blocks(about), *fields, _as_of(about)]
    return modal(title, blocks, callback_id=callback_id, submit=submit, close="Go back", metadata=about.request.id)


def _as_of(about: CardFacts) -> Block:
    return context(f"numbers as of {instant(about.case.now, about.time_zone)} · request `{about.request.id}`")
