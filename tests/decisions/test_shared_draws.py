"""What a snapshot remembers of former questions saves time, and changes no answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from governor.compiler.load import compile_folder
from governor.core.decisions.caller import Caller
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.plan import Plan
from governor.core.decisions.request import Ability, DecideRequest, Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, PolicySet, Snapshot
from governor.core.policy.header import Selector
from governor.core.policy.kinds import MaxShare

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY_S = 86_400


def example() -> PolicySet:
    """Compile the example organisation, with a fund that belongs to departments and is itself kept for cheap models."""
    policies = compile_folder(Path(__file__).parents[2] / "policies", NOW).policies
    assert policies is not None
    quotas = {quota.header.name: quota for quota in policies.quotas}
    fund = quotas["innovation-fund"]
    quotas["innovation-fund"] = replace(
        fund,
        header=replace(fund.header, applies_to=Selector()),
        per=("department", "model"),
        downgrade=quotas["person-monthly-spend"].downgrade,
        max_share=MaxShare("team", 10),
        burst_percent=300,
    )
    return replace(policies, quotas=tuple(quotas.values()))


POLICIES = example()
PEOPLE = sorted(POLICIES.organization.people)[:6]
MODELS = ["openai/gpt-4o", "openai/gpt-4o-mini", "anthropic/claude-opus-4", "self-hosted/llama-3-70b", "auto"]

SUBJECTS = st.builds(
    Subject,
    user=st.sampled_from([*PEOPLE, "stranger@acme.example"]),
    team=st.sampled_from(["", *sorted(POLICIES.organization.teams)]),
    environment=st.sampled_from(["", "dev"]),
    project=st.sampled_from(["", "innovation"]),
    task=st.sampled_from(["", "run-1"]),
)
REQUESTS = st.builds(
    DecideRequest,
    st.just("r"),
    SUBJECTS,
    st.sampled_from(MODELS),
    input_tokens=st.just(1800),
    max_output_tokens=st.just(500),
    use_case=st.sampled_from(["", *sorted(POLICIES.organization.use_cases)]),
    can=st.sampled_from([frozenset(), frozenset(Ability)]),
)
LATER_S = st.sampled_from([0, 0, 1, 70, DAY_S, 45 * DAY_S, -DAY_S, -45 * DAY_S])


def shown(plan: Plan) -> list[str]:
    """Return all that is known of each candidate, with terms and rules."""
    return [repr(candidate) for candidate in plan.candidates]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(REQUESTS, LATER_S), min_size=2, max_size=12))
def test_what_others_asked_before_changes_no_answer(asked: list[tuple[DecideRequest, int]]) -> None:
    """A snapshot that has answered others, at other times too, answers like one that was never asked."""
    used, now = Snapshot.build(POLICIES, NO_CATALOGUES), NOW
    for request, later_s in asked:
        now += timedelta(seconds=later_s)
        fresh = Snapshot.build(POLICIES, NO_CATALOGUES)
        plans = [evaluate(snapshot, request, Caller("gw"), now) for snapshot in (fresh, used)]

        assert shown(plans[0]) == shown(plans[1])


def test_a_team_shares_what_is_not_its_peoples_own() -> None:
    """The second person of a team draws on the same values, but for the budgets that belong to persons."""
    snapshot = Snapshot.build(POLICIES, NO_CATALOGUES)
    people = POLICIES.organization.people.values()
    team = next(person.placement(NOW).team for person in people if person.placement(NOW).team)
    users = [person.user for person in people if person.placement(NOW).team == team and person.kind == "employee"][:2]
    first, second = [
        evaluate(snapshot, DecideRequest("r", Subject(user=user), "openai/gpt-4o"), Caller("gw"), NOW).candidates[0]
        for user in users
    ]
    own = [
        draw.applied.quota.per
        for draw, other in zip(first.prepared.draws, second.prepared.draws, strict=True)
        if draw is not other
    ]

    assert {("user",)} == set(own)
