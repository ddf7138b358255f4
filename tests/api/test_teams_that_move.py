"""A team moves to another department: what callers and viewers see a second before its midnight, and at it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governor.core.keys import Role
from tests.api.world import POLICIES, QUOTAS, StandingClock, question, running, settings_for

MOVING = POLICIES.replace(
    "teams: [{name: platform}, {name: search}]",
    "teams: [{name: platform}, {name: search}, {name: growth, from: 2027-04-01}]",
)
TEAMS = """\
---
apiVersion: governor/v1
kind: Quota
name: team-spend
per: [team]
limit: 20 USD
limits: [{department: engineering, limit: 40 USD}]
period: year
"""
MIDNIGHT = datetime(2027, 3, 31, 22, tzinfo=UTC)
"""Of the first of April in Berlin, where clocks went ahead three days before."""


@pytest.fixture
def moving(tmp_path: Path) -> Path:
    """The small organisation, whose team growth goes from marketing to engineering."""
    assert MOVING != POLICIES
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "policies.yaml").write_text(f"{MOVING}---\n{QUOTAS}{TEAMS}")
    return folder


async def test_budgets_and_entitlements_follow_the_team(database_url: str, moving: Path) -> None:
    """The team keeps its budget, under the new department's limit; the department that pays is another."""
    clock = StandingClock(MIDNIGHT - timedelta(seconds=1))
    mia = {"subject": {"user": "mia@acme.example"}, "model": "gpt-4o-mini", "max_output_tokens": 0}
    seen = []
    async with (
        running(settings_for(database_url, moving), clock) as server,
        server.client() as gateway,
        server.client(Role.VIEWER) as viewer,
    ):
        for number, tokens in enumerate((60_000, 80_000)):
            asked = question(request_id=f"r{number}", input_tokens=tokens, **mia)
            decided = (await gateway.post("/decide", json=asked)).json()
            entitled = (await viewer.get("/entitlements", params={"user": "mia@acme.example"})).json()
            of_team = (await viewer.get("/budgets", params={"team": "growth"})).json()["budgets"]
            departments = {
                name: (await viewer.get("/budgets", params={"department": name})).json()["budgets"]
                for name in ("marketing", "engineering")
            }
            seen.append((decided, entitled, of_team, departments))
            clock.advance(1)

    (before, entitled_before, team_before, by_department), (after, entitled_after, team_after, by_department_after) = (
        seen
    )
    assert ("allow", {"department": "marketing"}) == (before["verdict"], before["budgets"][1]["scope"])
    assert ("allow", {"department": "engineering"}) == (after["verdict"], after["budgets"][1]["scope"])
    assert [["openai/gpt-4o-mini"], ["anthropic/claude-sonnet-4", "openai/gpt-4o-mini"]] == [
        [model["model"] for model in entitled["environments"][0]["models"]]
        for entitled in (entitled_before, entitled_after)
    ]
    assert ("marketing", "engineering") == (
        entitled_before["attributes"]["department"],
        entitled_after["attributes"]["department"],
    )
    assert [("20", "0.009"), ("40", "0.021")] == [
        (budget["limit"], budget["held"])
        for budget in (*team_before, *team_after)
        if budget["policy"] == "Quota/team-spend"
    ]
    assert {"growth"} == {one["scope"]["team"] for one in by_department["marketing"] if "team" in one["scope"]}
    assert {"growth", "platform", "search"} == {
        one["scope"]["team"] for one in by_department_after["engineering"] if "team" in one["scope"]
    }
