"""What the body of a model request says, in the words of OpenAI, Anthropic, Gemini and Bedrock.

The body is a client's. Where two readers could understand it differently (a name twice, or in other capitals), it is
refused: the provider might follow the reading that we did not decide on.
"""

import json
from typing import Any, NamedTuple, NoReturn

from governor.core.decisions.request import Operation
from governor.core.errors import InvalidRequestError
from governor.edges.api.decoding import refuse_controls
from governor.edges.api.repeated_fields import unambiguous


class BodyFacts(NamedTuple):
    """What a body says; None where it does not.

    Attributes:
        max_output_tokens: Of one answer: the largest that any of its fields permits.
        n: Number of answers.
        streams: Whether the answer is to be streamed.
        service_tier: Only one that changes the price.
    """

    model: str | None
    max_output_tokens: int | None
    n: int | None
    streams: bool
    service_tier: str | None


_CHAT_OUTPUT = ("max_completion_tokens", "max_tokens")
_OUTPUT_NAMES = {
    Operation.CHAT: _CHAT_OUTPUT,
    Operation.RESPONSES: ("max_output_tokens",),
}
_ANY_OUTPUT = (*_CHAT_OUTPUT, "max_output_tokens")
_NESTED_OUTPUT = (("generationConfig", "maxOutputTokens"), ("inferenceConfig", "maxTokens"))
_READ = frozenset(
    {"model", *_ANY_OUTPUT, "n", "best_of", "stream", "service_tier"} | {outer for outer, _ in _NESTED_OUTPUT}
)
_READ_FOLDED = {name.casefold(): name for name in _READ}
_USUAL_TIERS = frozenset({"auto", "default", "standard", "standard_only", "on_demand"})
"""Service tiers that leave the price, or the choice, as it is."""


def read_model_request(body: bytes, operation: Operation | None) -> BodyFacts | None:
    """Read a whole body.

    Args:
        body: As the client sent it.
        operation: If known, only the output limit that this operation obeys counts.

    Returns:
        None if it is not a JSON object.

    Raises:
        InvalidRequestError: If a field that matters is not what it should be, or can be read in two ways.
    """
    if not body.lstrip(b" \t\r\n").startswith(b"{"):
        return None
    try:
        fields = json.loads(body.decode("utf-8"), object_pairs_hook=unambiguous, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    for name in fields:
        meant = _READ_FOLDED.get(name.casefold())
        if meant is not None and name != meant:
            raise InvalidRequestError(f"the body writes `{name}` for `{meant}`, which not everybody reads", field=meant)
    answers = [_whole(fields, name, least=1) for name in ("n", "best_of")]
    return BodyFacts(
        model=_model(fields),
        max_output_tokens=_max_output(fields, operation),
        n=max((number for number in answers if number is not None), default=None),
        streams=fields.get("stream") is True,
        service_tier=_service_tier(fields),
    )


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def _model(fields: dict[str, Any]) -> str | None:
    model = fields.get("model")
    if model is None:
        return None
    if not isinstance(model, str) or not model:
        raise InvalidRequestError("`model` in the body is not a name", field="model")
    refuse_controls(model)
    return model


def _service_tier(fields: dict[str, Any]) -> str | None:
    tier = fields.get("service_tier")
    if not isinstance(tier, str) or not tier or tier in _USUAL_TIERS:
        return None
    refuse_controls(tier)
    return tier


def _max_output(fields: dict[str, Any], operation: Operation | None) -> int | None:
    names = _ANY_OUTPUT if operation is None else _OUTPUT_NAMES.get(operation, ())
    limits = [_whole(fields, name, least=0) for name in names]
    for outer, inner in _NESTED_OUTPUT:
        nested = fields.get(outer)
        if isinstance(nested, dict):
            limits.append(_whole(nested, inner, least=0))
    return max((limit for limit in limits if limit is not None), default=None)


def _whole(fields: dict[str, Any], name: str, *, least: int) -> int | None:
    number = fields.get(name)
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number < 2**63:
        raise InvalidRequestError(f"`{name}` in the body is not a whole number from {least} on", field=name)
    return number
