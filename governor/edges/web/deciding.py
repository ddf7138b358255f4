"""Pages of those who decide, and of those who look back: what waits, one whole case, and a confirmation before acts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from governor.core.approvals.facts import BudgetNow
from governor.core.approvals.request import OVER_STATES, ExceptionRequest, State
from governor.core.errors import ForbiddenError, InvalidRequestError, NotFoundError
from governor.core.forecasts.forecast import Forecast
from governor.core.scopes import scope_text
from governor.core.units import Unit, amount_words, rounded_words
from governor.edges.web.doorway import Doorway, Visit
from governor.edges.web.forms import check_guard, dollars_in, end_in, number_in, read_form
from governor.edges.web.sendings import new_sending, sending_in
from governor.services.approvals.ask import ask
from governor.services.approvals.close import cancel, revoke
from governor.services.approvals.desk import Acted
from governor.services.approvals.ends import earlier_end
from governor.services.approvals.extend import extend
from governor.services.approvals.look_back import review, tell_outcome
from governor.services.approvals.read import Case, RequestQuery, list_requests, read_case, read_one
from governor.services.approvals.vote import LowerTerms, approve, deny, withdraw
from governor.services.approvals.wire import case_wire, request_wire, terms_wire

HISTORY = 5
WAITING = 50


class DecidingPages:
    """Pages of those who decide.

    Args:
        doorway: Lets people in.
    """

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._governor = doorway.governor

    async def home(self, visit: Visit) -> Response:
        """Show what waits for somebody, and their own requests."""
        user, desk = visit.session.actor.user, self._governor.desk
        waiting = await list_requests(desk, RequestQuery(waits_for=user, limit=WAITING), visit.now)
        mine = await list_requests(desk, RequestQuery(requester=user, limit=WAITING), visit.now)
        return self._doorway.render(
            "home.html",
            session=visit.session,
            waiting=[request_wire(one, visit.now) for one in waiting.requests],
            mine=[request_wire(one, visit.now) for one in mine.requests],
        )

    async def case(self, visit: Visit) -> Response:
        """Show one request whole: who asks for what, value, spend, history, votes, and what the visitor may do."""
        case = await read_case(self._governor.desk, visit.request.path_params["id"], visit.now)
        request = case.request
        facts = await self._governor.facts.of(case, visit.now)
        history = await list_requests(
            self._governor.desk, RequestQuery(requester=request.asked_by, limit=HISTORY + 1), visit.now
        )
        earlier = [one for one in history.requests if one.id != request.id][:HISTORY]
        grant = await self._governor.grant_keeper.view(request.id, visit.now) if request.approved_at else None
        return self._doorway.render(
            "request.html",
            session=visit.session,
            one=case_wire(case, facts, grant),
            whom=_whom(request),
            ratio=_ratio(request),
            budgets=[_row(one) for one in facts.budgets],
            history=[request_wire(one, visit.now) for one in earlier],
            sending=new_sending(),
            **_may(case, visit),
        )

    async def confirm(self, visit: Visit) -> Response:
        """Show what is about to be decided, before it is."""
        sent = await read_form(visit.request)
        check_guard(visit.session, sent)
        _check_decider(visit)
        verb = sent.get("verb", "")
        if verb not in {"approve", "deny"}:
            raise InvalidRequestError("say whether to approve or to deny it", field="verb")
        case = await read_case(self._governor.desk, visit.request.path_params["id"], visit.now)
        form = {name: sent.get(name, "") for name in ("reason", "amount_usd", "until")}
        terms = self._lower(form, case.request).of(case.request.terms)
        lowered = terms_wire(terms) if terms != case.request.terms and verb == "approve" else None
        return self._doorway.render(
            "confirm.html",
            session=visit.session,
            one=request_wire(case.request, visit.now),
            whom=_whom(case.request),
            verb=verb,
            lowered=lowered,
            form=form,
        )

    async def act(self, visit: Visit) -> Response:
        """Do what a form says, and show the request as it is then."""
        form = await read_form(visit.request)
        check_guard(visit.session, form)
        request_id, verb = visit.request.path_params["id"], visit.request.path_params["verb"]
        acted = await self._act(visit, request_id, verb, form)
        await self._governor.grants.refresh()
        return self._doorway.go(f"/requests/{acted.request.id}")

    async def _act(self, visit: Visit, request_id: str, verb: str, form: Mapping[str, str]) -> Acted:
        desk, actor, now = self._governor.desk, visit.session.actor, visit.now
        reason = form.get("reason", "")
        if verb in {"approve", "deny", "withdraw", "review"}:
            _check_decider(visit)
        match verb:
            case "approve":
                instead = self._lower(form, await read_one(desk, request_id))
                return await approve(desk, request_id, actor, now, reason=reason, instead=instead)
            case "deny":
                return await deny(desk, request_id, actor, now, reason=reason)
            case "withdraw":
                return await withdraw(desk, request_id, actor, now)
            case "ask":
                return await ask(desk, request_id, actor, now, text=form.get("text", ""))
            case "cancel":
                return await cancel(desk, request_id, actor, now, reason=reason)
            case "revoke":
                return await revoke(desk, request_id, actor, now, reason=reason)
            case _:
                return await self._look_back(visit, request_id, verb, form)

    async def _look_back(self, visit: Visit, request_id: str, verb: str, form: Mapping[str, str]) -> Acted:
        desk, actor, now = self._governor.desk, visit.session.actor, visit.now
        match verb:
            case "extend":
                until_at = end_in(form, "until", self._doorway.organization.time_zone)
                if until_at is None:
                    raise InvalidRequestError("say until when it is needed", field="until")
                amount = dollars_in(form, "amount_usd")
                created = await extend(
                    desk, request_id, actor, now, until_at=until_at, amount_nano_usd=amount, wish_id=sending_in(form)
                )
                return created.acted
            case "review":
                if form.get("justified") not in {"yes", "no"}:
                    raise InvalidRequestError("say whether it was right", field="justified")
                justified = form["justified"] == "yes"
                return await review(desk, request_id, actor, now, justified=justified, note=form.get("note", ""))
            case "outcome":
                count, worth = number_in(form, "count"), dollars_in(form, "worth_usd")
                note = form.get("note", "")
                return await tell_outcome(desk, request_id, actor, now, count=count, worth_nano_usd=worth, note=note)
            case _:
                raise NotFoundError("there is no such act")

    def _lower(self, form: Mapping[str, str], request: ExceptionRequest) -> LowerTerms:
        zone = self._doorway.organization.time_zone
        ends_at = earlier_end(end_in(form, "until", zone), request.terms.ends_at, zone)
        return LowerTerms(amount_nano_usd=dollars_in(form, "amount_usd"), ends_at=ends_at)


def _row(one: BudgetNow) -> dict[str, Any]:
    """Return a budget as the page shows it: amounts in words, and where it will end."""
    view, forecast = one.view, one.forecast
    budget, most = view.budget, view.ceiling if view.ceiling is not None else view.limit
    return {
        "policy": budget.policy,
        "scope": scope_text(budget.scope),
        "limit": amount_words(most, budget.unit),
        "used": amount_words(view.used, budget.unit),
        "held": amount_words(view.held, budget.unit) if view.held else "",
        "percent": min((view.used + view.held) * 100 // most, 999) if most else 100,
        "resets_at": _ends_at(budget.period_end_s),
        "forecast": _forecast(forecast, budget.unit) if forecast and not forecast.insufficient_data else None,
    }


def _forecast(forecast: Forecast, unit: Unit) -> dict[str, Any]:
    total = forecast.total
    lower, median, upper = (rounded_words(one, unit) for one in (total.lower, total.median, total.upper))
    return {"median": median, "range": f"{lower} to {upper}", "gone_at": forecast.runs_out_at}


def _may(case: Case, visit: Visit) -> dict[str, Any]:
    """Return what the visitor may do with a request, for the page; the services say so again."""
    request, session = case.request, visit.session
    user, state = session.actor.user, request.state_at(visit.now)
    own, eligible = user in request.requesters, user in case.electorate.people
    pending = state is State.PENDING
    why_not = ""
    if pending and eligible and not session.may_decide:
        why_not = "Your key may look, but not decide: sign in with an approver's key, or from Slack."
    review_open = request.review is not None and request.review.is_open
    return {
        "own": own,
        "decides": pending and eligible and session.may_decide,
        "why_not": why_not,
        "voted": any(user in {vote.by, vote.member} for vote in request.votes),
        "may_ask": pending and eligible,
        "may_revoke": state in {State.APPROVED, State.ACTIVE} and (own or eligible or session.actor.admin),
        "may_extend": own and state is State.ACTIVE and not request.break_glass,
        "may_review": review_open and not own and (eligible or session.actor.admin) and session.may_decide,
        "may_tell": own and (request.state in OVER_STATES or state in {State.ACTIVE, State.ENDED}),
    }


def _check_decider(visit: Visit) -> None:
    if not visit.session.may_decide:
        raise ForbiddenError("your key may look, but not decide; sign in with an approver's key, or from Slack")


def _whom(request: ExceptionRequest) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {name}" for key, name in request.scope)


def _ratio(request: ExceptionRequest) -> str:
    worth, amount = request.expected_value_nano_usd, request.terms.amount_nano_usd
    tenths = worth * 10 // amount if worth and amount else 0
    return f"{tenths // 10}.{tenths % 10}" if tenths else ""


def _ends_at(end_s: int | None) -> datetime | None:
    return datetime.fromtimestamp(end_s, UTC) if end_s is not None else None
