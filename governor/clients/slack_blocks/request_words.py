"""What a request for an exception is, in words."""

from collections.abc import Mapping
from datetime import datetime

from governor.clients.slack_blocks.texts import amount, escape, mention
from governor.core.approvals.request import ExceptionRequest, State
from governor.core.approvals.terms import Terms
from governor.core.grants import GrantKind
from governor.core.policy.approval_rule import Route
from governor.core.scopes import Scope
from governor.core.units import Unit


def money(nano_usd: int) -> str:
    """Write an amount for people, to the cent; less than a cent is not nothing."""
    return amount(nano_usd, Unit.USD)


def what(request: ExceptionRequest) -> str:
    """Name what is asked for in a heading."""
    [(_, name)] = request.scope
    return f"{kind_words(request.kind)} for {name}"


def kind_words(kind: GrantKind) -> str:
    """Name a kind of exception."""
    match kind:
        case GrantKind.BUDGET:
            return "More budget"
        case GrantKind.MODEL:
            return "Another model"
        case GrantKind.CONTEXT:
            return "Larger requests"


def terms_words(terms: Terms) -> str:
    """Say what a grant would give."""
    parts = [f"*{money(terms.amount_nano_usd)}*"]
    parts += [f"{amount(one.amount, one.unit)} of `{escape(one.policy)}`" for one in terms.amounts]
    sizes = (
        (terms.input_tokens_max, "input"),
        (terms.output_tokens_max, "output"),
        (terms.total_tokens_max, "input and output together"),
    )
    parts += [f"up to {tokens:,} tokens of {which} a request" for tokens, which in sizes if tokens is not None]
    parts += [f"the model `{escape(model)}`" for model in terms.models]
    return ", ".join(parts)


def for_scope(scope: Scope, asker: str) -> str:
    """Say for whom a request of somebody would be."""
    [(key, name)] = scope
    if key == "user":
        return "for yourself" if name == asker else f"for *{escape(name)}*"
    return f"for the {key.replace('_', ' ')} *{escape(name)}*"


def for_whom(request: ExceptionRequest, slack_ids: Mapping[str, str]) -> str:
    """Say for whom it is."""
    [(key, name)] = request.scope
    if key == "user":
        return "for themselves" if name == request.asked_by else f"for {named(name, slack_ids)}"
    return f"for the {key.replace('_', ' ')} *{escape(name)}*"


def named(user: str, slack_ids: Mapping[str, str]) -> str:
    """Name a person as Slack shows them."""
    return mention(slack_ids.get(user, ""), user)


def requires_words(request: ExceptionRequest) -> str:
    """Say who has to approve."""
    return route_words(request.ruling.route)


def route_words(route: Route) -> str:
    """Say whom a route asks."""
    return " and ".join(f"{one.at_least} of {escape(one.group)}" for one in route.require) or "nobody"


def length_words(request: ExceptionRequest, now: datetime) -> str:
    """Say how long from now, or from its beginning, a grant lasts."""
    begin = request.approved_at or request.terms.starts_at or now
    return duration_words((request.terms.ends_at - begin).total_seconds())


def duration_words(seconds: float) -> str:
    """Write a length of time in its largest unit."""
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = round(seconds / size)
            return f"{number} {word}{'s' if number != 1 else ''}"
    return "no time"


def state_words(state: State) -> str:
    """Name a state for people."""
    match state:
        case State.REQUESTED | State.PENDING:
            return "waits for a decision"
        case State.APPROVED | State.ACTIVE:
            return "approved"
        case State.USED_UP:
            return "used up"
        case State.ENDED:
            return "ended"
        case _:
            return str(state)
