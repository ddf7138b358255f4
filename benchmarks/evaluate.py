"""``evaluate`` alone at 10, 1,000 and 100,000 policies, memoised and not: ``python -m benchmarks.evaluate``."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.server import ROOT
from governor.compiler.load import compile_folder
from governor.core.decisions.caller import Caller
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.request import DecideRequest, Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, PolicySet, Snapshot
from governor.core.policy.header import Selector
from governor.core.policy.kinds import Quota
from governor.services.garbage import settle_garbage_collector

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SIZES = (10, 1_000, 100_000)
MEMOISED = 20_000
FRESH = 300


def example(folder: Path = ROOT / "policies") -> PolicySet:
    """Compile the example organisation."""
    policies = compile_folder(folder, NOW).policies
    if policies is None:
        raise SystemExit("the example policies have errors; run `governor validate policies`")
    return policies


def enlarged(policies: PolicySet, size: int) -> PolicySet:
    """Return the example with quotas of made-up users, until there are ``size`` policies."""
    quotas: list[Quota] = list(policies.quotas)
    template = quotas[0]
    present = len(policies.quotas) + len(policies.allowlists) + len(policies.context_limits)
    for number in range(max(0, size - present)):
        name = f"made-up-{number}"
        selector = Selector((("user", (f"user{number}@acme.example",)),))
        header = replace(template.header, name=name, applies_to=selector)
        quotas.append(replace(template, header=header, root=name))
    return replace(policies, quotas=tuple(quotas))


def request(user: str, task: str = "", tokens: int = 1800) -> DecideRequest:
    """Make a request of somebody."""
    return DecideRequest(
        "r", Subject(user=user, task=task), "openai/gpt-4o", input_tokens=tokens, max_output_tokens=500
    )


def microseconds(snapshot: Snapshot, asked: list[DecideRequest]) -> float:
    """Return the CPU of one evaluation."""
    caller = Caller("bench")
    began_s = time.process_time()
    for one in asked:
        evaluate(snapshot, one, caller, NOW)
    return (time.process_time() - began_s) / len(asked) * 1e6


def main() -> None:
    """Measure and print."""
    policies = example()
    users = sorted(policies.organization.people)
    for size in SIZES:
        made = enlarged(policies, size)
        snapshot = Snapshot.build(made, NO_CATALOGUES)
        # As the server does with what it has loaded; a collector that walks through it all is not the decision's cost.
        settle_garbage_collector()
        warm = [request(users[number % len(users)], tokens=number) for number in range(MEMOISED)]
        microseconds(snapshot, warm[: len(users)])
        memoised_us = microseconds(snapshot, warm)
        fresh_us = 0.0
        rounds = max(1, FRESH // len(users))
        for _ in range(rounds):
            # A new snapshot remembers nothing; each user asks it once.
            fresh = Snapshot.build(made, NO_CATALOGUES)
            settle_garbage_collector()
            fresh_us += microseconds(fresh, [request(user) for user in users])
        print(
            f"{size:>7,} policies: memoised {memoised_us:5.1f} us (wanted: 15)   "
            f"not memoised {fresh_us / rounds:6.1f} us (wanted: 150)"
        )


if __name__ == "__main__":
    main()
