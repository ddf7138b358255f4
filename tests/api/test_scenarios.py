"""``POST /forecasts/scenarios``: each budget under what concerns it."""

from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from tests.api.world import Server, StandingClock, running, settings_for
from tests.forecasts.traffic import FIRST, MIA, use, use_days

RULES = """\
apiVersion: governor/v1
kind: ForecastRule
name: all
scenarios: [{name: peak, overhead: 2.0}]
---
apiVersion: governor/v1
kind: ForecastRule
name: marketing
applies_to: {department: marketing}
scenarios: [{name: peak, overhead: 4.0, growth: 10% per month}]
---
apiVersion: governor/v1
kind: ForecastRule
name: surer
applies_to: {department: engineering}
interval: 90%
---
apiVersion: governor/v1
kind: ForecastRule
name: later
effective_from: 2027-01-01
scenarios: [{name: moon, overhead: 9.0}]
"""


@pytest.fixture
def september() -> StandingClock:
    """Give a clock that stands at the beginning of September."""
    return StandingClock(FIRST)


async def asked(server: Server, **scenario: Any) -> dict[str, Any]:
    """Ask what if, as a viewer."""
    async with server.client(Role.VIEWER) as viewer:
        answer = await viewer.post("/forecasts/scenarios", json=scenario)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def by_scope(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return budgets by the last value of their scope."""
    return {(list(one["scope"].values()) or [""])[-1]: one for one in found["budgets"]}


def times(one: dict[str, Any]) -> float:
    """Return how many times as much is to come under a scenario as is forecast."""
    used = float(one["used"])
    return (float(one["total"]["median"]) - used) / (float(one["forecast"]["median"]) - used)


async def test_a_department_has_its_own_scenario(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """Its own rule's, not the first of that name; a rule that has none leaves it that of all; and it is all said."""
    (policies / "forecasts.yaml").write_text(RULES)
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(10))
        await use(server, 9, 500_000, "gpt-4o-mini", MIA)
        found = await asked(server, name="peak", quota="department-spend")
        less = await asked(server, name="peak", quota="department-spend", overhead=1.0, growth_percent_per_month=0)
        async with server.client(Role.VIEWER) as viewer:
            unborn = await viewer.post("/forecasts/scenarios", json={"name": "moon"})
    budgets = by_scope(found)

    assert pytest.approx(2.0, rel=1e-6) == times(budgets["engineering"])
    assert 4.0 < times(budgets["marketing"]) < 4.5
    assert found["assumes"] == [
        "for budgets of ForecastRule/all: retries, contexts and tools make 2 times of the use so far",
        "for budgets of ForecastRule/marketing: use grows by 10% in each month, beside the trend that is forecast",
        "for budgets of ForecastRule/marketing: retries, contexts and tools make 4 times of the use so far",
    ]
    # What the question says itself is said of every budget.
    assert [1.0, 1.0] == [times(by_scope(less)[name]) for name in ("engineering", "marketing")]
    assert (422, False) == (unborn.status_code, "moon`" in unborn.json()["error"]["message"].partition("there are")[2])
