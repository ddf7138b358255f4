"""What grants make of a candidate: what refuses it and may be lifted, and the budgets that pay for that.

Whether a grant has room is known only in the ledger's transaction. So a candidate that policies refuse or clamp gets
another form beside it (``Candidate.granted``), which stands where a grant has room for it; and a hold on a quota that
grants lift names those that pay where it does not fit (``Hold.grants``).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from governor.core.decisions.context import bounds_of
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.draws import Draw, Part
from governor.core.decisions.grant_budgets import grant_terms, money_hold, unit_budget
from governor.core.decisions.plan import Candidate, Need
from governor.core.decisions.prepare_model import PreparedCandidate
from governor.core.grants import Grant, GrantKind
from governor.core.ledger.commands import Hold
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import ContextLimit, ModelAllowlist
from governor.core.units import Unit

Decide = Callable[[PreparedCandidate], Candidate]
"""Decides a model anew by everything but balances."""

_OF_MODEL = frozenset({ReasonCode.MODEL_NOT_ALLOWED, ReasonCode.MODEL_NOT_IN_ONLY, ReasonCode.NO_ALLOWLIST_MATCHES})
"""Refusals that a grant of models lifts: an explicit ``deny`` is none of them."""

_OF_SIZE = frozenset({ReasonCode.INPUT_TOO_LARGE, ReasonCode.OUTPUT_TOO_LARGE, ReasonCode.CONTEXT_TOO_LARGE})


def lift(
    candidate: Candidate, grants: tuple[Grant, ...], allowlists: Sequence[ModelAllowlist], decide: Decide
) -> Candidate:
    """Return a candidate with what grants make of it.

    Args:
        candidate: Decided in full, blocks included.
        grants: Those that act for it, in the order in which they are drawn on.
        allowlists: Those that concern it.
        decide: Decides its model under lifted limits. Pure.
    """
    granted = _granted(candidate, grants, allowlists, decide)
    if granted is not None:
        granted = replace(granted, grants=grants, holds=_with_payers(granted, grants))
    return replace(candidate, grants=grants, holds=_with_payers(candidate, grants), granted=granted)


def _granted(
    candidate: Candidate, grants: Sequence[Grant], allowlists: Sequence[ModelAllowlist], decide: Decide
) -> Candidate | None:
    """Return what a candidate is under grants of models and sizes, or None if they do not help."""
    of_model = tuple(reason for reason in candidate.reasons if reason.code in _OF_MODEL)
    of_size = tuple(reason for reason in candidate.reasons if reason.code in _OF_SIZE)
    if len(of_model) + len(of_size) < len(candidate.reasons):
        # Something refuses that nobody can lift: a block, an explicit deny, an unknown price.
        return None
    needs: list[tuple[tuple[Reason, ...], Sequence[Grant]]] = []
    lifted = candidate
    if of_model:
        covering = [grant for grant in grants if _covers_model(grant, candidate, of_model, allowlists)]
        if not covering:
            return None
        needs.append((of_model, covering))
        kept = tuple(reason for reason in candidate.prepared.reasons if reason.code not in _OF_MODEL)
        lifted = decide(replace(candidate.prepared, reasons=kept))
    if of_size or candidate.context.clamped:
        larger, raising = _larger(lifted, grants, decide)
        if raising:
            needs.append((of_size, raising))
            lifted = larger
    if lifted.reasons or not needs:
        return None
    return replace(lifted, needs=tuple(Need(reasons, _money_holds(lifted, covering)) for reasons, covering in needs))


def _covers_model(
    grant: Grant, candidate: Candidate, reasons: Iterable[Reason], allowlists: Sequence[ModelAllowlist]
) -> bool:
    """Tell whether a grant alone lifts everything that refuses a model."""
    if grant.kind is not GrantKind.MODEL or not grant.permits_model(candidate.prepared.model.id):
        return False
    return all(_lifts_list(grant, reason, allowlists) for reason in reasons)


def _lifts_list(grant: Grant, reason: Reason, allowlists: Sequence[ModelAllowlist]) -> bool:
    match reason.code:
        case ReasonCode.NO_ALLOWLIST_MATCHES:
            return reason.policy in grant.lifts
        case ReasonCode.MODEL_NOT_ALLOWED:
            # One list that allows a model is enough, so it is enough to lift one of those that could.
            listing = (each.header for each in allowlists if each.allow is not None)
            return any(header.enforcement is not Enforcement.AUDIT and grant.lifts_policy(header) for header in listing)
        case _:
            refusing = (each.header for each in allowlists if each.header.ref == reason.policy)
            return any(grant.lifts_policy(header) for header in refusing)


def _larger(candidate: Candidate, grants: Sequence[Grant], decide: Decide) -> tuple[Candidate, Sequence[Grant]]:
    """Return the form of a candidate that lets the longest answer through, and the grants that do so, each alone."""
    best, covering = candidate, list[Grant]()
    for grant in grants:
        limits = candidate.prepared.context_limits
        if grant.kind is not GrantKind.CONTEXT or not any(grant.lifts_policy(limit.header) for limit in limits):
            continue
        raised = tuple(_raised(limit, grant) for limit in limits)
        bounds = bounds_of(raised, candidate.prepared.model.model)
        larger = decide(replace(candidate.prepared, context_limits=raised, bounds=bounds))
        if larger.reasons:
            continue
        room, most = larger.context.max_output_tokens, best.context.max_output_tokens
        if best.reasons or room > most:
            best, covering = larger, [grant]
        elif covering and room == most:
            covering.append(grant)
    return best, covering


def _raised(limit: ContextLimit, grant: Grant) -> ContextLimit:
    if not grant.lifts_policy(limit.header):
        return limit
    return replace(
        limit,
        max_input=_higher(limit.max_input, grant.input_tokens_max),
        max_output=_higher(limit.max_output, grant.output_tokens_max),
        max_total=_higher(limit.max_total, grant.total_tokens_max),
    )


def _higher(limit: int | None, granted: int | None) -> int | None:
    return limit if limit is None or granted is None else max(limit, granted)


def _money_holds(candidate: Candidate, grants: Sequence[Grant]) -> tuple[Hold, ...]:
    """Return what each grant would hold for the whole request."""
    charged = any(draw.applied.quota.charge_on_expiry for draw in candidate.prepared.draws)
    amount = candidate.held.cost_nano_usd or 0
    return tuple(money_hold(grant, amount, charge_on_expiry=charged) for grant in grants)


def _with_payers(candidate: Candidate, grants: Sequence[Grant]) -> tuple[Hold, ...]:
    """Return the holds of a candidate, those on lifted quotas with the grants that pay where they do not fit."""
    paying = [grant for grant in grants if grant.kind is GrantKind.BUDGET]
    if not paying or not candidate.holds:
        return candidate.holds
    return tuple(
        replace(hold, grants=tuple(_payers(candidate, hold, draw, paying)))
        if draw.part is Part.WHOLE and hold.terms.must_fit
        else hold
        for hold, draw in zip(candidate.holds, candidate.prepared.draws, strict=True)
    )


def _payers(candidate: Candidate, hold: Hold, draw: Draw, grants: Sequence[Grant]) -> Iterator[tuple[Hold, ...]]:
    """Yield what each grant would hold instead of a hold; every grant is metered in money, whatever a quota counts."""
    quota = draw.applied.quota
    charged = quota.charge_on_expiry
    for grant in grants:
        if not grant.lifts_policy(quota.header):
            continue
        if quota.unit is Unit.USD:
            yield (money_hold(grant, hold.amount, charge_on_expiry=charged),)
            continue
        lifted = grant.amount_of(quota.header, quota.unit)
        if lifted is None:
            # The quota counts something else by now than what was approved.
            continue
        budget = unit_budget(grant, lifted)
        terms = grant_terms(grant, budget, lifted.amount, quota.counts, charge_on_expiry=charged)
        money = money_hold(grant, candidate.held.cost_nano_usd or 0, charge_on_expiry=charged)
        yield (Hold(budget, hold.amount, terms), money)
