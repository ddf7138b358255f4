"""How much a request may send and receive: ContextLimits and the model's own window."""

from collections.abc import Sequence
from dataclasses import dataclass

from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.models import Model
from governor.core.money import AMOUNT_MAX
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import ContextLimit, WhenOver
from governor.core.values import hot_value


@hot_value
class Bounds:
    """The tightest limits in tokens; ``AMOUNT_MAX`` where there is none.

    Attributes:
        states_output: Whether somebody says how long an answer may be: more than the model's window alone does.
        all_bind: Whether no limit only points out.
    """

    input_tokens: int
    output_tokens: int
    total_tokens: int
    states_output: bool
    all_bind: bool


@hot_value
class Context:
    """What is left of a request after the limits.

    Attributes:
        max_output_tokens: Of one answer.
        clamped: Whether that is less than was asked for.
        output_room: The most that any answer may have, for the remedy; None if nothing bounds it or all is well.
    """

    max_output_tokens: int
    clamped: bool
    output_room: int | None
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Bound:
    """One upper bound in tokens and who set it.

    Attributes:
        owner: The model or the limit.
        whole: What input and output share, if that is the bound.
    """

    tokens: int
    who: str
    limit: ContextLimit | None
    owner: str
    whole: int | None = None

    @property
    def is_full(self) -> bool:
        """An input that fills what it shares with the output leaves no answer."""
        return not self.tokens and self.whole is not None

    @property
    def clamps(self) -> bool:
        """A model's own bound is no policy: lowering the output to it takes nothing from anybody."""
        return self.limit is None or self.limit.when_over is WhenOver.CLAMP


def bounds_of(limits: Sequence[ContextLimit], model: Model) -> Bounds:
    """Return the tightest number of each kind, of all policies, whatever their enforcement, and of the model."""

    def tightest(*numbers: int | None) -> int:
        return min((number for number in numbers if number is not None), default=AMOUNT_MAX)

    return Bounds(
        input_tokens=tightest(*(limit.max_input for limit in limits), model.context_window),
        output_tokens=tightest(*(limit.max_output for limit in limits), model.max_output),
        total_tokens=tightest(*(limit.max_total for limit in limits), model.context_window),
        states_output=model.max_output is not None
        or any(limit.max_output is not None or limit.max_total is not None for limit in limits),
        all_bind=all(limit.header.enforcement is Enforcement.ENFORCE for limit in limits),
    )


def check_context(
    bounds: Bounds,
    limits: Sequence[ContextLimit],
    model: Model,
    *,
    input_tokens: int,
    asked_output: int | None,
    default_output: int,
    can_clamp: bool,
) -> Context:
    """Check input, output and their sum, and settle the output that the gateway must send on.

    Without an asked output, the tightest limit counts, else the model's maximum, else the default as far as the window
    leaves it; that is no clamp, because nothing was asked for. An input that leaves no room for any answer is refused.

    Args:
        bounds: The tightest numbers of the limits and the model: what is below all of them is done.
        limits: ContextLimits that concern the request.
        model: The model's own window and maximum.
        input_tokens: Of the request.
        asked_output: ``max_output_tokens`` as asked, or None.
        default_output: Configured default in tokens; 0 for an operation that answers without text.
        can_clamp: Whether the caller can send on a lower output; otherwise what would be clamped is refused.
    """
    quick = output_within(bounds, input_tokens, asked_output, default_output)
    if quick is not None:
        return Context(quick, clamped=False, output_room=None, reasons=(), warnings=())
    reasons: list[Reason] = []
    warnings: list[Reason] = []
    _check_input(limits, model, input_tokens, reasons, warnings)
    binding = [limit for limit in limits if limit.header.enforcement is Enforcement.ENFORCE]
    output_bounds = _output_bounds(binding, model, input_tokens)
    room = min((bound.tokens for bound in output_bounds), default=None)
    advisory = _policy_bounds([limit for limit in limits if limit not in binding], input_tokens)
    if asked_output is None:
        output = _unasked_output(output_bounds, model, default_output)
        if default_output and (advisory or not output):
            for bound in (*output_bounds, *advisory):
                if bound.is_full:
                    _over(bound, input_tokens, default_output, reasons, warnings)
        return Context(output, clamped=False, output_room=room, reasons=tuple(reasons), warnings=tuple(warnings))
    output = asked_output
    for bound in (*output_bounds, *advisory):
        if asked_output <= bound.tokens:
            continue
        if bound in output_bounds and bound.clamps and can_clamp and bound.tokens > 0:
            output = min(output, bound.tokens)
        else:
            _over(bound, input_tokens, asked_output, reasons, warnings)
    return Context(output, output < asked_output, room, tuple(reasons), tuple(warnings))


