"""What a gateway asks: one model request, before it is made."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from governor.core.values import hot_value


class Operation(StrEnum):
    """Kinds of model requests."""

    CHAT = "chat"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"
    IMAGE = "image"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    RERANK = "rerank"
    REALTIME = "realtime"
    BATCH = "batch"


class Ability(StrEnum):
    """What the caller can do with an answer; what it cannot do is never relied on."""

    SUBSTITUTE = "substitute"
    CLAMP = "clamp"


class AssertedBy(StrEnum):
    """Who vouches for the subject's attributes; the Organization says what counts of what only a client asserts."""

    GATEWAY = "gateway"
    CLIENT = "client"


@hot_value
class Subject:
    """Who asks, as the gateway claims it; ``""`` is absent. The Organization has the last word."""

    user: str = ""
    service_account: str = ""
    team: str = ""
    department: str = ""
    project: str = ""
    environment: str = ""
    task: str = ""
    asserted_by: AssertedBy = AssertedBy.GATEWAY


@hot_value
class DecideRequest:
    """One question to ``/decide``. Token counts are of one answer; ``n`` answers multiply the output.

    Attributes:
        request_id: The caller's id; unique with ``attempt`` for each client.
        attempt: 1 for the first try; a retry or a fallback is a new attempt.
        input_tokens: Counted input, or None: then ``input_bytes`` (or nothing) gives an estimate.
        input_bytes: Size of the input in bytes, for the estimate.
        cached_input_tokens: Part of the input that the caller believes cached; never lowers a hold.
        max_output_tokens: Upper bound of one answer, or None.
        n: Number of answers asked for.
        units: Images, audio_seconds, characters, searches, pages.
        requests: Number of requests in a batch; None for anything else.
        can: What the caller can do with an answer.
        hold_for_s: Life of the hold in seconds, or None: as the policies say.
    """

    request_id: str
    subject: Subject
    model: str
    attempt: int = 1
    parent_decision_id: str = ""
    provider: str = ""
    region: str = ""
    service_tier: str = ""
    operation: Operation = Operation.CHAT
    use_case: str = ""
    input_tokens: int | None = None
    input_bytes: int | None = None
    cached_input_tokens: int = 0
    max_output_tokens: int | None = None
    n: int = 1
    units: Mapping[str, int] = field(default_factory=dict)
    requests: int | None = None
    can: frozenset[Ability] = frozenset()
    hold_for_s: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
