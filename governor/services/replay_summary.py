"""What a replay found: sums by department, model and deciding policy."""

from dataclasses import dataclass, field
from typing import Any

from governor.core.money import usd_text

NOBODYS = "(none)"
"""The department of requests that have none."""


@dataclass(slots=True)
class Tally:
    """Sums of some requests; tokens and cost are what was settled."""

    requests: int = 0
    allowed: int = 0
    denied: int = 0
    substituted: int = 0
    cost_nano_usd: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def document(self) -> dict[str, Any]:
        """Return the sums as they are printed: money as a decimal string."""
        return {
            "requests": self.requests,
            "allowed": self.allowed,
            "denied": self.denied,
            "substituted": self.substituted,
            "cost_usd": usd_text(self.cost_nano_usd),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
        }


@dataclass(slots=True)
class ReplaySummary:
    """The sums of a replay.

    Attributes:
        by_model: By the model given; for denied requests, by the model asked for.
        by_policy: Deciding policy to the number of requests that it refused.
    """

    by_department: dict[str, Tally] = field(default_factory=dict)
    by_model: dict[str, Tally] = field(default_factory=dict)
    by_policy: dict[str, int] = field(default_factory=dict)

    def allowed(self, department: str, model: str, *, substituted: bool) -> None:
        """Count a request that was allowed."""
        for tally in self._tallies(department, model):
            tally.requests += 1
            tally.allowed += 1
            tally.substituted += substituted

    def denied(self, department: str, model: str, policy: str) -> None:
        """Count a request that was refused, and what refused it."""
        for tally in self._tallies(department, model):
            tally.requests += 1
            tally.denied += 1
        self.by_policy[policy] = self.by_policy.get(policy, 0) + 1

    def settled(self, department: str, model: str, cost_nano_usd: int, input_tokens: int, output_tokens: int) -> None:
        """Add what an allowed request came to."""
        for tally in self._tallies(department, model):
            tally.cost_nano_usd += cost_nano_usd
            tally.input_tokens += input_tokens
            tally.output_tokens += output_tokens

    def total(self) -> Tally:
        """Return the sums over everything."""
        total = Tally()
        for tally in self.by_department.values():
            total.requests += tally.requests
            total.allowed += tally.allowed
            total.denied += tally.denied
            total.substituted += tally.substituted
            total.cost_nano_usd += tally.cost_nano_usd
            total.input_tokens += tally.input_tokens
            total.output_tokens += tally.output_tokens
        return total

    def document(self, seconds: float) -> dict[str, Any]:
        """Return the summary as ``--output json`` prints it.

        Args:
            seconds: How long the replay took.
        """
        return {
            **self.total().document(),
            "by_department": {name: self.by_department[name].document() for name in sorted(self.by_department)},
            "by_model": {name: self.by_model[name].document() for name in sorted(self.by_model)},
            "by_policy": {
                name: {"denied": count}
                for name, count in sorted(self.by_policy.items(), key=lambda item: (-item[1], item[0]))
            },
            "seconds": round(seconds, 3),
        }

    def _tallies(self, department: str, model: str) -> tuple[Tally, Tally]:
        name = department or NOBODYS
        first = self.by_department.get(name)
        if first is None:
            first = self.by_department[name] = Tally()
        second = self.by_model.get(model)
        if second is None:
            second = self.by_model[model] = Tally()
        return first, second
