"""Local hours: each lies within one day of its zone, whatever the zone's offset."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.core.calendar_days import hour_start_s, local_date

ZONES = sorted(available_timezones() - {"localtime"})
INSTANTS = st.integers(0, 15 * 366 * 86400).map(lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


@given(at=INSTANTS, time_zone=st.sampled_from(ZONES))
def test_an_hour_never_reaches_into_another_day(at: datetime, time_zone: str) -> None:
    """Hours add up to days in every zone, also where clocks are changed."""
    start_s = hour_start_s(at, time_zone)
    start_at = datetime.fromtimestamp(start_s, UTC)

    assert timedelta() <= at - start_at < timedelta(hours=1)
    assert local_date(at, time_zone) == local_date(start_at, time_zone)


@pytest.mark.parametrize(
    ("time_zone", "minute"),
    [("UTC", 0), ("Europe/Berlin", 0), ("Asia/Kolkata", 30), ("Asia/Kathmandu", 15), ("Australia/Lord_Howe", 0)],
)
def test_hours_begin_where_the_clock_of_the_zone_shows_a_full_hour(time_zone: str, minute: int) -> None:
    """Half past by UTC in India, a quarter past in Nepal."""
    start_at = datetime.fromtimestamp(hour_start_s(datetime(2026, 11, 20, 9, 59, 59, tzinfo=UTC), time_zone), UTC)

    assert (minute, 0) == (start_at.minute, start_at.astimezone(ZoneInfo(time_zone)).minute)
