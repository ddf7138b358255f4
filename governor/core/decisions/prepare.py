"""What does not depend on token counts: worked out once for equal questions, until something begins or ends.

Who asks, which model is meant, which policies concern the request, what the allowlists say, and which budgets it draws
on stay the same from one request to the next. What is left for each request is arithmetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from governor.core.decisions.allowlists import check_allowlists
from governor.core.decisions.caller import Caller
from governor.core.decisions.context import Bounds, bounds_of
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.draws import Draw, DrawContext, Made, Part, draws_of
from governor.core.decisions.holds import Learning, learning_of
from governor.core.decisions.request import Ability, DecideRequest
from governor.core.decisions.routing import choose_routing, is_open, models_of
from governor.core.decisions.subject import ResolvedSubject, resolve_subject
from governor.core.models import ResolvedModel
from governor.core.policy.applicable import Applicable
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import ContextLimit, ModelAllowlist, Quota, Routing
from governor.core.policy.organization import Strictness
from governor.core.values import hot_value

if TYPE_CHECKING:
    from governor.core.decisions.snapshot import Snapshot

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


@hot_value
class Offer:
    """Why a substitute is offered. At least one of its causes must be there when the request is decided.

    Attributes:
        substitute: False for the model asked for and those of a routing: a downgrade begins for them at its ``from``.
        anyway: The cause is there already: an allowlist refuses the model asked for, or a routing chooses.
        over: Names of the context limits that offer it to what is too large for them.
        after: Draws of the model asked for, by index, that offer it when they have no room.
    """

    substitute: bool = False
    anyway: bool = True
    over: frozenset[str] = frozenset()
    after: tuple[int, ...] = ()


ANYWAY = Offer()
"""The model asked for, or one that a routing chooses."""


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
        offer: Why it is there.
        enforced: Whether anything enforced concerns it.
        points_out: Whether a budget on its path may warn: it has a soft limit, or only warns.
        learning: How its budgets hold what has been learned of outputs; None if none of them does.
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
    offer: Offer
    learning: Learning | None


@hot_value
class Prepared:
    """A question without its size.

    Attributes:
        candidates: The model asked for and its substitutes; with a routing, the models that it chooses from.
        routing: What chooses the model, or None.
        routed_from: The model asked for, where a routing replaces it.
        epoch: The stretch of time (Unix seconds, half-open) in which no policy or person begins or ends.
        from_s: First instant at which all of this holds.
        until_s: First instant at which it no longer does: the epoch or a budget's period ends.
        hold_for_s: Life of the holds where the request does not say.
        fails_open: Whether the request may pass when the ledger does not answer.
    """

    candidates: tuple[PreparedCandidate, ...]
    routing: Routing | None
    routed_from: PreparedCandidate | None
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
    made: Made = {}
    asked, applicable = _candidate(snapshot, asked_model, subject, now, made, within_abilities=True)
    routing = choose_routing(applicable.routings, request.model)
    asked = _noted(asked, applicable, routing, request.model)
    offers = _offers(asked, applicable)
    if routing is not None:
        offers = dict.fromkeys(models_of(routing, snapshot.model), ANYWAY)
    # Who leaves the choice open can take any model.
    able = Ability.SUBSTITUTE in request.can or is_open(request.model)
    others = [
        _candidate(
            snapshot,
            snapshot.model(name, ""),
            subject,
            now,
            made,
            within_abilities=able or name == asked.model.id,
            offer=offer,
        )[0]
        for name, offer in offers.items()
    ]
    if not others and (routing is not None or is_open(request.model)):
        asked = replace(asked, reasons=(_no_routing(routing), *asked.reasons))
    chosen_among = routing if others else None
    draws = [draw for candidate in (asked, *others) for draw in candidate.draws]
    epoch = snapshot.epoch(now)
    from_s, until_s = _stretch(epoch, draws)
    return Prepared(
        candidates=tuple(others) if chosen_among is not None else (asked, *others),
        routing=chosen_among,
        routed_from=asked if chosen_among is not None and not is_open(request.model) else None,
        epoch=epoch,
        from_s=from_s,
        until_s=until_s,
        hold_for_s=max((draw.applied.quota.hold_for_s for draw in draws), default=HOLD_FOR_S),
        fails_open=all(draw.applied.quota.fail_open for draw in asked.draws if _enforced(draw)),
    )


def renew(snapshot: "Snapshot", prepared: Prepared, now: datetime) -> Prepared:
    """Move a question to the budgets of another instant of its epoch: only periods have ended, nothing else changed."""
    made: Made = {}
    candidates = tuple(_renewed(snapshot, candidate, now, made) for candidate in prepared.candidates)
    routed_from = prepared.routed_from
    routed_from = _renewed(snapshot, routed_from, now, made) if routed_from is not None else None
    draws = [draw for candidate in candidates for draw in candidate.draws]
    draws += routed_from.draws if routed_from is not None else ()
    from_s, until_s = _stretch(prepared.epoch, draws)
    return replace(prepared, candidates=candidates, routed_from=routed_from, from_s=from_s, until_s=until_s)


def _renewed(snapshot: "Snapshot", candidate: PreparedCandidate, now: datetime, made: Made) -> PreparedCandidate:
    now_s = now.timestamp()
    draws: list[Draw] = []
    for whole, parts in _by_quota(candidate.draws):
        if all(_is_current(draw, now_s) for draw in (whole, *parts)):
            draws += (whole, *parts)
        else:
            quota, downgrades = whole.applied.quota, not candidate.offer.substitute
            draws += _draws(snapshot, (quota,), candidate.attributes, now, made, downgrades=downgrades)
    return replace(candidate, draws=tuple(draws))


def _by_quota(draws: Sequence[Draw]) -> list[tuple[Draw, list[Draw]]]:
    """Return each quota's budget with its parts."""
    groups: list[tuple[Draw, list[Draw]]] = []
    for draw in draws:
        if draw.part is Part.WHOLE:
            groups.append((draw, []))
        else:
            groups[-1][1].append(draw)
    return groups


