"""A request as JSON: the shape of ``/exceptions`` and of ``governor exceptions --output json``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from governor.core.approvals.facts import CaseFacts
from governor.core.approvals.groups import Delegation
from governor.core.approvals.request import ExceptionRequest, Review, Ruling, Vote
from governor.core.approvals.terms import Terms
from governor.core.money import usd_text
from governor.core.units import amount_text
from governor.services.approvals.create import Created, Draft, Preview
from governor.services.approvals.facts_wire import facts_wire
from governor.services.approvals.read import Case
from governor.services.grants import GrantView
from governor.services.try_grant import trial_wire
from governor.store.approval_records import Record


def request_wire(request: ExceptionRequest, now: datetime) -> dict[str, Any]:
    """Return a request with its state at an instant; instants are left to the encoder."""
    return {
        "id": request.id,
        "state": str(request.state_at(now)),
        "kind": str(request.kind),
        "scope": dict(request.scope),
        "lifts": list(request.lifts),
        "department": request.home.department or None,
        "asked_by": request.asked_by,
        "asked_for": request.asked_for or None,
        "joined": list(request.joined),
        "asked": terms_wire(request.asked),
        "terms": terms_wire(request.terms),
        "terms_by": request.terms_by or None,
        "justification": request.justification,
        "outcome": request.outcome_expected,
        "expected_value_usd": _usd(request.expected_value_nano_usd),
        "estimate_usd": _usd(request.estimate_nano_usd),
        "granted_before_usd": usd_text(request.granted_before_nano_usd),
        "cost_usd": usd_text(request.cost_nano_usd),
        "urgent": request.urgent,
        "extends": request.extends or None,
        "break_glass": request.break_glass,
        "ruling": _ruling(request.ruling),
        "votes": [_vote(vote) for vote in request.votes],
        "created_at": request.created_at,
        "remind_at": request.remind_at,
        "escalate_at": request.escalate_at,
        "expires_at": request.expires_at,
        "escalated_at": request.escalated_at,
        "impossible_at": request.impossible_at,
        "approved_at": request.approved_at,
        "approved_by": list(request.approved_by),
        "closed": _closing(request),
        "review": _review(request.review),
        "came_of_it": _came_of_it(request),
        "request_id": request.request_id or None,
        "revision": request.revision,
    }


def case_wire(case: Case, facts: CaseFacts, grant: GrantView | None) -> dict[str, Any]:
    """Return a request with who may decide about it, what they should know, what its grant has spent, and its past."""
    spent = (
        {"spent_usd": usd_text(grant.paid.used), "left_usd": usd_text(max(grant.left_nano_usd, 0))} if grant else None
    )
    return {
        **request_wire(case.request, facts.now),
        "may_decide": sorted(facts.approvers),
        "facts": facts_wire(facts),
        "grant": spent,
        "records": [record_wire(record) for record in case.records],
    }


def created_wire(created: Created, now: datetime) -> dict[str, Any]:
    """Return a request that was made or joined, and what its cost was estimated from."""
    return {
        **request_wire(created.acted.request, now),
        "joined_existing": created.joined,
        "estimate_basis": created.draft.estimate.basis,
    }


def preview_wire(preview: Preview) -> dict[str, Any]:
    """Return what would happen to a wish: its cost and who would decide."""
    draft = preview.draft
    route = preview.route
    return {
        "kind": str(draft.wish.kind),
        "scope": dict(draft.asked.scope),
        "lifts": list(draft.lifts),
        "terms": terms_wire(draft.terms),
        **_estimate(draft),
        "granted_before_usd": usd_text(preview.granted_before_nano_usd),
        "cost_usd": usd_text(draft.terms.amount_nano_usd + preview.granted_before_nano_usd),
        "rule": draft.rule.ref,
        "automatic": route.automatic,
        "requires": [{"group": one.group, "at_least": one.at_least} for one in route.require],
        "decide_in": str(route.decide_in),
        "trial": trial_wire(preview.trial),
    }


def _estimate(draft: Draft) -> dict[str, Any]:
    return {"estimate_usd": _usd(draft.estimate.cost_nano_usd), "estimate_basis": draft.estimate.basis}


def record_wire(record: Record) -> dict[str, Any]:
    """Return one record of the audit."""
    transition = record.transition
    return {
        "seq": record.seq,
        "subject": record.subject,
        "act": str(transition.act),
        "at": transition.at,
        "actor": transition.actor.user or None,
        "door": str(transition.actor.door),
        "key": transition.actor.key or None,
        "state": str(transition.state),
        "details": _details(transition.details),
    }


def delegation_wire(delegation: Delegation) -> dict[str, Any]:
    """Return a delegation."""
    return {
        "id": delegation.id,
        "member": delegation.member,
        "delegate": delegation.delegate,
        "from": delegation.from_at,
        "until": delegation.until_at,
        "ended_at": delegation.ended_at,
    }


def terms_wire(terms: Terms) -> dict[str, Any]:
    """Return what a grant gives."""
    return {
        "amount_usd": usd_text(terms.amount_nano_usd),
        "from": terms.starts_at,
        "until": terms.ends_at,
        "amounts": {
            one.policy: {"amount": amount_text(one.amount, one.unit), "unit": str(one.unit)} for one in terms.amounts
        },
        "models": list(terms.models),
        "input_tokens_max": terms.input_tokens_max,
        "output_tokens_max": terms.output_tokens_max,
        "total_tokens_max": terms.total_tokens_max,
    }


def _ruling(ruling: Ruling) -> dict[str, Any]:
    return {
        "rule": ruling.rule,
        "source": ruling.source,
        "automatic": ruling.route.automatic,
        "requires": [
            {"group": one.group, "at_least": one.at_least, "instead": one.instead or None}
            for one in ruling.route.require
        ],
        "deny_at": ruling.deny_at,
        "decide_in": str(ruling.route.decide_in),
        "channel": ruling.channel or None,
    }


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "member": vote.member,
        "by": vote.by,
        "approve": vote.approve,
        "at": vote.at,
        "door": str(vote.door),
        "reason": vote.reason or None,
    }


def _closing(request: ExceptionRequest) -> dict[str, Any] | None:
    closing = request.closing
    if closing is None:
        return None
    return {"at": closing.at, "by": closing.by or None, "reason": closing.reason or None}


def _review(review: Review | None) -> dict[str, Any] | None:
    if review is None:
        return None
    return {
        "due_at": review.due_at,
        "at": review.at,
        "by": review.by or None,
        "justified": review.justified,
        "note": review.note or None,
    }


def _came_of_it(request: ExceptionRequest) -> dict[str, Any] | None:
    outcome = request.outcome
    if outcome.asked_at is None and outcome.told_at is None:
        return None
    return {
        "asked_at": outcome.asked_at,
        "told_at": outcome.told_at,
        "by": outcome.told_by or None,
        "count": outcome.count,
        "worth_usd": _usd(outcome.worth_nano_usd),
        "note": outcome.note or None,
    }


def _details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return details with money as every answer writes it."""
    shown: dict[str, Any] = {}
    for name, value in details.items():
        if value is None:
            continue
        if name.endswith("_nano_usd"):
            shown[name.replace("_nano_usd", "_usd")] = usd_text(value)
        else:
            shown[name] = list(value) if isinstance(value, tuple) else value
    return shown


def _usd(nano_usd: int | None) -> str | None:
    return usd_text(nano_usd) if nano_usd is not None else None
