"""What is learned of outputs: the percentile, the groups, and that a learned hold is never more than the worst case."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governor.core.decisions.caller import Caller
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.output_estimates import GROUPS_MAX, OutputEstimates, RecentOutputs, percentile
from governor.core.decisions.request import Ability, DecideRequest, Operation, Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, Snapshot
from tests.decisions.story import Story

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
POLICIES = """\
{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}
---
{apiVersion: governor/v1, kind: ContextLimit, name: short, max_output: 30k tokens, when_over: clamp}
---
{apiVersion: governor/v1, kind: Quota, name: a-money, limit: 1M USD, period: month, reserve: {output: learned}}
---
{apiVersion: governor/v1, kind: Quota, name: b-money, limit: 1M USD, period: month}
---
{apiVersion: governor/v1, kind: Quota, name: c-tokens, limit: 1M tokens, period: month, reserve: {output: learned}}
---
apiVersion: governor/v1
kind: Quota
name: d-input
limit: 1M tokens
counts: input
period: month
reserve: {output: learned}
---
{apiVersion: governor/v1, kind: Quota, name: e-requests, limit: 1M requests, period: month, reserve: {output: learned}}
---
{apiVersion: governor/v1, kind: Quota, name: f-slots, limit: 9 concurrent requests, reserve: {output: learned}}
"""


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """Compile the policies."""
    return Story(tmp_path, POLICIES).snapshots.current


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=200))
def test_percentile_is_the_least_output_that_95_percent_do_not_exceed(outputs: list[int]) -> None:
    """Nearest rank: an output that was recorded, and none below it would do."""
    found = percentile(outputs)

    def share(bound: int) -> Fraction:
        return Fraction(sum(output <= bound for output in outputs), len(outputs))

    assert found in outputs
    assert share(found) >= Fraction(95, 100)
    assert all(share(output) < Fraction(95, 100) for output in outputs if output < found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    outputs=st.lists(st.integers(0, 10**12), min_size=50, max_size=60),
    input_tokens=st.integers(0, 100_000),
    asked=st.none() | st.integers(0, 100_000),
    n=st.integers(1, 8),
    calls=st.none() | st.integers(1, 1000),
    model=st.sampled_from(["large", "small", "unpriced"]),
)
def test_a_learned_hold_is_never_more_than_the_worst_case(  # noqa: PLR0917  # one parameter a dimension
    snapshot: Snapshot,
    outputs: list[int],
    input_tokens: int,
    asked: int | None,
    n: int,
    calls: int | None,
    model: str,
) -> None:
    """Whatever was learned: between nothing and the hold without it, and other measures are as they were."""
    request = DecideRequest(
        request_id="r",
        subject=Subject(user="mia"),
        model=model,
        input_tokens=input_tokens,
        max_output_tokens=asked,
        n=n,
        operation=Operation.CHAT if calls is None else Operation.BATCH,
        requests=calls,
        can=frozenset({Ability.CLAMP}),
    )
    table = OutputEstimates({(f"acme/{model}", ""): outputs})
    [plain] = evaluate(snapshot, request, Caller("gw"), NOW).candidates
    [learned] = evaluate(snapshot.with_estimates(table), request, Caller("gw"), NOW).candidates

    assert plain.context == learned.context
    assert plain.amounts == learned.amounts
    assert plain.reasons == learned.reasons
    assert all(0 <= fewer.amount <= hold.amount for fewer, hold in zip(learned.holds, plain.holds, strict=True))
    a_money, b_money, c_tokens, *others = learned.holds
    assert [b_money, *others] == [plain.holds[1], *plain.holds[3:]]
    expected = min(percentile(outputs) * n * (calls or 1), plain.amounts.output_tokens)
    assert input_tokens + expected == c_tokens.amount
    assert a_money.amount <= b_money.amount == (learned.held.cost_nano_usd or 0)
    assert table.version == (learned.estimate.version if learned.estimate is not None else "")


def test_equal_tables_are_one_version_and_others_are_not() -> None:
    """So that workers which read the same entries name the same version."""
    one = OutputEstimates({("m", ""): [1] * 50, ("few", ""): [1] * 49})
    same = OutputEstimates({("m", ""): [1] * 50})
    other = OutputEstimates({("m", ""): [2] * 50})

    assert one.version == same.version != other.version


def test_groups_that_callers_invent_do_not_pile_up() -> None:
    """Those not seen for longest are forgotten first; the model's own group is always seen."""
    recent = RecentOutputs()
    for number in range(GROUPS_MAX * 3):
        recent.add("m", f"invented-{number // 50}", number)
    for number in range(GROUPS_MAX * 2):
        recent.add("m", f"once-{number}", number)
    table = recent.estimates()

    assert table.find("m", "invented-0") == table.find("m", "")
    assert table.find("m", "")


