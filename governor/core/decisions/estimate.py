"""How many tokens a request is held for, before anybody knows."""

from governor.core.decisions.decision import Basis
from governor.core.decisions.request import DecideRequest, Operation
from governor.core.values import hot_value

BYTES_PER_TOKEN = 3
"""Bytes of input that make a token: English has about four, code and other scripts fewer; a hold must not be short."""

DEFAULT_INPUT_TOKENS = 1_000
"""Held for a text request that says nothing about its input."""

DEFAULT_OUTPUT_TOKENS = 4_096
"""Held for an answer that neither the caller, nor a policy, nor the model bounds."""

_WITHOUT_TEXT_OUTPUT = frozenset(
    {Operation.EMBEDDINGS, Operation.RERANK, Operation.IMAGE, Operation.SPEECH, Operation.TRANSCRIPTION}
)


@hot_value
class Estimate:
    """The input as counted or guessed, and what an answer is held for if nothing bounds it."""

    input_tokens: int
    basis: Basis
    default_output: int


def default_output_of(operation: Operation) -> int:
    """Return the tokens that an answer is held for if nothing bounds it; 0 for one without text."""
    return 0 if operation in _WITHOUT_TEXT_OUTPUT else DEFAULT_OUTPUT_TOKENS


def estimate(request: DecideRequest) -> Estimate:
    """Return the tokens of a request: counted, else from its bytes, else a default where units say nothing either."""
    default_output = default_output_of(request.operation)
    if request.input_tokens is not None:
        return Estimate(request.input_tokens, Basis.COUNTED, default_output)
    if request.input_bytes is not None:
        return Estimate(-(-request.input_bytes // BYTES_PER_TOKEN), Basis.ESTIMATED, default_output)
    return Estimate(0 if request.units else DEFAULT_INPUT_TOKENS, Basis.ESTIMATED, default_output)
