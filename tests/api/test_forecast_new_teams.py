"""Teams with a few days of history: what everybody does tells what they will do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.world import Server, StandingClock, running, settings_for
from tests.forecasts.traffic import FIRST, MIA, forecasts, tokens_of, use, use_days

FRIDAY = 66
"""The sixth of November, in days since the first of September."""

NOVEMBER_ENDS = 91

RULE = "apiVersion: governor/v1\nkind: ForecastRule\nname: soon\nmin_history: 3 days\n"
MILLION_USD = 0.15
"""What a million tokens cost marketing."""


async def marketing(server: Server, clock: StandingClock, first: int, tokens: Callable[[int], int]) -> dict[str, Any]:
    """Let engineering work since September, and marketing since a later day; return marketing's forecast."""
    await use_days(server, clock, range(FRIDAY + 1))
    for day in range(first, FRIDAY + 1):
        await use(server, day, tokens(day), "gpt-4o-mini", MIA)
    [found] = await forecasts(server, quota="department-spend", department="marketing")
    return found


@pytest.fixture
def hasty(policies: Path) -> Path:
    """Give policies that want a forecast after three days."""
    (policies / "forecasts.yaml").write_text(RULE)
    return policies


async def test_a_new_team_gets_its_share_of_everybodys_rhythm(sqlite_url: str, hasty: Path) -> None:
    """From Monday to Friday a team has seen no weekend; the others have, so its month is foreseen with them."""
    clock = StandingClock(FIRST)
    async with running(settings_for(sqlite_url, hasty), clock) as server:
        found = await marketing(server, clock, FRIDAY - 4, tokens_of)
    actual = sum(tokens_of(day) for day in range(FRIDAY - 4, NOVEMBER_ENDS)) * MILLION_USD / 1e6
    wrong = abs(float(found["total"]["median"]) - actual)

    assert found["method"].startswith("share of everybody's use")
    assert (False, 5) == (found["insufficient_data"], found["history_days"])
    assert wrong < 0.05 * actual
    assert wrong < 0.3 * abs(float(found["baselines"]["run_rate"]) - actual)


async def test_a_new_team_that_works_on_weekends_keeps_its_own_rhythm(sqlite_url: str, hasty: Path) -> None:
    """A machine that is never asleep is not taken for an office: its first weekend says so."""
    clock = StandingClock(FIRST)
    async with running(settings_for(sqlite_url, hasty), clock) as server:
        found = await marketing(server, clock, FRIDAY - 9, lambda _: 400_000)
    # Six days of November are over in UTC; Berlin's November began an hour before.
    actual = 30 * 400_000 * MILLION_USD / 1e6

    assert not found["method"].startswith("share")
    assert float(found["total"]["median"]) == pytest.approx(actual, rel=0.03)


TEAMS = """\
apiVersion: governor/v1
kind: Quota
name: team-spend
per: [team]
limit: 100 USD
period: month
"""
SAM = {"user": "sam@acme.example"}


async def test_a_new_team_is_a_share_of_its_department(sqlite_url: str, hasty: Path) -> None:
    """Its department rests on weekends; a far larger one that never does says nothing about it."""
    organization = hasty / "organization.yaml"
    sam = "  - {user: sam@acme.example, kind: employee, team: search, department: engineering}\n"
    organization.write_text(organization.read_text().replace("people:\n", "people:\n" + sam, 1))
    (hasty / "quotas.yaml").write_text(TEAMS)
    clock = StandingClock(FIRST)
    async with running(settings_for(sqlite_url, hasty), clock) as server:
        await use_days(server, clock, range(FRIDAY + 1))
        for day in range(FRIDAY + 1):
            await use(server, day, 50_000_000, "gpt-4o-mini", MIA)
        for day in range(FRIDAY - 4, FRIDAY + 1):
            await use(server, day, tokens_of(day), "claude-sonnet-4", SAM, name="sam")
        [found] = await forecasts(server, quota="team-spend", team="search")
    actual = sum(tokens_of(day) for day in range(FRIDAY - 4, NOVEMBER_ENDS)) * 3 / 1e6

    assert found["method"].startswith("share of engineering's use; ")
    assert float(found["total"]["median"]) == pytest.approx(actual, rel=0.08)