def _is_current(draw: Draw, now_s: float) -> bool:
    return all(
        budget.period_start_s <= now_s and (budget.period_end_s is None or now_s < budget.period_end_s)
        for budget in (draw.budget, *[other.budget for other in draw.instead])
    )


def _stretch(epoch: tuple[float, float], draws: Sequence[Draw]) -> tuple[float, float]:
    """Return the part of an epoch in which no budget's period begins or ends."""
    budgets = [each.budget for draw in draws for each in (draw, *draw.instead)]
    from_s = max([epoch[0], *(budget.period_start_s for budget in budgets)])
    return from_s, min([epoch[1], *(end for budget in budgets if (end := budget.period_end_s) is not None)])


def _enforced(draw: Draw) -> bool:
    return draw.applied.quota.header.enforcement is Enforcement.ENFORCE


def _offers(asked: PreparedCandidate, applicable: Applicable) -> dict[str, Offer]:
    """Return the substitutes of the model asked for in the order in which they are tried, with what offers them."""
    refused = any(reason.code in _ALLOWLIST_CODES for reason in asked.reasons)
    anyway = [
        name for allowlist in applicable.allowlists if refused for name in _binding(allowlist, allowlist.fallback)
    ]
    over: dict[str, set[str]] = {}
    for limit in applicable.context_limits:
        for name in _binding(limit, limit.downgrade_to):
            over.setdefault(name, set()).add(limit.header.ref)
    after: dict[str, list[int]] = {}
    for index, draw in enumerate(asked.draws):
        downgrade = draw.applied.quota.downgrade
        if downgrade is not None and draw.part is Part.WHOLE and draw.terms.must_fit:
            for name in downgrade.to:
                after.setdefault(name, []).append(index)
    names = dict.fromkeys((*anyway, *over, *after))
    return {
        name: Offer(True, name in anyway, frozenset(over.get(name, ())), tuple(after.get(name, ())))
        for name in names
        if name != asked.model.id
    }


def _noted(asked: PreparedCandidate, applicable: Applicable, routing: Routing | None, name: str) -> PreparedCandidate:
    """Point out what a routing that does not bind would do."""
    tried = choose_routing(applicable.routings, name, enforced=False) if routing is None else None
    if tried is None:
        return asked
    header = tried.header
    message = f"{header.name} would choose among {len(tried.among)} models for this request"
    note = Reason(ReasonCode.MODEL_ROUTED, message, header.ref, str(header.source))
    return replace(asked, warnings=(*asked.warnings, note))


def _no_routing(routing: Routing | None) -> Reason:
    if routing is None:
        message = "no Routing concerns this request, so there is no model to choose; name one"
        return Reason(ReasonCode.NO_ROUTING, message)
    header = routing.header
    message = f"no model of {header.name} is large and able enough for what it requires"
    return Reason(ReasonCode.NO_ROUTING, message, header.ref, str(header.source))


def _binding(policy: ModelAllowlist | ContextLimit, models: Sequence[str]) -> Sequence[str]:
    return models if policy.header.enforcement is Enforcement.ENFORCE else ()


def _candidate(
    snapshot: "Snapshot",
    model: ResolvedModel,
    subject: ResolvedSubject,
    now: datetime,
    made: Made,
    *,
    within_abilities: bool,
    offer: Offer = ANYWAY,
) -> tuple[PreparedCandidate, Applicable]:
    """Decide a model but for sizes and balances."""
    attributes = {**subject.attributes, "model": model.id}
    if model.provider:
        attributes["provider"] = model.provider
    applicable = snapshot.applicable.find(attributes, now)
    unknown = _unknown_model(snapshot, model, now)
    denies = snapshot.organization.unknown_model is Strictness.DENY
    refused, pointed_out = check_allowlists(snapshot.organization, applicable.allowlists, model.id)
    draws = _draws(snapshot, applicable.quotas, attributes, now, made, downgrades=not offer.substitute)
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
        points_out=any(_points_out(draw) for draw in draws),
        offer=offer,
        learning=learning_of(draws),
    )
    return candidate, applicable


def _points_out(draw: Draw) -> bool:
    """Tell whether a budget may warn, or let another one pay, which is said too."""
    terms = draw.terms
    return (
        draw.applied.soft_limit is not None
        or (terms.ceiling is None and terms.rule is None)
        or bool(draw.instead)
        or draw.applied.quota.overage is not None
    )


def _draws(
    snapshot: "Snapshot",
    quotas: Sequence[Quota],
    attributes: Mapping[str, str],
    now: datetime,
    made: Made,
    *,
    downgrades: bool,
) -> tuple[Draw, ...]:
    context = DrawContext(snapshot.organization, snapshot.quota, now, downgrades, attributes.get("model", ""), made)
    return tuple([draw for quota in quotas for draw in draws_of(quota, attributes, context)])


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
