"""A made-up but realistic day of model calls: daily rhythm, heavy tails, one runaway agent. Pure and seeded."""

import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from math import log
from zoneinfo import ZoneInfo

from governor.core.policy.organization import Organization

HOURLY_WEIGHTS = (1, 1, 1, 1, 2, 4, 10, 26, 55, 82, 95, 90, 55, 72, 96, 92, 80, 58, 32, 18, 12, 8, 5, 2)
"""How busy each local hour is: an office with few night owls."""

RUNAWAY_HOUR = 14
RUNAWAY_REQUESTS = 1200
RUNAWAY_PAUSE_S = 3.0
"""The agent's first pause between two calls. It starts helpers that start helpers: the pauses shrink, contexts grow."""

RUNAWAY_TASK = "nightly-refactor"


@dataclass(frozen=True, slots=True)
class ModelShare:
    """How often a model is asked for, and how long its conversations are.

    Attributes:
        model: As a gateway would name it.
        weight: Relative to the other shares.
        input_median: Median input tokens.
        output_median: Median output tokens.
    """

    model: str
    weight: float
    input_median: int
    output_median: int


EVERYDAY_MODELS = (
    ModelShare("gpt-4o-mini", 34, 900, 180),
    ModelShare("claude-sonnet-4", 30, 2_400, 420),
    ModelShare("gpt-4o", 16, 1_500, 320),
    ModelShare("gemini-2.5-flash", 10, 1_800, 260),
    ModelShare("gemini-2.5-pro", 6, 4_000, 700),
    ModelShare("claude-opus-4", 4, 3_200, 900),
)


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """One model call of the day: what the gateway asks beforehand, and what it reports afterwards.

    Attributes:
        at: When it is asked, aware.
        user: A person, or ``""`` for the runaway agent.
        service_account: The agent's account, or ``""``.
        output_tokens: What comes back if it is allowed, never more than ``max_output_tokens``.
        cached_input_tokens: Part of the input that turns out to be cached.
        failed: The provider answers with an error and no usage.
    """

    at: datetime
    user: str
    service_account: str
    task: str
    use_case: str
    environment: str
    model: str
    input_tokens: int
    cached_input_tokens: int
    max_output_tokens: int
    output_tokens: int
    failed: bool


def simulate_day(
    organization: Organization,
    day: date,
    *,
    requests: int = 4_000,
    seed: int = 1,
    models: Sequence[ModelShare] = EVERYDAY_MODELS,
) -> list[SimulatedCall]:
    """Make up a day.

    Args:
        organization: Whose people and agents call.
        day: The local date.
        requests: Calls made by people; the runaway agent's come on top.
        seed: The same seed makes the same day.
        models: What people ask for.

    Returns:
        The calls in the order of their time.
    """
    dice = random.Random(seed)  # noqa: S311  # a simulation must be repeatable, not secret
    midnight = datetime.combine(day, time(), ZoneInfo(organization.time_zone))
    calls = list(_everyday(organization, midnight, requests, dice, models))
    calls.extend(_runaway(organization, midnight, dice))
    return sorted(calls, key=lambda call: call.at)


def _everyday(
    organization: Organization, midnight: datetime, requests: int, dice: random.Random, models: Sequence[ModelShare]
) -> Iterator[SimulatedCall]:
    people = sorted(organization.people)
    dice.shuffle(people)
    # Few people make most of the calls: a power law over a shuffled list.
    appetite = list(accumulate(1 / (rank + 3) for rank in range(len(people))))
    hours = list(accumulate(HOURLY_WEIGHTS))
    shares = list(accumulate(share.weight for share in models))
    for _ in range(requests if people else 0):
        user = people[bisect(appetite, dice.random() * appetite[-1])]
        share = models[bisect(shares, dice.random() * shares[-1])]
        hour = bisect(hours, dice.random() * hours[-1])
        at = midnight + timedelta(hours=hour, seconds=dice.random() * 3600)
        input_tokens = _heavy_tailed(dice, share.input_median, 1.1, 180_000)
        output_tokens = _heavy_tailed(dice, share.output_median, 0.9, 8_000)
        yield SimulatedCall(
            at=at,
            user=user,
            service_account="",
            task="",
            use_case=dice.choice(("", "", "support-triage", "code-review", "drafting")),
            environment="prod" if dice.random() < 0.85 else "dev",
            model=share.model,
            input_tokens=input_tokens,
            cached_input_tokens=int(input_tokens * dice.choice((0, 0, 0.5, 0.8))),
            max_output_tokens=max(output_tokens, dice.choice((1_000, 2_000, 4_000))),
            output_tokens=output_tokens,
            failed=dice.random() < 0.01,
        )


def _runaway(organization: Organization, midnight: datetime, dice: random.Random) -> Iterator[SimulatedCall]:
    """Yield an agent that loops: each turn sends everything it has seen so far, and more."""
    accounts = sorted(organization.service_accounts)
    people = sorted(organization.people)
    if not accounts and not people:
        return
    began_at = midnight + timedelta(hours=RUNAWAY_HOUR)
    input_tokens = 6_000
    after_s = 0.0
    for turn in range(RUNAWAY_REQUESTS):
        input_tokens = min(170_000, input_tokens + dice.randint(40, 160))
        after_s += RUNAWAY_PAUSE_S / (1 + turn / 100)
        yield SimulatedCall(
            at=began_at + timedelta(seconds=after_s),
            user="" if accounts else people[0],
            service_account=accounts[0] if accounts else "",
            task=RUNAWAY_TASK,
            use_case="",
            environment="prod",
            model="claude-sonnet-4",
            input_tokens=input_tokens,
            cached_input_tokens=int(input_tokens * 0.6),
            max_output_tokens=4_000,
            output_tokens=dice.randint(300, 2_500),
            failed=False,
        )


def _heavy_tailed(dice: random.Random, median: int, sigma: float, most: int) -> int:
    """Draw from a log-normal distribution: most calls are small, a few are huge."""
    return max(1, min(most, int(dice.lognormvariate(log(median), sigma))))
