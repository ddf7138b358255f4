"""ApprovalRule documents to core values."""

from msgspec import UnsetType

from governor.compiler.build.header import Models, build_header
from governor.compiler.build.reader import Reader, given
from governor.compiler.quantities import parse_duration, parse_money
from governor.compiler.shapes.approvals import ApprovalRuleShape, BreakGlassShape, RouteShape
from governor.compiler.source import Path
from governor.compiler.working_quantities import (
    UsesPerPerson,
    parse_cap,
    parse_characters,
    parse_length,
    parse_span,
    parse_uses,
)
from governor.core.periods import Every
from governor.core.policy.approval_rule import (
    EXPIRE_AFTER,
    ApprovalRule,
    AutomaticCap,
    BreakGlass,
    DecideIn,
    Escalation,
    MayRequest,
    Requirement,
    Route,
    Urgent,
)
from governor.core.working_time import Span


def build_approval_rule(shape: ApprovalRuleShape, reader: Reader, models: Models) -> ApprovalRule:
    """Build one rule; how its routes follow each other is looked at here, its groups where all kinds are known."""
    justification = shape.justification
    characters, value = 0, False
    if not isinstance(justification, UnsetType):
        characters = reader.maybe(parse_characters, justification.at_least, ("justification", "at_least")) or 0
        value = justification.expected_value == "required"
    return ApprovalRule(
        header=build_header("ApprovalRule", shape, reader, models),
        routes=_routes(shape, reader),
        may_request=MayRequest(shape.may_request),
        deny_at=shape.deny_at,
        max_duration_s=reader.read(parse_length, shape.max_duration, ("max_duration",), 1),
        justification_min=characters,
        expected_value_required=value,
        remind_after=reader.maybe(parse_span, shape.remind_after, ("remind_after",)),
        escalate=_escalation(shape, reader),
        expire_after=reader.read(parse_span, shape.expire_after, ("expire_after",), EXPIRE_AFTER),
        urgent=_urgent(shape, reader),
        delegation=shape.delegation == "allowed",
        channel=given(shape.channel, ""),
        break_glass=_break_glass(shape.break_glass, reader),
    )


def _routes(shape: ApprovalRuleShape, reader: Reader) -> tuple[Route, ...]:
    routes: list[Route] = []
    for index, item in enumerate(shape.routes):
        path: Path = ("routes", index)
        before = routes[-1] if routes else None
        route = _route(item, reader, path)
        _check_order(item, route, before, reader, path)
        routes.append(route)
    last = routes[-1]
    if last.cap is not None:
        message = "what is beyond `at_most` takes the next route, and there is none"
        hint = "add a route with `require` after it"
        reader.add("route-order", message, ("routes", len(routes) - 1, "at_most"), hint=hint)
    return tuple(routes)


def _route(item: RouteShape, reader: Reader, path: Path) -> Route:
    automatic = not isinstance(item.approve, UnsetType)
    require = () if isinstance(item.require, UnsetType) else item.require
    if automatic == bool(require):
        message = "a route needs either `approve: automatic` or `require`"
        reader.add("wrong-value", message, path, hint="write require: [{group: finance, at_least: 1}]")
    if not automatic and not isinstance(item.at_most, UnsetType):
        message = "`at_most` limits what is approved automatically, and this route asks people"
        reader.add("wrong-value", message, (*path, "at_most"), hint="take it out")
    if automatic and item.decide_in == "web":
        message = "nobody decides about an automatic route"
        reader.add("wrong-value", message, (*path, "decide_in"), hint="take `decide_in` out")
    cap = reader.maybe(parse_cap, item.at_most, (*path, "at_most"))
    return Route(
        up_to_nano_usd=reader.maybe(parse_money, item.up_to, (*path, "up_to")),
        require=tuple(Requirement(one.group, one.at_least, given(one.instead, "")) for one in require),
        cap=AutomaticCap(cap.amount_nano_usd, cap.every, cap.per) if cap is not None and automatic else None,
        decide_in=DecideIn(item.decide_in),
    )


def _check_order(item: RouteShape, route: Route, before: Route | None, reader: Reader, path: Path) -> None:
    """Routes cover all costs up to the last one's end: ascending, each beginning where the one before it ends."""
    above = reader.maybe(parse_money, item.above, (*path, "above"))
    begins = 0 if before is None else before.up_to_nano_usd
    if begins is None:
        message = "the route before it has no upper end, so no cost ever takes this one"
        reader.add("route-order", message, path, hint="give the route before it an `up_to`")
        return
    if above is not None and above != begins:
        what = "leaves a gap after" if above > begins else "overlaps with"
        message = f"`above` {what} the route before it"
        hint = "write the `up_to` of the route before it" if before is not None else "leave it out: costs begin at 0"
        reader.add("route-order", message, (*path, "above"), hint=hint)
    if route.up_to_nano_usd is not None and route.up_to_nano_usd <= begins:
        message = "`up_to` is not above the route before it" if before is not None else "`up_to` must be above 0"
        reader.add("route-order", message, (*path, "up_to"), hint="write routes in ascending order of cost")


def _escalation(shape: ApprovalRuleShape, reader: Reader) -> Escalation | None:
    if isinstance(shape.escalate, UnsetType):
        return None
    return Escalation(reader.read(parse_span, shape.escalate.after, ("escalate", "after"), Span(1)), shape.escalate.to)


def _urgent(shape: ApprovalRuleShape, reader: Reader) -> Urgent | None:
    stated = shape.urgent
    if isinstance(stated, UnsetType):
        return None
    if isinstance(shape.escalate, UnsetType) and not isinstance(stated.escalate, UnsetType):
        message = "`urgent` says when to escalate, and the rule does not say to whom"
        reader.add(
            "missing-field", message, ("urgent", "escalate"), hint="write escalate: {after: 1 working day, to: ...}"
        )
    return Urgent(
        remind_after=reader.maybe(parse_span, stated.remind_after, ("urgent", "remind_after")),
        escalate=reader.maybe(parse_span, stated.escalate, ("urgent", "escalate")),
    )


def _break_glass(stated: BreakGlassShape | UnsetType, reader: Reader) -> BreakGlass | None:
    if isinstance(stated, UnsetType):
        return None
    uses = reader.read(parse_uses, stated.at_most, ("break_glass", "at_most"), UsesPerPerson(1, Every.WEEK))
    return BreakGlass(
        group=stated.group,
        up_to_nano_usd=reader.read(parse_money, stated.up_to, ("break_glass", "up_to"), 0),
        for_s=reader.read(parse_duration, stated.for_, ("break_glass", "for"), 1),
        uses_max=uses.count,
        every=uses.every,
        review_within_s=reader.read(parse_duration, stated.review_within, ("break_glass", "review_within"), 1),
    )
