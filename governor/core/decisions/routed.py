"""The models of a routing as the candidates of a decision, in its order: each decided in full."""

from collections.abc import Sequence
from dataclasses import replace

from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.offers import CANDIDATES_MAX
from governor.core.decisions.plan import Candidate
from governor.core.policy.kinds import Prefer, Routing


def routed(routing: Routing, candidates: Sequence[Candidate], replaced: Candidate | None) -> tuple[Candidate, ...]:
    """Return the models of a routing in its order, behind the model that they replace.

    Args:
        routing: What it prefers.
        candidates: The models in the order in which they are listed.
        replaced: The model asked for, or None where the choice was left open.
    """
    ordered = sorted(candidates, key=_cost) if routing.prefer is Prefer.CHEAPEST else list(candidates)
    if replaced is None or ordered[0].prepared.model.id == replaced.prepared.model.id:
        # A deny gives the reasons of the first, whatever they are.
        return (ordered[0], *_first_permitted(ordered[1:]))
    header = routing.header
    first = ordered[0].prepared.model.id
    message = f"{header.name} gives {first} to such requests"
    reason = Reason(ReasonCode.MODEL_ROUTED, message, header.ref, str(header.source))
    # What is replaced is not given back by a grant: it lifts allowlists and limits.
    replaced = replace(replaced, reasons=(*replaced.reasons, reason), granted=None)
    return (replaced, *_first_permitted(_up_to_remedy(ordered)))


def _up_to_remedy(ordered: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return the models up to the first that only the caller's abilities rule out: it is the remedy, no later one."""
    for index, candidate in enumerate(ordered):
        if not _is_refused(candidate) and not candidate.prepared.within_abilities:
            return ordered[: index + 1]
    return ordered


def _first_permitted(behind: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return as many as fit behind the first candidate: what policies refuse takes no place from what they permit."""
    places = CANDIDATES_MAX - 1
    return behind if len(behind) <= places else sorted(behind, key=_is_refused)[:places]


def _is_refused(candidate: Candidate) -> bool:
    """Tell whether policies refuse a model, and no grant could lift that."""
    return bool((candidate.granted or candidate).reasons)


def _cost(candidate: Candidate) -> tuple[bool, int]:
    """Return what a candidate costs for this request; one whose price is unknown comes last."""
    cost = candidate.amounts.cost_nano_usd
    return cost is None, cost or 0
