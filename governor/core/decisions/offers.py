"""Which other models are offered for the one that is asked for, and why."""

from collections.abc import Mapping, Sequence
from itertools import islice

from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.draws import Draw, Part
from governor.core.policy.applicable import Applicable
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import ContextLimit, ModelAllowlist
from governor.core.values import hot_value

_OF_MODEL = frozenset(
    {
        ReasonCode.MODEL_DENIED,
        ReasonCode.MODEL_NOT_ALLOWED,
        ReasonCode.MODEL_NOT_IN_ONLY,
        ReasonCode.NO_ALLOWLIST_MATCHES,
        ReasonCode.UNKNOWN_MODEL,
        ReasonCode.UNKNOWN_PRICE,
        ReasonCode.BLOCKED,
    }
)
"""Refusals that another model may not meet. A block of whoever asks refuses every substitute, too."""

_TOO_LARGE = frozenset({ReasonCode.INPUT_TOO_LARGE, ReasonCode.OUTPUT_TOO_LARGE, ReasonCode.CONTEXT_TOO_LARGE})

CANDIDATES_MAX = 8
"""The model asked for and its substitutes."""


@hot_value
class Offer:
    """Why a substitute is offered. At least one of its causes must be there when the request is decided.

    Attributes:
        substitute: False for the model asked for and those of a routing: a downgrade begins for them at its ``from``,
            or whoever leaves the choice open would get further than who names the same model.
        fallback: Whether an allowlist offers it where the model asked for is refused, by whatever policy.
        over: Names of the context limits that offer it to what is too large for them.
        after: Draws of the model asked for, by index, that offer it when they have no room.
    """

    substitute: bool = False
    fallback: bool = False
    over: frozenset[str] = frozenset()
    after: tuple[int, ...] = ()


ANYWAY = Offer()
"""The model asked for, or one that a routing chooses."""


def offers_of(asked: str, draws: Sequence[Draw], applicable: Applicable) -> dict[str, Offer]:
    """Return the substitutes of the model asked for in the order in which they are tried, with what offers them.

    Args:
        asked: Its canonical id.
        draws: The budgets on its path.
        applicable: The policies that concern it.
    """
    fallbacks = [name for allowlist in applicable.allowlists for name in _binding(allowlist, allowlist.fallback)]
    over: dict[str, set[str]] = {}
    for limit in applicable.context_limits:
        for name in _binding(limit, limit.downgrade_to):
            over.setdefault(name, set()).add(limit.header.ref)
    after: dict[str, list[int]] = {}
    for index, draw in enumerate(draws):
        downgrade = draw.applied.quota.downgrade
        if downgrade is not None and draw.part is Part.WHOLE and draw.terms.must_fit:
            for name in downgrade.to:
                after.setdefault(name, []).append(index)
    return {
        name: Offer(True, name in fallbacks, frozenset(over.get(name, ())), tuple(after.get(name, ())))
        for name in dict.fromkeys((*fallbacks, *over, *after))
        if name != asked
    }


def offered(
    offers: Mapping[str, Offer], reasons: Sequence[Reason], *, liftable: bool = False
) -> dict[str, tuple[int, ...] | None]:
    """Return those substitutes whose cause is there, or may turn up in the ledger.

    Args:
        offers: What may be given instead of the model asked for, in the order in which it is tried.
        reasons: Why policies refuse the model asked for.
        liftable: Whether grants lift all of them, where they have room, or a caller that can clamp would not meet them:
            then budgets may be the matter after all.

    Returns:
        Their names in order, each with ``Candidate.after``.
    """
    over = {reason.policy for reason in reasons if reason.code in _TOO_LARGE}
    refused = any(reason.code in _OF_MODEL or _is_window(reason) for reason in reasons)
    standing: dict[str, tuple[int, ...] | None] = {}
    for name, offer in offers.items():
        if (offer.fallback and refused) or not over.isdisjoint(offer.over):
            standing[name] = None
        elif offer.after and (liftable or not reasons):
            # What policies refuse is not offered another model for a budget that was never the matter.
            standing[name] = offer.after
    return dict(islice(standing.items(), CANDIDATES_MAX - 1))


def _is_window(reason: Reason) -> bool:
    """Tell whether the model's own window refuses, which another model's need not; a context limit is a policy's."""
    return reason.code is ReasonCode.CONTEXT_TOO_LARGE and not reason.policy


def _binding(policy: ModelAllowlist | ContextLimit, models: Sequence[str]) -> Sequence[str]:
    return models if policy.header.enforcement is Enforcement.ENFORCE else ()
