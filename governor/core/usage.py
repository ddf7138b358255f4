"""Token counts of one call, in the OpenTelemetry GenAI convention.

Cached and cache-write tokens are parts of ``input_tokens``; reasoning is part of ``output_tokens``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from governor.core.units import Counts


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call used. All counts are integers of at least 0; ``units`` counts images, seconds, characters, ..."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    units: Mapping[str, int] = field(default_factory=dict)

    def contradiction(self) -> str | None:
        """Say what is impossible in these counts (more cached than input, ...), or None if they are consistent."""
        raise NotImplementedError

    def tokens(self, counts: Counts) -> int:
        """Return the tokens that a quota with ``counts`` charges."""
        raise NotImplementedError
