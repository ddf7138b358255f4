"""Days of a summary are the organisation's days, to the second, whatever its clock's offset and changes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from governor.core.keys import Role
from tests.api.world import POLICIES, StandingClock, running, settings_for, write_policies

SECOND = timedelta(seconds=1)

# Zone, a local midnight by UTC, and the length of the day that begins there.
DAYS = [
    ("UTC", datetime(2026, 11, 20, tzinfo=UTC), 24),
    ("Asia/Kolkata", datetime(2026, 11, 19, 18, 30, tzinfo=UTC), 24),
    ("Asia/Kathmandu", datetime(2026, 11, 19, 18, 15, tzinfo=UTC), 24),
    ("America/St_Johns", datetime(2026, 11, 20, 3, 30, tzinfo=UTC), 24),
    # Clocks go back, forward, forward by half an hour, and forward at midnight itself.
    ("Europe/Berlin", datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25),
    ("Europe/Berlin", datetime(2026, 3, 28, 23, 0, tzinfo=UTC), 23),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 13, 30, tzinfo=UTC), 23.5),
    ("America/Santiago", datetime(2026, 9, 6, 4, 0, tzinfo=UTC), 23),
]


@pytest.mark.parametrize(("time_zone", "midnight_at", "hours"), DAYS, ids=lambda value: str(value)[:20])
async def test_a_day_has_all_of_its_usage_and_no_other(
    sqlite_url: str, tmp_path: Path, time_zone: str, midnight_at: datetime, hours: float
) -> None:
    """The last second before midnight is yesterday's; the first one after is today's; so at the day's other end."""
    folder = write_policies(tmp_path / "policies")
    (folder / "organization.yaml").write_text(POLICIES.replace("Europe/Berlin", time_zone))
    end_at = midnight_at + timedelta(hours=hours)
    moments = [midnight_at - SECOND, midnight_at, end_at - SECOND, end_at]
    days = [at.astimezone(ZoneInfo(time_zone)).date().isoformat() for at in moments]
    async with running(settings_for(sqlite_url, folder), StandingClock(end_at)) as server:
        async with server.client() as gateway:
            for number, at in enumerate(moments):
                event = {"event_id": f"e{number}", "model": "gpt-4o-mini", "time": at.isoformat()}
                used = {"subject": {"user": "eve@acme.example"}, "usage": {"input_tokens": 10**number}}
                answer = (await gateway.post("/usage", json={**event, **used})).json()
                assert ["recorded"] == [one["status"] for one in answer["events"]]
        async with server.client(Role.VIEWER) as viewer:
            by_day = (await viewer.get("/usage/summary?by=day")).json()
            window = {"by": "day", "since": midnight_at.isoformat(), "until": end_at.isoformat()}
            alone = (await viewer.get("/usage/summary", params=window)).json()

    assert days[0] < days[1] == days[2] < days[3]
    assert [(days[0], 1), (days[1], 110), (days[3], 1000)] == [
        (group["group"]["day"], group["input_tokens"]) for group in by_day["groups"]
    ]
    assert [(days[1], 110)] == [(group["group"]["day"], group["input_tokens"]) for group in alone["groups"]]
