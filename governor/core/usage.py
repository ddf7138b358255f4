"""Token counts of one call, in the OpenTelemetry GenAI convention.

Cached and cache-write tokens are parts of ``input_tokens``; reasoning is part of ``output_tokens``. The parts of the
input are disjoint: ``cache_write_1h_tokens`` stands beside ``cache_write_tokens`` and is not included in it.
"""

from collections.abc import Mapping
from dataclasses import field

from governor.core.money import AMOUNT_MAX
from governor.core.units import Counts
from governor.core.values import hot_value


@hot_value
class Usage:
    """What a call used. All counts are integers of at least 0.

    Attributes:
        input_tokens: All input, its cached and cache-write parts included.
        cached_input_tokens: Input read from a cache.
        cache_write_tokens: Input written to a cache of ordinary life (five minutes).
        cache_write_1h_tokens: Input written to a cache of one hour, not counted in ``cache_write_tokens``.
        output_tokens: All output, reasoning included.
        reasoning_tokens: Output that the model thought and did not say.
        units: What is not counted in tokens: images, audio_seconds, searches, pages, characters.
        modalities: Tokens that are not text, where a provider says so and they may have a price of their own:
            ``input_audio`` is a part of the input that is neither cached nor written to a cache, ``cached_audio`` of
            the cached input, ``output_audio`` of the output without reasoning; likewise ``image`` and ``video``.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    units: Mapping[str, int] = field(default_factory=dict)
    modalities: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but input and output was used."""
        return not (
            self.cached_input_tokens
            or self.cache_write_tokens
            or self.cache_write_1h_tokens
            or self.reasoning_tokens
            or self.units
            or self.modalities
        )

    def contradiction(self) -> str | None:
        """Say what is impossible in these counts (more cached than input, ...), or None if they are consistent."""
        return self._out_of_range() or self._part_above_whole()

    def tokens(self, counts: Counts) -> int:
        """Return the tokens that a quota with ``counts`` charges."""
        match counts:
            case Counts.INPUT:
                return self.input_tokens
            case Counts.OUTPUT:
                return self.output_tokens
            case Counts.REASONING:
                return self.reasoning_tokens
            case Counts.ALL:
                return self.input_tokens + self.output_tokens

    def _out_of_range(self) -> str | None:
        counts = {
            "input_tokens": self.input_tokens,
            "cached_input_tokens": self.cached_input_tokens,
            "cache_write_tokens": self.cache_write_tokens,
            "cache_write_1h_tokens": self.cache_write_1h_tokens,
            "output_tokens": self.output_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            **self.units,
            **self.modalities,
        }
        for name, count in counts.items():
            if not 0 <= count <= AMOUNT_MAX:
                return f"`{name}` is {count}; a count is from 0 to {AMOUNT_MAX}"
        if self.input_tokens + self.output_tokens > AMOUNT_MAX:
            return f"`input_tokens` and `output_tokens` together are more than {AMOUNT_MAX}"
        return None

    def _part_above_whole(self) -> str | None:
        cache = self.cached_input_tokens + self.cache_write_tokens + self.cache_write_1h_tokens
        if cache > self.input_tokens:
            return (
                f"cached and cache-write tokens are {cache} but `input_tokens` is {self.input_tokens}; "
                "they are parts of the input and must be counted in it"
            )
        if self.reasoning_tokens > self.output_tokens:
            return (
                f"`reasoning_tokens` is {self.reasoning_tokens} but `output_tokens` is {self.output_tokens}; "
                "reasoning is part of the output and must be counted in it"
            )
        return self._modality_above_part() if self.modalities else None

    def _modality_above_part(self) -> str | None:
        plain = self.input_tokens - self.cached_input_tokens - self.cache_write_tokens - self.cache_write_1h_tokens
        rooms = (
            ("input_", plain),
            ("cached_", self.cached_input_tokens),
            ("output_", self.output_tokens - self.reasoning_tokens),
        )
        for where, room in rooms:
            tokens = sum(count for name, count in self.modalities.items() if name.startswith(where))
            if tokens > room:
                return f"`{where}*` modalities are {tokens} but they are parts of {room} tokens"
        return None
