"""Batches: one decision for many requests, stated in totals; what bounds one request bounds their average."""

from dataclasses import replace

from governor.core.decisions.context import Context, check_context
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.estimate import Estimate
from governor.core.decisions.prepare_model import PreparedCandidate
from governor.core.decisions.request import Ability, DecideRequest


def batch_calls(request: DecideRequest) -> tuple[int, tuple[Reason, ...]]:
    """Return the number of calls of a batch; it must say how many, and its total tokens."""
    if request.requests is not None and request.input_tokens is not None and request.max_output_tokens is not None:
        return request.requests, ()
    message = "a batch needs requests, input_tokens and max_output_tokens in total, so that all of it can be held"
    return request.requests or 1, (Reason(ReasonCode.BATCH_SIZE_UNKNOWN, message),)


def average(total: int, calls: int) -> int:
    """Return what one of several calls has on average, rounded up."""
    return -(-total // calls)


def check_batch_context(prepared: PreparedCandidate, request: DecideRequest, guess: Estimate, calls: int) -> Context:
    """Check the average request of a batch against windows and limits; nothing longer is known of any of them.

    Args:
        prepared: The model with what bounds a request to it.
        request: The batch, in totals.
        guess: Its whole input.
        calls: How many requests it has.

    Returns:
        With the output of the whole batch, as it was asked for.
    """
    asked = request.max_output_tokens
    context = check_context(
        prepared.bounds,
        prepared.context_limits,
        prepared.model.model,
        input_tokens=average(guess.input_tokens, calls),
        asked_output=None if asked is None else average(asked, calls),
        default_output=guess.default_output,
        can_clamp=Ability.CLAMP in request.can,
    )
    output = context.max_output_tokens * calls
    return replace(
        context,
        max_output_tokens=output if asked is None or context.clamped else asked,
        output_room=None if context.output_room is None else context.output_room * calls,
        reasons=tuple(_of_average(reason, calls) for reason in context.reasons),
        warnings=tuple(_of_average(warning, calls) for warning in context.warnings),
    )


def _of_average(reason: Reason, calls: int) -> Reason:
    if calls == 1:
        return reason
    return replace(reason, message=f"{reason.message} (the average of the {calls:,} requests of this batch)")
