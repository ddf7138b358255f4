"""Working hours and holidays: lengths of time that people can rely on."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.core.working_time import Clock, Span, WorkingTime

BERLIN = ZoneInfo("Europe/Berlin")
WORKING = WorkingTime("Europe/Berlin", holidays=frozenset({date(2026, 12, 25)}))
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis adds the zone


def berlin(text: str) -> datetime:
    """Return an instant as Berlin's clocks show it."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("begins", "span", "ends"),
    [
        ("2026-11-20T14:00", Span(4 * 3600, Clock.WORKING), "2026-11-20T18:00"),
        ("2026-11-20T14:00", Span(4 * 3600 + 60, Clock.WORKING), "2026-11-23T09:01"),
        ("2026-11-20T14:00", Span(1, Clock.WORKING_DAYS), "2026-11-23T14:00"),
        ("2026-11-21T11:00", Span(1, Clock.WORKING_DAYS), "2026-11-23T18:00"),
        ("2026-11-20T06:00", Span(3600, Clock.WORKING), "2026-11-20T10:00"),
        ("2026-11-20T23:00", Span(3600, Clock.WORKING), "2026-11-23T10:00"),
        ("2026-12-24T17:00", Span(2 * 3600, Clock.WORKING), "2026-12-28T10:00"),
        ("2026-03-27T17:00", Span(2 * 3600, Clock.WORKING), "2026-03-30T10:00"),
        ("2026-11-20T14:00", Span(3 * 86_400, Clock.WALL), "2026-11-23T14:00"),
    ],
)
def test_a_length_ends_when_so_much_work_was_done(begins: str, span: Span, ends: str) -> None:
    """Nights, weekends, holidays and the change to summer time do not count; the wall clock counts them all."""
    assert berlin(ends) == span.after(berlin(begins), WORKING)


@given(INSTANTS, st.integers(0, 400_000), st.integers(0, 400_000))
def test_lengths_add_up_and_end_at_work(at: datetime, first: int, second: int) -> None:
    """Two lengths after each other are their sum, never end earlier, and end while people work."""
    middle = WORKING.after(at, first)
    end = WORKING.after(middle, second)
    local = end.astimezone(BERLIN)

    assert WORKING.after(at, first + second) == end
    assert at <= middle <= end
    assert (local.isoweekday() <= 5, 9 * 60 <= local.hour * 60 + local.minute <= 18 * 60) == (True, True)


@given(INSTANTS, st.integers(0, 1_000_000))
def test_no_more_work_is_counted_than_passes(at: datetime, seconds: int) -> None:
    """Working time is a part of all time."""
    assert WORKING.after(at, seconds) - at >= timedelta(seconds=seconds)
