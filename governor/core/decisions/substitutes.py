"""Which candidates stand for a decision, and in which order: at most eight, each decided in full."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.offers import Offer
from governor.core.decisions.plan import Candidate
from governor.core.policy.kinds import Prefer, Routing

CANDIDATES_MAX = 8
"""The model asked for and its substitutes."""

_TOO_LARGE = frozenset({ReasonCode.INPUT_TOO_LARGE, ReasonCode.OUTPUT_TOO_LARGE, ReasonCode.CONTEXT_TOO_LARGE})


def offered(offers: Mapping[str, Offer], asked: Candidate) -> dict[str, tuple[int, ...] | None]:
    """Return those substitutes of the model asked for whose cause is there, or may turn up in the ledger.

    Returns:
        Their names in the order in which they are tried, each with ``Candidate.after``.
    """
    over = {reason.policy for reason in asked.reasons if reason.code in _TOO_LARGE}
    standing: dict[str, tuple[int, ...] | None] = {}
    for name, offer in offers.items():
        if offer.anyway or not over.isdisjoint(offer.over):
            standing[name] = None
        elif offer.after and not asked.reasons:
            # What policies refuse is not offered another model for a budget that was never the matter.
            standing[name] = offer.after
    return dict(islice(standing.items(), CANDIDATES_MAX - 1))


def routed(routing: Routing, candidates: Sequence[Candidate], replaced: Candidate | None) -> tuple[Candidate, ...]:
    """Return the models of a routing in its order, behind the model that they replace.

    Args:
        routing: What it prefers.
        candidates: The models in the order in which they are listed.
        replaced: The model asked for, or None where the choice was left open.
    """
    ordered = sorted(candidates, key=_cost) if routing.prefer is Prefer.CHEAPEST else list(candidates)
    if replaced is None:
        return tuple(ordered[:CANDIDATES_MAX])
    if ordered[0].prepared.model.id == replaced.prepared.model.id:
        return tuple(ordered[:CANDIDATES_MAX])
    header = routing.header
    first = ordered[0].prepared.model.id
    message = f"{header.name} gives {first} to such requests"
    reason = Reason(ReasonCode.MODEL_ROUTED, message, header.ref, str(header.source))
    return (replace(replaced, reasons=(*replaced.reasons, reason)), *_up_to_remedy(ordered)[: CANDIDATES_MAX - 1])


def _up_to_remedy(ordered: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return the models up to the first that only the caller's abilities rule out: it is the remedy, no later one."""
    for index, candidate in enumerate(ordered):
        if not candidate.reasons and not candidate.prepared.within_abilities:
            return ordered[: index + 1]
    return ordered


def _cost(candidate: Candidate) -> tuple[bool, int]:
    """Return what a candidate costs for this request; one whose price is unknown comes last."""
    cost = candidate.amounts.cost_nano_usd
    return cost is None, cost or 0
