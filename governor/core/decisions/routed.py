"""The models of a routing as the candidates of a decision, in its order: each decided in full."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.offers import CANDIDATES_MAX
from governor.core.decisions.plan import Candidate
from governor.core.policy.kinds import Prefer, Routing
from governor.core.values import hot_value


@hot_value
class Routed:
    """A model of a routing, decided twice: so that what is chosen does not depend on what the caller can do.

    Attributes:
        given: Decided for the caller.
        able: Decided for a caller that can clamp; the same where that makes no difference.
    """

    given: Candidate
    able: Candidate

    @property
    def best(self) -> Candidate:
        """What the caller could be given, or could ask for, where policies permit it."""
        return self.given if _is_refused(self.able) else self.able


def routed(routing: Routing, models: Sequence[Routed], replaced: Candidate | None) -> tuple[Candidate, ...]:
    """Return the models of a routing in its order, behind the model that they replace.

    Args:
        routing: What it prefers.
        models: In the order in which they are listed.
        replaced: The model asked for, or None where the choice was left open.
    """
    first, *behind = sorted(models, key=_cost) if routing.prefer is Prefer.CHEAPEST else models
    if replaced is None or first.given.prepared.model.id == replaced.prepared.model.id:
        # A deny gives the reasons of the first, whatever they are.
        return (first.given, *_first_permitted(behind))
    header = routing.header
    message = f"{header.name} gives {first.given.prepared.model.id} to such requests"
    reason = Reason(ReasonCode.MODEL_ROUTED, message, header.ref, str(header.source))
    # What is replaced is not given back by a grant: it lifts allowlists and limits.
    replaced = replace(replaced, reasons=(*replaced.reasons, reason), granted=None)
    return (replaced, *_first_permitted(_up_to_remedy((first, *behind))))


def _up_to_remedy(ordered: Sequence[Routed]) -> Sequence[Routed]:
    """Return the models up to the first that only the caller's abilities rule out: it is the remedy, no later one."""
    for index, model in enumerate(ordered):
        if not _is_refused(model.best) and not model.best.prepared.within_abilities:
            return ordered[: index + 1]
    return ordered


def _first_permitted(behind: Sequence[Routed]) -> Iterator[Candidate]:
    """Yield as many as fit behind the first candidate: what policies refuse takes no place from what they permit."""
    places = CANDIDATES_MAX - 1
    kept = behind if len(behind) <= places else sorted(behind, key=lambda model: _is_refused(model.given))[:places]
    return (model.best for model in kept)


def _is_refused(candidate: Candidate) -> bool:
    """Tell whether policies refuse a model, and no grant could lift that."""
    return bool((candidate.granted or candidate).reasons)


def _cost(model: Routed) -> tuple[bool, int]:
    """Return what a model costs for this request; one whose price is unknown comes last."""
    cost = model.able.amounts.cost_nano_usd
    return cost is None, cost or 0
