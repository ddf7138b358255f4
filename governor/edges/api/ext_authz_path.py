"""What the path of a model request says: which operation it is and, at some providers, which model."""

import re
from typing import NamedTuple

from governor.core.decisions.request import Operation


class PathFacts(NamedTuple):
    """What a path says; None where it does not."""

    operation: Operation | None = None
    model: str | None = None


_ENDINGS = {
    "chat/completions": Operation.CHAT,
    "completions": Operation.CHAT,
    "messages": Operation.CHAT,
    "responses": Operation.RESPONSES,
    "embeddings": Operation.EMBEDDINGS,
    "images/generations": Operation.IMAGE,
    "images/edits": Operation.IMAGE,
    "images/variations": Operation.IMAGE,
    "audio/speech": Operation.SPEECH,
    "audio/transcriptions": Operation.TRANSCRIPTION,
    "audio/translations": Operation.TRANSCRIPTION,
    "rerank": Operation.RERANK,
    "realtime": Operation.REALTIME,
    "batches": Operation.BATCH,
}
"""The last part of a path at OpenAI, Anthropic, Cohere and whoever speaks like them."""

_VERBS = {
    "generateContent": Operation.CHAT,
    "streamGenerateContent": Operation.CHAT,
    "embedContent": Operation.EMBEDDINGS,
    "batchEmbedContents": Operation.EMBEDDINGS,
    "converse": Operation.CHAT,
    "converse-stream": Operation.CHAT,
    "invoke": Operation.CHAT,
    "invoke-with-response-stream": Operation.CHAT,
}
"""What stands after the model's name at Gemini, Vertex and Bedrock."""

_SEGMENTS = r"(?:/[A-Za-z0-9._-]+)*"
_ENDING = "(?P<ending>" + "|".join(map(re.escape, _ENDINGS)) + ")"
_SHAPES = (
    re.compile(rf"{_SEGMENTS}/deployments/(?P<model>[^/]+)/{_ENDING}"),
    re.compile(rf"{_SEGMENTS}/models/(?P<model>[^/:]+):(?P<ending>[A-Za-z]+)"),
    re.compile(r"/model/(?P<model>.+)/(?P<ending>[a-z-]+)"),
    re.compile(rf"{_SEGMENTS}/{_ENDING}"),
)
_OPERATIONS = _ENDINGS | _VERBS

_NOTHING = PathFacts()


def read_path(path: str) -> PathFacts:
    """Read a decoded path without its query.

    A path with empty or dot segments says nothing: the proxy, the provider and we might not agree on what it names.
    """
    if "//" in path or "/." in path:
        return _NOTHING
    for shape in _SHAPES:
        match = shape.fullmatch(path)
        if match is not None and match["ending"] in _OPERATIONS:
            return PathFacts(_OPERATIONS[match["ending"]], match.groupdict().get("model"))
    return _NOTHING
