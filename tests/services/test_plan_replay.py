"""Recorded requests under two versions: what differs is counted once, and the same version makes no difference."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governor.clients.price_catalogue import genai_prices
from governor.clients.recordings import open_recording
from governor.compiler.load import compile_folder
from governor.core.decisions.recorded import Recorded
from governor.core.decisions.snapshot import NO_CATALOGUES, Snapshot
from governor.core.models import Model, ModelCatalog
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import Downgrade, Quota, WhenReached
from governor.core.units import Unit
from governor.services.plan_impact import Impact
from governor.services.plan_replay import PlanReplay
from governor.services.replay import ReplayOptions
from tests.services.test_replay import MONTH, USD, header, monthly, recorded, snapshot

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT.parent / "shared" / "data"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def impact(before: Snapshot, after: Snapshot, rows: list[Recorded], model: str = "") -> Impact:
    """Replay under both versions."""
    replay = PlanReplay(before, after, ReplayOptions(model=model))
    for _ in replay.run(rows):
        pass
    return replay.impact


def document(before: Snapshot, after: Snapshot, rows: list[Recorded]) -> dict[str, Any]:
    """Replay under both versions, as it is printed."""
    return impact(before, after, rows).document(0)


def rows(count: int = 5, tokens: int = 4, user: str = "ada") -> list[Recorded]:
    """Requests of one person, a second apart, at four USD each."""
    return [recorded(second, tokens, user) for second in range(count)]


def test_lower_limit_newly_refuses() -> None:
    """Who is refused, by which policy, and what is no longer spent."""
    found = document(snapshot(monthly(20)), snapshot(monthly(10)), rows())

    assert {"refused": {"requests": 3, "usd": "-12.000000000"}} == found["effects"]
    assert {"Quota/monthly": found["effects"]} == found["by_policy"]
    assert [{"user": "ada@acme.example", "effects": found["effects"]}] == found["people"]
    assert (3, 5, "20.000000000", 2, "8.000000000") == (
        found["affected"],
        found["before"]["allowed"],
        found["before"]["cost_usd"],
        found["after"]["allowed"],
        found["after"]["cost_usd"],
    )
    assert found["by_department"]["sales"]["effects"] == found["by_model"]["acme/fast"]["effects"] == found["effects"]


def test_higher_limit_newly_allows() -> None:
    """What was refused is blamed on the policy that refused it."""
    found = document(snapshot(monthly(10)), snapshot(monthly(20)), rows())

    assert {"allowed": {"requests": 3, "usd": "12.000000000"}} == found["by_policy"]["Quota/monthly"]


def test_first_day_without_room_is_told_for_both_versions() -> None:
    """A budget that ran out on one day, and on another under the other version."""
    day_s = 86_400
    calls = [recorded(day * day_s, 4) for day in range(5)]
    found = document(snapshot(monthly(20)), snapshot(monthly(10)), calls)

    assert [{"policy": "Quota/monthly", "scope": {}, "before": None, "after": "2026-11-20"}] == found["budgets"]


def test_downgrade_is_told_with_what_it_saves() -> None:
    """Another model was given: the difference is the money."""
    cheaper = Quota(
        header("Quota", "monthly"),
        Unit.USD,
        100 * USD,
        period=MONTH,
        when_reached=WhenReached.DOWNGRADE,
        downgrade=Downgrade(("acme/small",), 10),
        root="monthly",
    )
    found = document(snapshot(monthly(100)), snapshot(cheaper), rows())

    assert {"downgraded": {"requests": 3, "usd": "-10.800000000"}} == found["effects"]
    assert ["Quota/monthly"] == list(found["by_policy"])
    assert "restored" in document(snapshot(cheaper), snapshot(monthly(100)), rows())["effects"]


@pytest.mark.parametrize("enforcement", [Enforcement.AUDIT, Enforcement.WARN])
def test_trial_newly_warns(enforcement: Enforcement) -> None:
    """What a policy on trial would refuse is a warning, and spends as before."""
    quota = monthly(10)
    trial = Quota(
        header("Quota", "monthly").__class__("Quota", "monthly", quota.header.source, enforcement=enforcement),
        Unit.USD,
        10 * USD,
        period=MONTH,
        root="monthly",
    )
    found = document(snapshot(), snapshot(trial), rows())

    assert {"warned": {"requests": 3, "usd": "12.000000000"}} == found["effects"]
    assert found["before"]["cost_usd"] == found["after"]["cost_usd"]


def test_other_name_of_a_model_is_due_to_the_catalogue() -> None:
    """A name that means another model than before: no quota and no list is to blame."""
    made = snapshot(monthly(100))
    versions = [
        Snapshot.build(
            replace(
                made.policies,
                catalog=ModelCatalog({name: Model(name, max_output=9)}, {"quick": name}, use_catalogue=False),
            ),
            NO_CATALOGUES,
        )
        for name in ("acme/fast", "acme/small")
    ]
    calls = [row._replace(model="quick") for row in rows()]

    assert ["ModelCatalog"] == list(document(*versions, calls)["by_policy"])


CALLS = st.lists(
    st.tuples(
        st.integers(1, 90),
        st.integers(1, 12),
        st.sampled_from(["ada", "bob", "dan", "nobody"]),
        st.sampled_from([0.0, 30.0]),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(CALLS)
def test_same_version_makes_no_difference(calls: list[tuple[int, int, str, float]]) -> None:
    """Whatever was recorded, the same policies come to the same."""
    quotas = (monthly(60), monthly(35, "department", per=("department",)), monthly(20, "person", per=("user",)))
    at_s = 0
    made = []
    for step_s, tokens, user, duration_s in calls:
        at_s += step_s
        made.append(recorded(at_s, tokens, user, duration_s=duration_s))
    found = impact(snapshot(*quotas, fallback=("acme/small",)), snapshot(*quotas, fallback=("acme/small",)), made)

    assert (0, {}, {}) == (found.affected, found.total().effects.requests, found.by_person)
    assert found.total().before == found.total().after


def test_same_example_policies_make_no_difference_to_real_traffic() -> None:
    """The example organisation and a recording of real requests: refusals, warnings and downgrades agree exactly."""
    policies = compile_folder(ROOT / "policies", NOW, genai_prices()).policies
    assert policies is not None
    first, second = (Snapshot.build(policies, genai_prices()) for _ in range(2))
    replay = PlanReplay(first, second, ReplayOptions(model="claude-opus-4"))
    recording = RECORDINGS / "azure-2023-code.csv.gz"
    if recording.exists():
        with open_recording(recording) as opened:
            list(replay.run(opened.rows()))
    else:
        list(replay.run(Recorded(1e9 + second, 2_000 + second % 7_000, 28) for second in range(3_000)))
    total = replay.impact.total()

    assert (0, {}) == (replay.impact.affected, total.effects.requests)
    assert total.before == total.after
    assert total.before.substituted


def test_memory_does_not_grow_with_the_recording() -> None:
    """What is remembered follows from people, models and budgets, not from requests."""
    quota = Quota(header("Quota", "run"), Unit.USD, USD, per=("tags.run",), period=MONTH, root="run")
    calls = [recorded(second, 2)._replace(tags={"run": str(second)}) for second in range(200)]
    found = impact(snapshot(quota), snapshot(), calls)

    assert 200 == len(found.budgets)
    assert {"ada@acme.example"} == set(found.by_person)


def test_gzipped_and_plain_recordings_agree(tmp_path: Path) -> None:
    """A recording is read alike however it is stored."""
    text = b"TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-18 09:00:00,9,1\n2026-11-18 09:00:01,9,1\n"
    (tmp_path / "a.csv").write_bytes(text)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text))
    found = []
    for name in ("a.csv", "b.csv.gz"):
        with open_recording(tmp_path / name) as opened:
            found.append(
                impact(snapshot(monthly(10)), snapshot(monthly(20)), list(opened.rows()), "acme/fast").document(0)
            )

    assert found[0] == found[1]
    assert 1 == found[0]["affected"]
