"""What does not depend on token counts: worked out once for equal questions, until something begins or ends.

Who asks, which model is meant, which policies concern the request, what the allowlists say, and which budgets it draws
on stay the same from one request to the next. What is left for each request is arithmetic. A model that is only offered
where something refuses the one asked for is prepared when it is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from governor.core.decisions.caller import Caller
from governor.core.decisions.offers import Offer, offered, offers_of
from governor.core.decisions.prepare_model import PreparedCandidate, prepare_model, renew_model
from governor.core.decisions.request import Ability, DecideRequest
from governor.core.decisions.routing import choose_routing, is_open, models_of, no_routing, without_model, would_choose
from governor.core.decisions.subject import ResolvedSubject, resolve_subject
from governor.core.policy.kinds import Routing
from governor.core.values import hot_value

if TYPE_CHECKING:
    from governor.core.decisions.snapshot import Snapshot


class Substitutes:
    """What may be given instead of the model asked for; each is prepared when it is first needed.

    Args:
        subject: Who asks.
        offers: The models in the order in which they are tried, with what offers them.
        able: Whether the caller can take another model than the one asked for.
    """

    __slots__ = ("_able", "_prepared", "_subject", "offers", "usual")

    def __init__(self, subject: ResolvedSubject, offers: dict[str, Offer], *, able: bool) -> None:
        self.offers = offers
        self.usual = offered(offers, ())
        """Those that stand where policies refuse the model asked for nothing."""
        self._subject = subject
        self._able = able
        self._prepared: dict[str, PreparedCandidate] = {}

    def prepare(self, snapshot: "Snapshot", name: str, now: datetime) -> PreparedCandidate:
        """Return a substitute with the budgets of an instant."""
        found = self._prepared.get(name)
        if found is not None and found.is_current(now.timestamp()):
            return found
        if found is not None:
            found = renew_model(snapshot, found, now)
        else:
            model, offer = snapshot.model(name, ""), self.offers[name]
            found, _ = prepare_model(snapshot, model, self._subject, now, within_abilities=self._able, offer=offer)
        self._prepared[name] = found
        return found


@hot_value
class Prepared:
    """A question without its size.

    Attributes:
        candidates: The model asked for; with a routing, the models that it chooses from.
        substitutes: What may be given instead of the model asked for or, where that was left open, of the one of the
            routing that is its first choice; by the model's id.
        routing: What chooses the model, or None.
        routed_from: The model asked for, where a routing replaces it.
        epoch: The stretch of time (Unix seconds, half-open) in which no policy or person begins or ends.
        from_s: First instant at which all of this holds.
        until_s: First instant at which it no longer does: the epoch or a budget's period ends.
    """

    candidates: tuple[PreparedCandidate, ...]
    substitutes: Mapping[str, Substitutes]
    routing: Routing | None
    routed_from: PreparedCandidate | None
    epoch: tuple[float, float]
    from_s: float
    until_s: float


def prepare(snapshot: "Snapshot", request: DecideRequest, caller: Caller, now: datetime) -> Prepared:
    """Work out everything about a request that its size does not change."""
    subject = resolve_subject(snapshot.organization, request.subject, caller, request.use_case, now)
    subject.attributes.update((f"tags.{key}", value) for key, value in request.tags.items())
    subject.attributes["operation"] = request.operation
    asked, applicable = prepare_model(
        snapshot, snapshot.model(request.model, request.provider), subject, now, within_abilities=True
    )
    # Who leaves the choice open can take any model.
    able = Ability.SUBSTITUTE in request.can or is_open(request.model)
    routing = choose_routing(applicable.routings, request.model)
    among: list[PreparedCandidate] = []
    offers: dict[str, dict[str, Offer]] = {}
    if routing is None:
        pointed_out = would_choose(applicable.routings, request.model)
        asked = replace(asked, warnings=(*asked.warnings, *pointed_out)) if pointed_out else asked
        offers[asked.model.id] = offers_of(asked.model.id, asked.draws, applicable)
    else:
        names = models_of(routing, snapshot.model)
        for name in names:
            model, within = snapshot.model(name, ""), able or name == asked.model.id
            routed, concerning = prepare_model(snapshot, model, subject, now, within_abilities=within)
            among.append(routed)
            if is_open(request.model):
                found = offers_of(name, routed.draws, concerning)
                offers[model.id] = {other: offer for other, offer in found.items() if other not in names}
    must_choose = not among and (routing is not None or is_open(request.model))
    if must_choose and not any(offered(found, asked.reasons) for found in offers.values()):
        reasons = without_model(asked.reasons) if is_open(request.model) else asked.reasons
        asked = replace(asked, reasons=(no_routing(routing), *reasons))
    candidates = tuple(among) or (asked,)
    routed_from = asked if among and not is_open(request.model) else None
    epoch = snapshot.epoch(now)
    from_s, until_s = _stretch(epoch, candidates, routed_from)
    return Prepared(
        candidates=candidates,
        substitutes={name: Substitutes(subject, found, able=able) for name, found in offers.items()},
        routing=routing if among else None,
        routed_from=routed_from,
        epoch=epoch,
        from_s=from_s,
        until_s=until_s,
    )


def renew(snapshot: "Snapshot", prepared: Prepared, now: datetime) -> Prepared:
    """Move a question to the budgets of another instant of its epoch: only periods have ended, nothing else changed."""
    candidates = tuple(renew_model(snapshot, candidate, now) for candidate in prepared.candidates)
    routed_from = prepared.routed_from
    routed_from = renew_model(snapshot, routed_from, now) if routed_from is not None else None
    from_s, until_s = _stretch(prepared.epoch, candidates, routed_from)
    return replace(prepared, candidates=candidates, routed_from=routed_from, from_s=from_s, until_s=until_s)


def _stretch(
    epoch: tuple[float, float], candidates: Sequence[PreparedCandidate], routed_from: PreparedCandidate | None
) -> tuple[float, float]:
    """Return the part of an epoch in which no budget's period begins or ends."""
    models = candidates if routed_from is None else (*candidates, routed_from)
    return max(epoch[0], *[model.from_s for model in models]), min(epoch[1], *[model.until_s for model in models])
