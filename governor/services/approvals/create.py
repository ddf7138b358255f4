"""Ask for an exception: its cost and its route are worked out here, and what asks for the same joins."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from governor.core.approvals.asking import Asking, asking, check_may_ask
from governor.core.approvals.opening import check_extends, join, open_request, ruling_of
from governor.core.approvals.request import Actor, ExceptionRequest, Ruling, Sending, State, Step
from governor.core.approvals.routes import route_for, rule_for
from governor.core.approvals.terms import Terms
from governor.core.decisions.ids import id_bytes, id_text
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.money import decimal_text
from governor.core.policy.approval_rule import ApprovalRule, AutomaticCap, Route
from governor.services.approvals.counted import granted_before, start_of
from governor.services.approvals.desk import Acted, Desk, grant_of, whole_ms
from governor.services.approvals.estimate import Estimate, estimate_cost
from governor.services.approvals.repeated import sent_before
from governor.services.approvals.wishes import Wish, check_rule, checked_lifts, checked_text, terms_of
from governor.services.ids import new_id
from governor.services.try_grant import Trial, try_grant
from governor.store.approval_records import lock_chain
from governor.store.approvals import (
    RequestFilter,
    granted_automatically,
    read_extensions,
    read_request,
    read_requests,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A wish that was checked, with what Governor says about it.

    Attributes:
        asked: Whom it is for.
        lifts: What it lifts.
        terms: With an amount, as asked or as estimated.
        estimate: What Governor expects it to cost.
        rule: The rule that decides.
    """

    wish: Wish
    asked: Asking
    lifts: tuple[str, ...]
    terms: Terms
    estimate: Estimate
    rule: ApprovalRule


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen to a wish if it were sent now.

    Attributes:
        granted_before_nano_usd: What the same scope was granted this period, and asks for now.
        route: Who would decide.
        trial: Whether it would help: the whole path is tried before anybody is asked.
    """

    draft: Draft
    granted_before_nano_usd: int
    route: Route
    trial: Trial


@dataclass(frozen=True, slots=True)
class Created:
    """A request that was made, or that was joined; ``draft`` is what this one asked for."""

    acted: Acted
    draft: Draft
    joined: bool


async def draft_of(desk: Desk, wish: Wish, actor: Actor, now: datetime) -> Draft:
    """Check a wish and who asks, and estimate what it costs.

    Raises:
        ForbiddenError: If the actor may not ask for this.
        InvalidRequestError: Naming the field that is wrong, or that no rule decides about such requests.
    """
    draft = await checked_draft(desk, wish, actor, now)
    check_may_ask(draft.asked, actor.user, draft.rule.may_request)
    check_rule(draft.rule, draft.wish, now)
    return draft


async def checked_draft(desk: Desk, wish: Wish, actor: Actor, now: datetime) -> Draft:
    """Check what is asked for, and estimate what it costs; who may ask for it is another question.

    Raises:
        InvalidRequestError: Naming the field that is wrong, or that no rule decides about such requests.
    """
    snapshot = desk.snapshots.current
    scope = wish.scope or (("user", actor.user),)
    asked = asking(snapshot.organization, scope, actor.user, now)
    lifts = checked_lifts(snapshot, wish)
    wish = replace(
        wish,
        justification=checked_text(wish.justification, "justification"),
        outcome=checked_text(wish.outcome, "outcome"),
    )
    terms = terms_of(snapshot, wish, lifts, now)
    rule = _rule(snapshot, asked, terms, now)
    estimate = await estimate_cost(desk.database, snapshot, wish.kind, asked.scope, terms=terms, now=now)
    if not terms.amount_nano_usd:
        if not estimate.cost_nano_usd:
            message = f"say what it may spend in `amount_usd`: it cannot be estimated, because {estimate.basis}"
            raise InvalidRequestError(message, field="amount_usd")
        terms = replace(terms, amount_nano_usd=estimate.cost_nano_usd)
    return Draft(wish, asked, lifts, terms, estimate, rule)


async def preview(desk: Desk, wish: Wish, actor: Actor, now: datetime) -> Preview:
    """Say what would happen to a wish: what it costs, who would be asked, and whether it would help. Nothing is kept.

    Raises:
        GovernorError: As ``create``.
    """
    draft = await draft_of(desk, wish, actor, now)
    before, route = await desk.database.read(lambda connection: _route(connection, desk, draft, now))
    ruling = ruling_of(draft.rule, route, urgent=draft.wish.urgent)
    grant = grant_of(request_of(draft, ruling, before, actor, now), now)
    trial = await try_grant(desk.snapshots.current, desk.database, grant, actor.user, now)
    return Preview(draft, before, route, trial)


async def create(desk: Desk, wish: Wish, actor: Actor, now: datetime) -> Created:
    """Ask for an exception. What somebody asks for already is joined instead.

    The amounts that decide the route are summed up in the transaction that keeps the request: of two requests at the
    same moment the second counts the first.

    Raises:
        ForbiddenError: If the actor may not ask for this.
        InvalidRequestError: Naming the field that is wrong, or that no rule or route decides about such requests.
        ConflictError: If the wish's own id was used for something else, or what it prolongs cannot be prolonged.
    """
    draft = await draft_of(desk, wish, actor, now)

    def write(connection: Connection) -> Created:
        lock_chain(connection)
        sent = sent_before(connection, draft.wish, draft.asked.scope, draft.lifts, terms=draft.terms, actor=actor)
        if sent is not None:
            own = (sent.asked_by, sent.request_id) == (actor.user, wish.request_id)
            return Created(Acted(sent, ()), draft, joined=not own)
        _check_extends(connection, draft, now)
        same = _same(connection, draft, now)
        if same is not None:
            acted = desk.advance(connection, same, lambda request, _: _join(request, draft, actor, now), now)
            return Created(acted, draft, joined=True)
        before, route = _route(connection, desk, draft, now)
        ruling = ruling_of(draft.rule, route, urgent=draft.wish.urgent)
        request = request_of(draft, ruling, before, actor, now)
        step = open_request(request, draft.rule, desk.snapshots.current.organization.working_time, actor)
        return Created(desk.keep(connection, step, now), draft, joined=False)

    return await desk.database.write(write)


def _rule(snapshot: Snapshot, asked: Asking, terms: Terms, now: datetime) -> ApprovalRule:
    """Return the rule that decides; a rule may be for some models only."""
    found: dict[str, ApprovalRule] = {}
    for model in terms.models or ("",):
        attributes = {**asked.attributes, "model": model} if model else asked.attributes
        rule = rule_for(snapshot.policies.approval_rules, attributes, now)
        if rule is None:
            message = "no ApprovalRule concerns such a request, so nobody decides about it; propose a change of policy"
            raise InvalidRequestError(message, code="no_approval_rule", field="scope")
        found[rule.ref] = rule
    if len(found) > 1:
        message = f"different rules decide about these models ({', '.join(sorted(found))}); ask for each by itself"
        raise InvalidRequestError(message, field="models")
    return next(iter(found.values()))


def _join(request: ExceptionRequest, draft: Draft, actor: Actor, now: datetime) -> Step:
    request_id = draft.wish.request_id
    sending = Sending(actor.user, request_id, draft.terms) if request_id else None
    return join(request, actor, draft.wish.justification, now, sending=sending)


def _check_extends(connection: Connection, draft: Draft, now: datetime) -> None:
    """Refuse to prolong what is over by now, within the transaction in which the request would be kept."""
    key = id_bytes(draft.wish.extends) if draft.wish.extends else None
    parent = read_request(connection, key) if key is not None else None
    if parent is not None:
        check_extends(parent, read_extensions(connection, parent), now)


def _same(connection: Connection, draft: Draft, now: datetime) -> ExceptionRequest | None:
    """Return a pending request for the same thing, or None; one for smaller requests would not help."""
    wanted = RequestFilter(states=(State.PENDING,), scope=draft.asked.scope)
    for request in read_requests(connection, wanted):
        same = (request.kind, set(request.lifts), request.asked.models, request.extends) == (
            draft.wish.kind,
            set(draft.lifts),
            draft.terms.models,
            draft.wish.extends,
        )
        if same and request.state_at(now) is State.PENDING and draft.terms.sizes_within(request.terms):
            return request
    return None


def _route(connection: Connection, desk: Desk, draft: Draft, now: datetime) -> tuple[int, Route]:
    """Return what the scope was granted before, and the route that follows."""
    snapshot = desk.snapshots.current
    amount = draft.terms.amount_nano_usd
    before = granted_before(connection, snapshot, draft.asked.scope, draft.lifts, now).total_nano_usd
    automatic = {
        index: amount + _automatic_before(connection, snapshot, draft, route.cap, now)
        for index, route in enumerate(draft.rule.routes)
        if route.cap is not None
    }
    route = route_for(draft.rule, amount + before, automatic)
    if route is None:
        cost = decimal_text(amount + before)
        message = f"{cost} USD is more than any route of {draft.rule.ref} decides about; ask for less"
        raise InvalidRequestError(message, field="amount_usd")
    return before, route


def _automatic_before(
    connection: Connection, snapshot: Snapshot, draft: Draft, cap: AutomaticCap, now: datetime
) -> int:
    value = draft.asked.attributes.get(cap.per, "")
    return granted_automatically(connection, cap.per, value, start_of(snapshot, cap.every, now))


def request_of(draft: Draft, ruling: Ruling, before: int, actor: Actor, now: datetime) -> ExceptionRequest:
    """Return the request that a draft makes, before anything has happened to it."""
    wish = draft.wish
    return ExceptionRequest(
        id=id_text(new_id(int(now.timestamp() * 1000))),
        kind=wish.kind,
        scope=draft.asked.scope,
        lifts=draft.lifts,
        home=draft.asked.home,
        asked_by=actor.user,
        asked_for=draft.asked.asked_for,
        asked=draft.terms,
        terms=draft.terms,
        ruling=ruling,
        created_at=whole_ms(now),
        justification=wish.justification,
        outcome_expected=wish.outcome,
        expected_value_nano_usd=wish.expected_value_nano_usd,
        estimate_nano_usd=draft.estimate.cost_nano_usd,
        granted_before_nano_usd=before,
        urgent=wish.urgent,
        extends=wish.extends,
        request_id=wish.request_id,
    )
