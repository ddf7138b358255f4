"""What does not depend on token counts: worked out once for equal questions, until something begins or ends.

Who asks, which model is meant, which policies concern the request, what the allowlists say, and which budgets it draws
on stay the same from one request to the next. What is left for each request is arithmetic.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING

from governor.core.decisions.allowlists import check_allowlists
from governor.core.decisions.budget_keys import budget_key, scope_of
from governor.core.decisions.caller import Caller
from governor.core.decisions.context import Bounds, bounds_of
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.request import Ability, DecideRequest
from governor.core.decisions.subject import ResolvedSubject, resolve_subject
from governor.core.ledger.budget import BudgetKey
from governor.core.models import ResolvedModel
from governor.core.policy.applicable import Applicable, AppliedQuota, apply_quota
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import ContextLimit, Quota
from governor.core.policy.organization import Strictness
from governor.core.units import Counts, Unit
from governor.core.values import hot_value

if TYPE_CHECKING:
    from governor.core.decisions.snapshot import Snapshot

CANDIDATES_MAX = 8
"""The model asked for and its substitutes."""

HOLD_FOR_S = 600
"""Life of a hold where neither the request nor a quota says."""

_ALLOWLIST_CODES = frozenset(
    {
        ReasonCode.MODEL_DENIED,
        ReasonCode.MODEL_NOT_ALLOWED,
        ReasonCode.MODEL_NOT_IN_ONLY,
        ReasonCode.NO_ALLOWLIST_MATCHES,
    }
)


class Measure(IntEnum):
    """What a budget counts of a request: the position in ``Amounts.measures``."""

    COST = 0
    ALL_TOKENS = 1
    INPUT_TOKENS = 2
    OUTPUT_TOKENS = 3
    CALLS = 4
    ONE = 5


def measure_of(quota: Quota) -> Measure:
    """Return what a quota counts.

    ``output`` and ``reasoning`` both hold the output estimate: how much of it is reasoning is known only afterwards.
    """
    match quota.unit:
        case Unit.USD:
            return Measure.COST
        case Unit.REQUESTS:
            return Measure.CALLS
        case Unit.CONCURRENT:
            return Measure.ONE
        case Unit.TOKENS:
            match quota.counts:
                case Counts.ALL:
                    return Measure.ALL_TOKENS
                case Counts.INPUT:
                    return Measure.INPUT_TOKENS
                case Counts.OUTPUT | Counts.REASONING:
                    return Measure.OUTPUT_TOKENS


@hot_value
class Draw:
    """A quota on the path of a request, with the budget that it draws on and what it counts."""

    applied: AppliedQuota
    budget: BudgetKey
    measure: Measure


@hot_value
class PreparedCandidate:
    """One model, decided as far as that is possible without token counts.

    Attributes:
        model: What would be given.
        attributes: Of the subject and this model, as matched.
        reasons: Why it is refused whatever its size.
        warnings: What it would be allowed with.
        context_limits: Limits on its size.
        bounds: The same as numbers, so that most requests are done with a comparison.
        draws: One for each quota that concerns it.
        within_abilities: Whether the caller can take this model (a substitute needs ``can``).
        enforced: Whether anything enforced concerns it.
        points_out: Whether a budget on its path may warn: it has a soft limit, or only warns.
    """

    model: ResolvedModel
    attributes: dict[str, str]
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    context_limits: tuple[ContextLimit, ...]
    bounds: Bounds
    draws: tuple[Draw, ...]
    within_abilities: bool
    enforced: bool
    points_out: bool


@hot_value
class Prepared:
    """A question without its size.

    Attributes:
        candidates: The model asked for and, where an allowlist refuses it, its fallbacks.
        epoch: The stretch of time (Unix seconds, half-open) in which no policy or person begins or ends.
        from_s: First instant at which all of this holds.
        until_s: First instant at which it no longer does: the epoch or a budget's period ends.
        hold_for_s: Life of the holds where the request does not say.
        fails_open: Whether the request may pass when the ledger does not answer.
    """

    candidates: tuple[PreparedCandidate, ...]
    epoch: tuple[float, float]
    from_s: float
    until_s: float
    hold_for_s: int
    fails_open: bool


def prepare(snapshot: "Snapshot", request: DecideRequest, caller: Caller, now: datetime) -> Prepared:
    """Work out everything about a request that its size does not change."""
    subject = resolve_subject(snapshot.organization, request.subject, caller, request.use_case, now)
    subject.attributes.update((f"tags.{key}", value) for key, value in request.tags.items())
    subject.attributes["operation"] = request.operation
    asked_model = snapshot.model(request.model, request.provider)
    asked, applicable = _candidate(snapshot, asked_model, subject, now, within_abilities=True)
    substitutes = [snapshot.model(name, "") for name in _fallbacks(asked, applicable)]
    able = Ability.SUBSTITUTE in request.can
    others = [_candidate(snapshot, model, subject, now, within_abilities=able)[0] for model in substitutes]
    candidates = (asked, *others)
    draws = [draw for candidate in candidates for draw in candidate.draws]
    epoch = snapshot.epoch(now)
    from_s, until_s = _stretch(epoch, candidates)
    return Prepared(
        candidates=candidates,
        epoch=epoch,
        from_s=from_s,
        until_s=until_s,
        hold_for_s=max((draw.applied.quota.hold_for_s for draw in draws), default=HOLD_FOR_S),
        fails_open=all(draw.applied.quota.fail_open for draw in asked.draws if _enforced(draw)),
    )


def renew(prepared: Prepared, now: datetime) -> Prepared:
    """Move a question to the budgets of another instant of its epoch: only periods have ended, nothing else changed."""
    now_s = now.timestamp()
    candidates = tuple(
        replace(candidate, draws=tuple(_renewed(draw, now, now_s) for draw in candidate.draws))
        for candidate in prepared.candidates
    )
    from_s, until_s = _stretch(prepared.epoch, candidates)
    return replace(prepared, candidates=candidates, from_s=from_s, until_s=until_s)


def _renewed(draw: Draw, now: datetime, now_s: float) -> Draw:
    budget = draw.budget
    if budget.period_start_s <= now_s and (budget.period_end_s is None or now_s < budget.period_end_s):
        return draw
    return replace(draw, budget=budget_key(draw.applied.quota, budget.scope, now))


def _stretch(epoch: tuple[float, float], candidates: Sequence[PreparedCandidate]) -> tuple[float, float]:
    """Return the part of an epoch in which no budget's period begins or ends."""
    budgets = [draw.budget for candidate in candidates for draw in candidate.draws]
    from_s = max([epoch[0], *(budget.period_start_s for budget in budgets)])
    return from_s, min([epoch[1], *(end for budget in budgets if (end := budget.period_end_s) is not None)])


