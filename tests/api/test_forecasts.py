"""``GET /forecasts``: where budgets will end, from what was used, and how that turned out."""

from pathlib import Path

import pytest

from tests.api.world import StandingClock, running, settings_for
from tests.forecasts.traffic import FIRST, forecasts, tokens_of, use_days

NOVEMBER = range(61, 91)
"""Days since the first of September."""


@pytest.fixture
def september() -> StandingClock:
    """Give a clock that stands at the beginning of September."""
    return StandingClock(FIRST)


async def test_a_months_end_is_foreseen(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """Ten days into November the month's total is in the interval, and nearer than the run-rate says."""
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(71))
        [found] = await forecasts(server, quota="department-spend", department="engineering")
    actual = sum(3 * tokens_of(day) / 1e6 for day in NOVEMBER)
    total = {name: float(amount) for name, amount in found["total"].items()}

    assert total["lower"] <= actual <= total["upper"]
    assert abs(total["median"] - actual) < abs(float(found["baselines"]["run_rate"]) - actual)
    assert abs(total["median"] - actual) < 0.05 * actual
    assert (False, "USD", 80, 71) == tuple(
        found[name] for name in ("insufficient_data", "unit", "interval_percent", "history_days")
    )
    assert 0 <= found["exceeds_probability"] <= 0.1
    assert [] != found["ahead"]
    assert float(found["total"]["lower"]) <= float(found["spend_usd"]["median"]) <= float(found["total"]["upper"])
    assert int(found["tokens"]["median"]) == pytest.approx(total["median"] / 3 * 1e6, rel=0.01)