async def test_policies_published_meanwhile_keep_what_was_learned(tmp_path: Path) -> None:
    """Estimates stand beside the policies, and blocks beside both."""
    story = Story(tmp_path, POLICIES)
    await story.step({"outputs": [{"model": "acme/large", "calls": [[50, 7]]}]})
    learned = story.snapshots.current.estimates
    await story.step({"blocks": []})
    await story.step({"policies": POLICIES.replace("1M USD", "2M USD")})

    assert story.snapshots.current.estimates is learned


def test_only_a_quota_that_learns_makes_a_snapshot_learn(tmp_path: Path) -> None:
    """So that nothing is read where nobody needs it."""
    story = Story(tmp_path, POLICIES)
    policies = story.snapshots.current.policies
    requested = replace(policies, quotas=[replace(quota, learned=False) for quota in policies.quotas])

    assert story.snapshots.current.learns
    assert not Snapshot.build(requested, NO_CATALOGUES).learns


@pytest.mark.parametrize(("output", "admitted"), [("learned", 40), ("requested", 3)])
async def test_forty_agents_that_ask_for_the_most_start_together(tmp_path: Path, output: str, admitted: int) -> None:
    """On 25 USD; and what all of them could use beyond the limit is what they asked for, less what was held."""
    quota = "{apiVersion: governor/v1, kind: Quota, name: team, limit: 25 USD, period: month, reserve: {output: %s}}"
    story = Story(tmp_path, f"{POLICIES.partition('---')[0]}---\n{quota % output}\n")
    await story.step({"outputs": [{"model": "acme/large", "calls": [[1000, 900]]}]})
    agent = {"user": "mia", "model": "large", "input_tokens": 1000, "max_output_tokens": 64_000}
    answers = [await story.decide(agent, f"agent-{number}") for number in range(40)]
    allowed = [number for number, answer in enumerate(answers) if answer["verdict"] == "allow"]
    for number in allowed:
        await story.usage({"decision": f"agent-{number}", "usage": {"input_tokens": 1000, "output_tokens": 64_000}})
    [budget] = await story.step({"budgets": agent})

    held = [Fraction(answers[number]["reservation"]["cost_usd"]) for number in allowed]
    worst = [Fraction(answers[number]["reservation"]["worst_case_usd"]) for number in allowed]
    assert admitted == len(allowed)
    assert sum(held) <= 25
    assert Fraction(budget["used"]) == sum(worst) <= 25 + sum(worst) - sum(held)


def test_a_renamed_use_case_goes_on_with_what_was_learned_under_its_old_name() -> None:
    """Its outputs are those of both names; where nothing was renamed, each name has its own."""
    recent = RecentOutputs()
    for name, tokens in (("triage", 100), ("support", 900)):
        for _ in range(30):
            recent.add("acme/large", name, tokens)
    before, after = recent.estimates(), recent.estimates({"triage": "support"})
    found = after.find("acme/large", "support")

    assert before.find("acme/large", "support") == before.find("acme/large", "")
    assert found is not None
    assert ("support", 60, 900) == (found.use_case, found.outputs, found.output_tokens)
