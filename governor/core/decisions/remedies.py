"""The ways out of a deny."""

from collections.abc import Sequence
from datetime import datetime

from governor.core.decisions.decision import ReasonCode, Remedy, RemedyType
from governor.core.decisions.draws import Draw
from governor.core.decisions.plan import Candidate, Plan
from governor.core.decisions.waiting import wait_until
from governor.core.ledger.admit import refuses
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.commands import Admission, Hold

_OUTPUT_CODES = frozenset({ReasonCode.OUTPUT_TOO_LARGE})
_INPUT_CODES = frozenset({ReasonCode.INPUT_TOO_LARGE, ReasonCode.CONTEXT_TOO_LARGE})


def remedies(plan: Plan, admission: Admission) -> tuple[Remedy, ...]:
    """Return what the caller can do about a deny, the quickest first."""
    asked = plan.standing(0, admission)
    ways: list[Remedy] = []
    opens: list[datetime | None] = []
    for index in range(1, len(plan.candidates)):
        candidate = plan.standing(index, admission)
        if candidate.reasons or not _is_offered(candidate, asked, admission):
            continue
        lacking = _refused(candidate, admission, index)
        if not lacking:
            context = candidate.context
            output = context.max_output_tokens if context.clamped else None
            ways.append(Remedy(RemedyType.USE_MODEL, model=candidate.prepared.model.id, max_output_tokens=output))
        elif candidate.prepared.within_abilities:
            opens.append(_given_from(candidate, lacking, asked, admission))
    refused = _refused(asked, admission, 0)
    codes = {reason.code for reason in asked.reasons}
    if asked.context.output_room and codes and codes <= _OUTPUT_CODES and not refused:
        ways.append(Remedy(RemedyType.LOWER_OUTPUT, max_output_tokens=asked.context.output_room))
    if codes and codes <= _INPUT_CODES and not refused:
        ways.append(Remedy(RemedyType.SHORTEN_INPUT))
    if (refused or codes) and codes <= {ReasonCode.BLOCKED}:
        opens.append(wait_until(refused, asked.reasons, admission))
    earliest = min((at for at in opens if at is not None), default=None)
    if earliest is not None:
        ways.append(Remedy(RemedyType.WAIT_UNTIL, at=earliest))
    return tuple(ways)


def _given_from(
    candidate: Candidate, lacking: Sequence[tuple[Hold, Draw]], asked: Candidate, admission: Admission
) -> datetime | None:
    """Return when the same request would be given a substitute that has no room now, or None: waiting does not help."""
    at = wait_until(lacking, (), admission)
    if at is None or candidate.after is None:
        return at
    # It is offered for as long as the budget that offers it has no room for what was asked.
    causes = [(asked.holds[i], asked.prepared.draws[i]) for i in admission.unfit[0] if i in candidate.after]
    return at if any((end := wait_until([cause], (), admission)) is None or end > at for cause in causes) else None


def _refused(candidate: Candidate, admission: Admission, index: int) -> list[tuple[Hold, Draw]]:
    """Return the holds that are refused; ``unfit`` is absent where nothing was compared."""
    unfit = admission.unfit[index] if index < len(admission.unfit) else ()
    found = [(candidate.holds[position], candidate.prepared.draws[position]) for position in unfit]
    return [pair for pair in found if refuses(pair[0], admission.balances.get(pair[0].budget.digest, EMPTY))]


def _is_offered(candidate: Candidate, asked: Candidate, admission: Admission) -> bool:
    """Tell whether a substitute's cause is there: what a budget offers is no way out where another one is full."""
    if candidate.after is None:
        return True
    # What policies refuse is not offered another model for a budget that was never the matter.
    # An output that is too long is no such refusal: what it would be clamped to is asked of the substitute, too.
    if {reason.code for reason in asked.reasons} - _OUTPUT_CODES:
        return False
    return not set(candidate.after).isdisjoint(admission.unfit[0] if admission.unfit else ())
