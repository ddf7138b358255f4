"""What a forecast counts with beside the use so far: what was carried, what is held, later prices."""

from pathlib import Path

import pytest

from governor.core.keys import Role
from tests.api.world import StandingClock, running, settings_for, write_policies
from tests.forecasts.traffic import FIRST, forecasts, use_days

CARRIED = """\
apiVersion: governor/v1
kind: Quota
name: carried
per: [department]
limit: {limit}
period: month
rollover: {{unused: {{up_to: 100%}}, overspend: carry}}
"""
TWIN = """\
---
apiVersion: governor/v1
kind: Quota
name: twin
per: [department]
limit: {limit} USD
period: month
count_existing: true
"""
"""A budget that simply has what the other one has with its carry."""

TENTH_OF_NOVEMBER = range(71)


@pytest.fixture
def september() -> StandingClock:
    """Give a clock that stands at the beginning of September."""
    return StandingClock(FIRST)


@pytest.mark.parametrize(("limit", "is_debt"), [("30 USD", True), ("35 USD", False)])
async def test_what_was_carried_moves_the_limit(
    sqlite_url: str, tmp_path: Path, september: StandingClock, limit: str, is_debt: bool
) -> None:
    """A budget with a debt or a rest from the month before is forecast like one whose limit is what that leaves."""
    folder = write_policies(tmp_path / "policies", CARRIED.format(limit=limit))
    async with running(settings_for(sqlite_url, folder), september) as server:
        await use_days(server, september, TENTH_OF_NOVEMBER)
        async with server.client(Role.VIEWER) as viewer:
            [budget] = (await viewer.get("/budgets?quota=carried&department=engineering")).json()["budgets"]
        write_policies(folder, CARRIED.format(limit=limit) + TWIN.format(limit=budget["ceiling"]))
        assert await server.governor.publisher.reload()
        [carried, twin] = await forecasts(server, department="engineering")

    assert is_debt is (float(budget["ceiling"]) < float(budget["limit"]))
    assert budget["ceiling"] == carried["limit"]
    told = ("limit", "used", "total", "exceeds_probability", "runs_out_at")
    assert {name: twin[name] for name in told} == {name: carried[name] for name in told}
