"""Who may say yes, in words."""

from collections.abc import Iterator

from governor.core.policy.approval_rule import ApprovalRule, DecideIn, MayRequest, Requirement, Route
from governor.core.units import Unit, amount_words
from governor.core.wording.envelope import envelope_statements
from governor.core.wording.phrases import counted, duration_words, listed
from governor.core.wording.statements import Statement
from governor.core.working_time import Clock, Span


def approval_statements(rule: ApprovalRule, time_zone: str) -> Iterator[Statement]:
    """Yield everything that an ApprovalRule says."""
    who = "everybody whom it would serve" if rule.may_request is MayRequest.MEMBERS else "leads"
    yield Statement("may_request", "who may ask", who)
    below = 0
    for route in rule.routes:
        yield Statement(f"routes.{route.up_to_nano_usd}", _range_words(below, route), route_words(route))
        below = route.up_to_nano_usd or below
    yield Statement("deny_at", "it is denied by", counted(rule.deny_at, "no", "noes"))
    yield Statement("max_duration", "longest exception", duration_words(rule.max_duration_s))
    yield from _asking(rule)
    yield from _waiting(rule)
    yield Statement("delegation", "voting for somebody who is away", "is possible" if rule.delegation else "is not")
    if rule.channel:
        yield Statement("channel", "channel", rule.channel, decides=False)
    if rule.break_glass is not None:
        yield Statement("break_glass", "in an emergency", _break_glass_words(rule))
    yield from envelope_statements(rule.header, time_zone)


def route_words(route: Route) -> str:
    """Say who decides: ``"1 of department-leads"``, ``"1 of finance and 2 of governance-board, on the web page"``."""
    if route.automatic:
        words = "approved at once"
        if route.cap is not None:
            most = amount_words(route.cap.amount_nano_usd, Unit.USD)
            per = f" for each {route.cap.per.replace('_', ' ')}" if route.cap.per else ""
            words += f", up to {most} a {route.cap.every}{per}"
        return words
    words = f"approved by {listed(_requirement_words(each) for each in route.require)}"
    return f"{words}, on the web page" if route.decide_in is DecideIn.WEB else words


def _requirement_words(requirement: Requirement) -> str:
    instead = f" (or {requirement.instead}, if the requester is the only one)" if requirement.instead else ""
    return f"{requirement.at_least} of {requirement.group}{instead}"


def _range_words(below: int, route: Route) -> str:
    if route.up_to_nano_usd is None:
        return f"above {amount_words(below, Unit.USD)}" if below else "whatever it costs"
    return f"up to {amount_words(route.up_to_nano_usd, Unit.USD)}"


def _asking(rule: ApprovalRule) -> Iterator[Statement]:
    parts = []
    if rule.justification_min:
        parts.append(f"a justification of at least {counted(rule.justification_min, 'character')}")
    if rule.expected_value_required:
        parts.append("what it is expected to be worth")
    if parts:
        yield Statement("justification", "what to write", listed(parts))


def _waiting(rule: ApprovalRule) -> Iterator[Statement]:
    if rule.remind_after is not None:
        yield Statement("remind_after", "approvers are reminded after", span_words(rule.remind_after))
    if rule.escalate is not None:
        words = f"the group {rule.escalate.to}, after {span_words(rule.escalate.after)}"
        yield Statement("escalate", "who may decide when nobody did", words)
    yield Statement("expire_after", "a request without a decision ends after", span_words(rule.expire_after))
    urgent = rule.urgent
    if urgent is not None and urgent.remind_after is not None:
        yield Statement("urgent.remind_after", "an urgent one is reminded of after", span_words(urgent.remind_after))
    if urgent is not None and urgent.escalate is not None:
        yield Statement("urgent.escalate", "an urgent one may be decided by others after", span_words(urgent.escalate))


def span_words(span: Span) -> str:
    """Render a length of time: ``"4 working hours"``, ``"3 working days"``."""
    match span.clock:
        case Clock.WALL:
            return duration_words(span.amount)
        case Clock.WORKING:
            number, _, unit = duration_words(span.amount).partition(" ")
            if unit.startswith("day"):
                number, unit = f"{span.amount // 3600}", "hours"
            return f"{number} working {unit}"
        case Clock.WORKING_DAYS:
            return counted(span.amount, "working day")


def _break_glass_words(rule: ApprovalRule) -> str:
    glass = rule.break_glass
    assert glass is not None
    return (
        f"a member of {glass.group} may take up to {amount_words(glass.up_to_nano_usd, Unit.USD)} at once, for "
        f"{duration_words(glass.for_s)}, {counted(glass.uses_max, 'time')} a {glass.every} at most; somebody else "
        f"looks at it within {duration_words(glass.review_within_s)}"
    )
