"""The approval card: everything that whoever decides needs to know, as of now, and the buttons while it is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.elements import actions, button, context, facts, header, section
from governor.clients.slack_blocks.message import Block, Message
from governor.clients.slack_blocks.request_words import (
    for_whom,
    length_words,
    money,
    named,
    requires_words,
    state_words,
    terms_words,
    what,
)
from governor.clients.slack_blocks.texts import amount, cut, escape, instant, lines, link
from governor.core.approvals.facts import BudgetNow, CaseFacts, Past
from governor.core.approvals.request import OPEN_STATES, ExceptionRequest, State
from governor.core.policy.approval_rule import DecideIn
from governor.core.wording.phrases import counted

APPROVE, DENY, ASK, OPEN_PAGE, WITHDRAW = "approve", "deny", "ask", "open_page", "withdraw"
JUSTIFIED = "review"
"""The buttons of a card; their value is the request's id."""

TEXT_SHOWN = 600
"""Characters of what somebody wrote that a card shows; the whole is on the page, and in the modal that decides."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What is known about a request, and what Slack needs to show it.

    Attributes:
        case: What is known.
        time_zone: The organisation's.
        slack_ids: Slack ids by user name.
        unreachable: Approvers who are not in Slack.
        page: Where the whole case is, or ``""``.
    """

    case: CaseFacts
    time_zone: str
    slack_ids: Mapping[str, str] = field(default_factory=dict)
    unreachable: Sequence[str] = ()
    page: str = ""

    @property
    def request(self) -> ExceptionRequest:
        """The request, as it stands."""
        return self.case.request

    @property
    def state(self) -> State:
        """Its state now."""
        return self.case.state


def card_message(about: CardFacts) -> Message:
    """Make the card; one whose request is decided has no buttons."""
    request = about.request
    title = f"{'Urgent: ' if request.urgent else ''}{what(request)}"
    blocks: list[Block] = [header(title), section(opening(about), more=where_whole(about)), *case_blocks(about)]
    blocks.append(section(standing(about), more=where_whole(about, "all votes")))
    if about.state is State.PENDING:
        blocks.append(_buttons(about))
    elif _review_open(about):
        review = button("Review it…", JUSTIFIED, request.id, style="primary")
        blocks.append(actions([review], f"card-{request.id}-{request.revision}"))
    blocks.append(_small_print(about))
    return Message(f"{title}: {state_words(about.state)}", tuple(blocks[: limits.MESSAGE_BLOCKS]))


def opening(about: CardFacts, shown: int = TEXT_SHOWN) -> str:
    """Say who asks for what, and why; of the reason at most so many characters, and then where the whole is."""
    request = about.request
    who = named(request.asked_by, about.slack_ids)
    more = [named(user, about.slack_ids) for user in request.joined]
    also = f", and so do {', '.join(more)}" if more else ""
    reason = cut(escape(request.justification), shown, where_whole(about, "the whole reason"))
    why = f">{reason}".replace("\n", "\n>") if reason else ""
    return lines([f"{who} asks for {terms_words(request.terms)} {for_whom(request, about.slack_ids)}{also}.", why])


def where_whole(about: CardFacts, label: str = "the whole") -> str:
    """Say where a text that had to be cut stands whole: on the page, or on the command line where there is none."""
    return link(about.page, label) if about.page else f"{label}: `governor exceptions show {about.request.id}`"


def case_blocks(about: CardFacts) -> list[Block]:
    """Return the numbers that a decision rests on."""
    request = about.request
    pairs = [
        ("Until", f"{instant(request.terms.ends_at, about.time_zone)} ({length_words(request, about.case.now)})"),
        ("Lifts", ", ".join(f"`{escape(ref)}`" for ref in request.lifts)),
        ("Expected worth", _worth(about)),
        ("Expected cost", _cost(request)),
        ("Granted this period already", _granted(about)),
        ("Acts for the same already", _acting(about)),
        ("Asked for before", _past(about.case.past)),
        ("If the answer is no", _blocked(about)),
        ("A cheaper way", _cheaper(about)),
    ]
    return [*facts(pairs), *_budgets(about)]


def standing(about: CardFacts) -> str:
    """Say where the request stands: who decides, who voted, what became of it."""
    request = about.request
    votes = [
        f"{':white_check_mark:' if vote.approve else ':x:'} {named(vote.by, about.slack_ids)}"
        f"{f' for {named(vote.member, about.slack_ids)}' if vote.member != vote.by else ''} "
        f"{instant(vote.at, about.time_zone)} ({vote.door}){f': {escape(vote.reason)}' if vote.reason else ''}"
        for vote in request.votes
    ]
    if about.state is State.PENDING:
        lowered = f"{named(request.terms_by, about.slack_ids)} lowered what is asked." if request.terms_by else ""
        asked = f":hourglass_flowing_sand: *Waits for* {requires_words(request)}"
        deadline = f", until {instant(request.expires_at, about.time_zone)}" if request.expires_at else ""
        escalated = (
            f"Escalated to {escape(request.escalated_to)}, who may decide as well." if request.escalated_to else ""
        )
        stuck = ":warning: The people who are left cannot reach this quorum." if request.impossible_at else ""
        return lines([f"{asked}{deadline}.", escalated, stuck, lowered, *votes])
    return lines([f"{_mark(about.state)} *{state_words(about.state).capitalize()}*{_ending(about)}", *votes])


def _mark(state: State) -> str:
    match state:
        case State.APPROVED | State.ACTIVE:
            return ":white_check_mark:"
        case State.DENIED | State.REVOKED:
            return ":x:"
        case _:
            return ":black_square_for_stop:"


