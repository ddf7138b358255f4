"""Thresholds that were reached while nobody watched: told afterwards, and nothing else."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_alerts import ALERTING, said, spend, usd, watch
from tests.api.world import Server, StandingClock, running, settings_for, write_policies


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give an organisation with a quota that speaks up."""
    return write_policies(tmp_path / "policies", ALERTING)


async def test_what_nobody_watched_is_told_afterwards(any_server: Server, standing: StandingClock) -> None:
    """Nobody looks for ten weeks, and gateways go on: each threshold of each period is told, the oldest first."""
    await watch(any_server)
    await spend(any_server, usd("e-1", 9))
    standing.advance(15 * 86_400)
    await spend(any_server, usd("e-2", 12))
    standing.advance(30 * 86_400)
    await spend(any_server, usd("e-3", 1), usd("e-4", 8.5, subject={"user": "mia@acme.example"}))
    standing.advance(25 * 86_400)
    for _ in range(3):
        await watch(any_server)
        standing.advance(120)
    alerts = await said(any_server)

    assert [("engineering", "11", "80"), ("engineering", "12", "80"), ("engineering", "12", "100")] == [
        _what(alert) for alert in alerts[:3]
    ]
    assert [("marketing", "01", "80")] == [_what(alert) for alert in alerts[3:]]
    assert "it began anew on 1 December 00:00 CET" == alerts[0]["ways_out"][1]


async def test_what_comes_late_for_a_past_period_is_not_told(any_server: Server, standing: StandingClock) -> None:
    """Somebody looked after November ended: what is reported of it in December corrects its statement alone."""
    await watch(any_server)
    standing.advance(12 * 86_400)
    await watch(any_server)
    standing.advance(60)
    await spend(any_server, usd("e-1", 12, time="2026-11-25T12:00:00Z"))
    await watch(any_server)

    assert [] == await said(any_server)


async def test_a_first_alert_is_about_what_happens_from_then_on(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """Months that ended before a policy had any alert are not told when it gets one."""
    (policies / "quotas.yaml").write_text(ALERTING.partition("alerts:")[0])
    async with running(settings_for(sqlite_url, policies), standing) as server:
        await watch(server)
        await spend(server, usd("e-1", 12))
        standing.advance(20 * 86_400)
        await watch(server)
        (policies / "quotas.yaml").write_text(ALERTING)
        assert await server.governor.publisher.reload()
        standing.advance(86_400)
        await watch(server)

        assert [] == await said(server)


def _what(alert: dict[str, Any]) -> tuple[str, str, str]:
    """Return whose budget an alert is about, of which month (Berlin's begin in the evening before), and how full."""
    numbers = alert["numbers"]
    month = (datetime.fromisoformat(numbers["period_start"]) + timedelta(hours=2)).strftime("%m")
    return alert["scope"]["department"], month, numbers["at_percent"]
