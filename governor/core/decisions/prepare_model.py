"""One model, decided as far as that is possible without token counts; see ``prepare``."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING

from governor.core.decisions.allowlists import check_allowlists
from governor.core.decisions.context import Bounds, bounds_of
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.draw_memory import Drawn
from governor.core.decisions.draws import Draw, Part
from governor.core.decisions.holds import Learning, learning_of
from governor.core.decisions.offers import ANYWAY, Offer
from governor.core.decisions.subject import ResolvedSubject
from governor.core.models import ResolvedModel
from governor.core.policy.applicable import Applicable
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import ContextLimit, WhenReached
from governor.core.policy.organization import Strictness
from governor.core.values import hot_value

if TYPE_CHECKING:
    from governor.core.decisions.snapshot import Snapshot

HOLD_FOR_S = 600
"""Life of a hold where neither the request nor a quota says."""


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
        drawn: What it draws on by each quota that concerns it.
        draws: The same in a row.
        within_abilities: Whether the caller can take this model (a substitute needs ``can``).
        offer: Why it is there.
        enforced: Whether anything enforced concerns it.
        points_out: Draws that may point something out although they have room, by index.
        learning: How its budgets hold what has been learned of outputs; None if none of them does.
        hold_for_s: Life of its holds where the request does not say.
        from_s: First instant at which its budgets are the present ones, in Unix seconds.
        until_s: First instant at which one of them no longer is: its period ends.
    """

    model: ResolvedModel
    attributes: dict[str, str]
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    context_limits: tuple[ContextLimit, ...]
    bounds: Bounds
    drawn: tuple[Drawn, ...]
    draws: tuple[Draw, ...]
    within_abilities: bool
    enforced: bool
    points_out: tuple[int, ...]
    offer: Offer
    learning: Learning | None
    hold_for_s: int
    from_s: float
    until_s: float

    def is_current(self, now_s: float) -> bool:
        """Tell whether its budgets are those of an instant."""
        return self.from_s <= now_s < self.until_s

    @property
    def fails_open(self) -> bool:
        """Whether it may be given when the ledger does not answer: none of its enforced quotas says otherwise."""
        quotas = [draw.applied.quota for draw in self.draws]
        return all(quota.fail_open for quota in quotas if quota.header.enforcement is Enforcement.ENFORCE)


def prepare_model(
    snapshot: "Snapshot",
    model: ResolvedModel,
    subject: ResolvedSubject,
    now: datetime,
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
    drawn = tuple(snapshot.draws.find(applicable.quotas, attributes, now, downgrades=not offer.substitute))
    draws = _draws(drawn)
    candidate = PreparedCandidate(
        model=model,
        attributes=attributes,
        reasons=(*subject.reasons, *(unknown if denies else ()), *refused),
        warnings=(*subject.warnings, *(() if denies else unknown), *pointed_out),
        context_limits=applicable.context_limits,
        bounds=bounds_of(applicable.context_limits, model.model),
        drawn=drawn,
        draws=draws,
        within_abilities=within_abilities,
        enforced=applicable.enforced,
        points_out=_points_out(draws),
        offer=offer,
        learning=learning_of(draws),
        hold_for_s=max((draw.applied.quota.hold_for_s for draw in draws), default=HOLD_FOR_S),
        from_s=_from_s(drawn),
        until_s=_until_s(drawn),
    )
    return candidate, applicable


def renew_model(snapshot: "Snapshot", candidate: PreparedCandidate, now: datetime) -> PreparedCandidate:
    """Move a model to the budgets of another instant: only periods have ended, nothing else changed."""
    downgrades = not candidate.offer.substitute
    drawn = tuple(snapshot.draws.renew(candidate.drawn, candidate.attributes, now, downgrades=downgrades))
    return replace(candidate, drawn=drawn, draws=_draws(drawn), from_s=_from_s(drawn), until_s=_until_s(drawn))


def _draws(drawn: Sequence[Drawn]) -> tuple[Draw, ...]:
    return tuple([draw for each in drawn for draw in each.draws])


def _from_s(drawn: Sequence[Drawn]) -> float:
    return max([each.from_s for each in drawn], default=-inf)


def _until_s(drawn: Sequence[Drawn]) -> float:
    return min([each.until_s for each in drawn], default=inf)


def _points_out(draws: Sequence[Draw]) -> tuple[int, ...]:
    """Return the draws that have a soft limit, only warn, or go on at somebody's cost."""
    return tuple(
        index
        for index, draw in enumerate(draws)
        if draw.part is Part.WHOLE
        and (
            draw.applied.soft_limit is not None
            or draw.applied.quota.overage is not None
            or draw.applied.quota.when_reached is WhenReached.WARN
        )
    )


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
