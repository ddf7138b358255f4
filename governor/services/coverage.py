"""How much of the policies their tests have seen decide something."""

from collections.abc import Iterable
from dataclasses import dataclass

from governor.core.decisions.snapshot import PolicySet
from governor.core.policy.kinds import Policy
from governor.core.policy.rules import rules_of
from governor.services.fired_rules import Rule


@dataclass(frozen=True, slots=True)
class PolicyCoverage:
    """One policy: its rules, and those that no case has made fire."""

    policy: str
    source: str
    rules: tuple[str, ...]
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """All policies that are matched against requests."""

    policies: tuple[PolicyCoverage, ...]

    @property
    def rules(self) -> int:
        """How many rules there are."""
        return sum(len(policy.rules) for policy in self.policies)

    @property
    def fired(self) -> int:
        """How many of them have fired."""
        return self.rules - sum(len(policy.silent) for policy in self.policies)

    @property
    def percent(self) -> float:
        """The share of rules that have fired; 100 where there are none."""
        return 100 * self.fired / self.rules if self.rules else 100.0


def coverage(policies: PolicySet, fired: Iterable[Rule]) -> Coverage:
    """Compare the rules of all policies with those that fired."""
    seen = set(fired)
    matched: list[Policy] = [
        *policies.allowlists,
        *policies.context_limits,
        *policies.quotas,
        *policies.routings,
    ]
    return Coverage(tuple(_of(policy, seen) for policy in matched))


def _of(policy: Policy, seen: set[Rule]) -> PolicyCoverage:
    rules = rules_of(policy)
    ref = policy.header.ref
    silent = tuple(rule for rule in rules if (ref, rule) not in seen)
    return PolicyCoverage(ref, str(policy.header.source), rules, silent)