def _enforced(draw: Draw) -> bool:
    return draw.applied.quota.header.enforcement is Enforcement.ENFORCE


def _fallbacks(asked: PreparedCandidate, applicable: Applicable) -> Sequence[str]:
    """Return the models to try instead, if an allowlist refuses the model asked for."""
    if not any(reason.code in _ALLOWLIST_CODES for reason in asked.reasons):
        return ()
    names = dict.fromkeys(
        name
        for allowlist in applicable.allowlists
        if allowlist.header.enforcement is Enforcement.ENFORCE
        for name in allowlist.fallback
        if name != asked.model.id
    )
    return list(names)[: CANDIDATES_MAX - 1]


def _candidate(
    snapshot: "Snapshot", model: ResolvedModel, subject: ResolvedSubject, now: datetime, *, within_abilities: bool
) -> tuple[PreparedCandidate, Applicable]:
    attributes = {**subject.attributes, "model": model.id}
    if model.provider:
        attributes["provider"] = model.provider
    applicable = snapshot.applicable.find(attributes, now)
    unknown = _unknown_model(snapshot, model, now)
    denies = snapshot.organization.unknown_model is Strictness.DENY
    refused, pointed_out = check_allowlists(snapshot.organization, applicable.allowlists, model.id)
    draws = tuple([_draw(snapshot, quota, attributes, now) for quota in applicable.quotas])
    candidate = PreparedCandidate(
        model=model,
        attributes=attributes,
        reasons=(*subject.reasons, *(unknown if denies else ()), *refused),
        warnings=(*subject.warnings, *(() if denies else unknown), *pointed_out),
        context_limits=applicable.context_limits,
        bounds=bounds_of(applicable.context_limits, model.model),
        draws=draws,
        within_abilities=within_abilities,
        enforced=applicable.enforced,
        points_out=any(draw.applied.soft_limit is not None or draw.applied.ceiling is None for draw in draws),
    )
    return candidate, applicable


def _draw(snapshot: "Snapshot", quota: Quota, attributes: dict[str, str], now: datetime) -> Draw:
    scope = scope_of(quota, attributes)
    applied = apply_quota(quota, scope, snapshot.organization, now)
    return Draw(applied, budget_key(quota, scope, now), measure_of(quota))


def _unknown_model(snapshot: "Snapshot", model: ResolvedModel, now: datetime) -> tuple[Reason, ...]:
    """Point out a model that nothing knows; a model with a price of its own is known."""
    organization = snapshot.organization
    if model.known or organization.unknown_model is Strictness.ALLOW:
        return ()
    if snapshot.price(model.id, model.provider, now) is not None:
        return ()
    message = f"`{model.asked}` is not a model that the catalogue knows; add it or an alias to a ModelCatalog"
    policy = f"Organization/{organization.name}"
    return (Reason(ReasonCode.UNKNOWN_MODEL, message, policy, str(organization.source)),)