def _ending(about: CardFacts) -> str:
    request = about.request
    if about.state in {State.APPROVED, State.ACTIVE}:
        names = ", ".join(named(user, about.slack_ids) for user in request.approved_by)
        by = f" by {names}" if names else " by breaking the glass" if request.break_glass else " automatically"
        at = f", {instant(request.approved_at, about.time_zone)}" if request.approved_at else ""
        return f"{by}{at}; {money(about.case.spent_nano_usd)} of {money(request.terms.amount_nano_usd)} spent."
    closing = request.closing
    if closing is None:
        return "."
    by = f" by {named(closing.by, about.slack_ids)}" if closing.by else ""
    reason = f": {escape(closing.reason)}" if closing.reason else ""
    return f"{by}, {instant(closing.at, about.time_zone)}{reason}"


def _buttons(about: CardFacts) -> Block:
    request = about.request
    if request.ruling.route.decide_in is DecideIn.WEB:
        choices = [button("Decide on a page…", OPEN_PAGE, request.id, style="primary")]
    else:
        choices = [
            button("Approve…", APPROVE, request.id, style="primary"),
            button("Deny…", DENY, request.id, style="danger"),
        ]
    choices.append(button("Ask a question…", ASK, request.id))
    if request.votes and request.ruling.route.decide_in is not DecideIn.WEB:
        choices.append(button("Withdraw my vote", WITHDRAW, request.id))
    return actions(choices, f"card-{request.id}-{request.revision}")


def _review_open(about: CardFacts) -> bool:
    review = about.request.review
    return review is not None and review.is_open


def _small_print(about: CardFacts) -> Block:
    request = about.request
    missing = f"not in Slack: {escape(', '.join(about.unreachable))}" if about.unreachable else ""
    open_ = about.state in OPEN_STATES
    seen = f"numbers as of {instant(about.case.now, about.time_zone)}" if open_ else ""
    whole = where_whole(about, "the whole case")
    return context(f"`{escape(request.ruling.rule)}`", seen, missing, whole)


def _worth(about: CardFacts) -> str:
    request = about.request
    worth = request.expected_value_nano_usd
    outcome = cut(escape(request.outcome_expected), TEXT_SHOWN, where_whole(about))
    if worth is None:
        return outcome or "nobody said"
    cost = request.estimate_nano_usd or request.terms.amount_nano_usd
    times = f", {worth // cost:,} times its cost" if cost and worth >= 2 * cost else ""
    return lines([f"{money(worth)}{times}", outcome])


def _cost(request: ExceptionRequest) -> str:
    most = f"at most {money(request.terms.amount_nano_usd)}"
    if request.estimate_nano_usd is None:
        return f"{most}; nothing to estimate it from"
    return f"{money(request.estimate_nano_usd)} by Governor's estimate, {most}"


def _granted(about: CardFacts) -> str:
    """Tell what counts together with this: as of now while it waits, and afterwards what was counted then."""
    if about.state is not State.PENDING:
        return money(about.request.granted_before_nano_usd)
    granted = about.case.granted
    more = f", and {money(granted.asked_nano_usd)} asked for elsewhere" if granted.asked_nano_usd else ""
    return f"{money(granted.granted_nano_usd)}{more}"


def _acting(about: CardFacts) -> str:
    """Tell of grants that this one would stand beside: they add up."""
    listed = [
        f"{money(grant.amount_nano_usd)} until {instant(grant.ends_at, about.time_zone)}"
        for grant in about.case.acting[:3]
    ]
    return f"{', '.join(listed)}: they add up, and the one that ends first pays first" if listed else ""


def _past(past: Past) -> str:
    if not past.asked:
        return "nothing"
    granted = f" ({money(past.granted_nano_usd)})" if past.granted else ""
    return f"{counted(past.asked, 'request')}: {past.granted} granted{granted}, {past.refused} refused"


def _blocked(about: CardFacts) -> str:
    request = about.request
    [(key, name)] = request.scope
    one = f"{key.replace('_', ' ')} {escape(name)} stays" if about.case.people is None else f"{escape(name)} stays"
    who = one if about.case.people in {None, 1} else f"{about.case.people} people of {escape(name)} stay"
    by = ", ".join(f"`{escape(ref)}`" for ref in request.lifts)
    waiting = f"; {counted(about.case.refused, 'request')} refused in the last seven days" if about.case.refused else ""
    return f"{who} limited by {by}{waiting}"


def _cheaper(about: CardFacts) -> str:
    cheaper = about.case.cheaper
    if cheaper is None:
        return ""
    return (
        f"`{escape(cheaper.model)}` is allowed already, at {cheaper.percent} % of the price of `{escape(cheaper.than)}`"
    )


def _budgets(about: CardFacts) -> list[Block]:
    return [section(_budget(one, about.time_zone)) for one in about.case.budgets[:4]]


def _budget(one: BudgetNow, time_zone: str) -> str:
    view = one.view
    unit = view.budget.unit
    limit = view.limit if view.ceiling is None else view.ceiling
    held = f", {amount(view.held, unit)} held" if view.held else ""
    spend = f"*{escape(view.budget.policy)}*: used {amount(view.used, unit)} of {amount(limit, unit)}{held}"
    forecast = one.forecast
    if forecast is None or forecast.insufficient_data:
        return f"{spend}. No forecast yet."
    total = forecast.total
    ends = (
        f"Forecast for the whole period: {amount(total.median, unit)} "
        f"({amount(total.lower, unit)} to {amount(total.upper, unit)})"
    )
    out = f", gone {instant(forecast.runs_out_at, time_zone)}" if forecast.runs_out_at else ""
    return f"{spend}. {ends}{out}."
