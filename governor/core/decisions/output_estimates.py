"""How long answers have been: what ``reserve: {output: learned}`` holds instead of all that was asked for.

The table stands beside the policies in the snapshot, like blocks do, and is never worked out while somebody waits.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType

from governor.core.values import hot_value

PERCENTILE = 95
"""Nearest rank: the least recorded output that at least so many percent of the outputs do not exceed."""

OUTPUTS_MAX = 1_000
"""The newest outputs that an estimate is made from."""

OUTPUTS_MIN = 50
"""Fewer outputs say nothing: the next wider group counts, else what was requested."""

GROUPS_MAX = 1_000
"""Groups remembered; callers may invent use cases, and those not seen for longest are forgotten first."""

Group = tuple[str, str]
"""A canonical model and a use case; ``""`` for all outputs of the model."""


@hot_value
class OutputEstimate:
    """How long an answer is expected to be.

    Attributes:
        output_tokens: The percentile, of one call.
        outputs: How many it was made from.
        model: Canonical id of the model.
        use_case: The use case, or ``""``: of all use cases of the model.
        version: The table that it is from.
    """

    output_tokens: int
    outputs: int
    model: str
    use_case: str
    version: str


class OutputEstimates:
    """A table of estimates. Immutable: newer outputs make another one.

    Args:
        outputs: Recorded output tokens by group; groups with too few make no estimate.

    Attributes:
        version: Digest of what the table says (hex), so that equal tables are one version on every worker.
    """

    __slots__ = ("_by_group", "version")

    def __init__(self, outputs: Mapping[Group, Sequence[int]]) -> None:
        rows = [
            (group, percentile(recorded), len(recorded))
            for group, recorded in sorted(outputs.items())
            if len(recorded) >= OUTPUTS_MIN
        ]
        self.version = blake2b(repr(rows).encode(), digest_size=8).hexdigest() if rows else ""
        self._by_group = {
            group: OutputEstimate(tokens, count, *group, version=self.version) for group, tokens, count in rows
        }

    def find(self, model: str, use_case: str) -> OutputEstimate | None:
        """Return the estimate for a model and a use case, else for the model, else None."""
        return self._by_group.get((model, use_case)) or self._by_group.get((model, ""))


NO_ESTIMATES = OutputEstimates({})
"""Nothing has been learned: what was requested is held."""


class RecentOutputs:
    """The newest outputs by group, from which tables are made."""

    def __init__(self) -> None:
        self._by_group: dict[Group, deque[int]] = {}

    def add(self, model: str, use_case: str, output_tokens: int) -> None:
        """Add the output of one call, newer than all before it."""
        for group in {(model, use_case), (model, "")}:
            outputs = self._by_group.pop(group, None)
            if outputs is None:
                outputs = deque(maxlen=OUTPUTS_MAX)
            outputs.append(output_tokens)
            self._by_group[group] = outputs
        while len(self._by_group) > GROUPS_MAX:
            del self._by_group[next(iter(self._by_group))]

    def estimates(self, former_use_cases: Mapping[str, str] = MappingProxyType({})) -> OutputEstimates:
        """Make the table of now; a renamed use case has learned under each of its names."""
        named: dict[Group, list[int]] = {}
        for (model, use_case), outputs in self._by_group.items():
            named.setdefault((model, former_use_cases.get(use_case, use_case)), []).extend(outputs)
        return OutputEstimates({group: outputs[-OUTPUTS_MAX:] for group, outputs in named.items()})


def percentile(outputs: Sequence[int]) -> int:
    """Return the ``PERCENTILE`` of outputs by nearest rank; there must be one."""
    rank = -(-len(outputs) * PERCENTILE // 100)
    return sorted(outputs)[rank - 1]