def output_within(bounds: Bounds, input_tokens: int, asked_output: int | None, default_output: int) -> int | None:
    """Return the output that the gateway must send on if the request is below every limit, else None: look closer.

    Args:
        bounds: The tightest numbers of the limits and the model.
        input_tokens: Of the request.
        asked_output: ``max_output_tokens`` as asked, or None.
        default_output: Configured default in tokens; 0 for an operation that answers without text.
    """
    output = asked_output if asked_output is not None else _unstated_output(bounds, input_tokens, default_output)
    if (
        output is not None
        and input_tokens <= bounds.input_tokens
        and output <= bounds.output_tokens
        and input_tokens + output <= bounds.total_tokens
    ):
        return output
    return None


def _unstated_output(bounds: Bounds, input_tokens: int, default_output: int) -> int | None:
    """Return ``_unasked_output`` where every limit binds and leaves room for an answer, else None: look closer."""
    room = min(bounds.output_tokens, bounds.total_tokens - input_tokens)
    if not bounds.all_bind or not default_output or room <= 0:
        return None
    return room if bounds.states_output else min(room, default_output)


def _unasked_output(bounds: Sequence[_Bound], model: Model, default_output: int) -> int:
    """Return the output of a request that states none.

    A window alone says little about how long an answer may be: providers refuse a maximum as large as it, and a hold
    of a million tokens would starve everybody else.
    """
    if not default_output:
        return 0
    stated = model.max_output is not None or any(bound.limit is not None for bound in bounds)
    tokens = [bound.tokens for bound in bounds]
    return min(tokens) if stated else min([default_output, *tokens])


def _check_input(
    limits: Sequence[ContextLimit], model: Model, input_tokens: int, reasons: list[Reason], warnings: list[Reason]
) -> None:
    for limit in limits:
        if limit.max_input is not None and input_tokens > limit.max_input:
            message = f"{input_tokens:,} input tokens are more than the {limit.max_input:,} of {limit.header.name}"
            _note(limit, ReasonCode.INPUT_TOO_LARGE, message, reasons, warnings)
        elif limit.max_total is not None and input_tokens > limit.max_total:
            message = f"{input_tokens:,} input tokens alone pass the total {limit.max_total:,} of {limit.header.name}"
            _note(limit, ReasonCode.CONTEXT_TOO_LARGE, message, reasons, warnings)
    if model.context_window is not None and input_tokens > model.context_window:
        message = f"{input_tokens:,} input tokens do not fit the {model.context_window:,} of {model.id}"
        reasons.append(Reason(ReasonCode.CONTEXT_TOO_LARGE, message))


def _output_bounds(limits: Sequence[ContextLimit], model: Model, input_tokens: int) -> list[_Bound]:
    bounds = _policy_bounds(limits, input_tokens)
    if model.max_output is not None:
        bounds.append(_Bound(model.max_output, f"{model.id} can answer", None, model.id))
    window = model.context_window
    if window is not None and input_tokens <= window:
        bounds.append(_Bound(window - input_tokens, f"the window of {model.id} leaves", None, model.id, window))
    return bounds


def _policy_bounds(limits: Sequence[ContextLimit], input_tokens: int) -> list[_Bound]:
    bounds: list[_Bound] = []
    for limit in limits:
        name = limit.header.name
        if limit.max_output is not None:
            bounds.append(_Bound(limit.max_output, f"{name} allows", limit, name))
        total = limit.max_total
        if total is not None and input_tokens <= total:
            bounds.append(_Bound(total - input_tokens, f"the total of {name} leaves", limit, name, total))
    return bounds


def _over(bound: _Bound, input_tokens: int, asked_output: int, reasons: list[Reason], warnings: list[Reason]) -> None:
    if bound.is_full:
        code = ReasonCode.CONTEXT_TOO_LARGE
        message = f"{input_tokens:,} input tokens fill the {bound.whole:,} of {bound.owner}: no room for an answer"
        reason = Reason(code, message)
    else:
        code = ReasonCode.OUTPUT_TOO_LARGE
        message = f"{asked_output:,} output tokens are more than the {bound.tokens:,} that {bound.who}"
        reason = Reason(code, message, limit=bound.tokens, requested=asked_output)
    if bound.limit is None:
        reasons.append(reason)
    else:
        _note(bound.limit, code, message, reasons, warnings)


def _note(limit: ContextLimit, code: ReasonCode, message: str, reasons: list[Reason], warnings: list[Reason]) -> None:
    header = limit.header
    if header.enforcement is Enforcement.ENFORCE:
        reasons.append(Reason(code, message, header.ref, str(header.source)))
    else:
        warnings.append(Reason(code, message, header.ref, str(header.source), would_deny=True))
