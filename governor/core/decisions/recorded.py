"""One recorded model request, as a replay reads it: what was asked, and what came back."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from governor.core.decisions.request import DecideRequest, Subject
from governor.core.usage import Usage

NOBODY = Subject()
"""The subject of a recording that names none."""


NO_TAGS: Mapping[str, str] = MappingProxyType({})


class Recorded(NamedTuple):
    """One request of a recording. A tuple, because a replay makes 40,000 of them a second.

    Attributes:
        at_s: When it was made: Unix seconds, or seconds from the beginning of a recording that has no calendar.
        input_tokens: Counted input.
        output_tokens: What came back, or None if the recording does not say: then the hold is all that is known.
        max_output_tokens: What the caller allowed, or None.
        model: The name as recorded, or ``""``.
        subject: Who asked; ``NOBODY`` if the recording does not say.
        duration_s: How long the call took; 0 if the recording does not say.
        line: 1-based line of the file, for messages.
        request: The whole request, where it was kept; it has the last word over the fields above.
        usage: Everything that was used, where it was kept.
        client: Name of the key that it came with, where it was kept.
    """

    at_s: float
    input_tokens: int
    output_tokens: int | None
    max_output_tokens: int | None = None
    model: str = ""
    subject: Subject = NOBODY
    use_case: str = ""
    duration_s: float = 0.0
    tags: Mapping[str, str] = NO_TAGS
    line: int = 0
    request: DecideRequest | None = None
    usage: Usage | None = None
    client: str = ""
