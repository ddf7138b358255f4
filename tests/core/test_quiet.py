"""Quiet hours: what can wait goes out at their end, by the clock of the organisation."""

from datetime import UTC, datetime, time

import pytest

from governor.core.alerts.quiet import QuietHours, due_at

NIGHT = QuietHours(time(22), time(7))


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"),
        ("2026-11-20T20:59:59Z", "2026-11-20T20:59:59Z"),
        ("2026-11-20T21:00:00Z", "2026-11-21T06:00:00Z"),
        ("2026-11-21T03:00:00Z", "2026-11-21T06:00:00Z"),
        ("2026-11-21T06:00:00Z", "2026-11-21T06:00:00Z"),
        ("2026-03-28T23:30:00Z", "2026-03-29T05:00:00Z"),
        ("2026-10-24T23:30:00Z", "2026-10-25T06:00:00Z"),
    ],
)
def test_what_can_wait_goes_out_when_the_quiet_hours_end(at: str, due: str) -> None:
    """In Berlin's clock, also in the nights in which that changes."""
    assert datetime.fromisoformat(due) == due_at(datetime.fromisoformat(at), NIGHT, "Europe/Berlin")


def test_quiet_hours_within_a_day() -> None:
    """A lunch break ends on the same day."""
    lunch = QuietHours(time(12), time(13))

    assert datetime(2026, 11, 20, 13, tzinfo=UTC) == due_at(datetime(2026, 11, 20, 12, 30, tzinfo=UTC), lunch, "UTC")


def test_without_quiet_hours_nothing_waits() -> None:
    """At any time."""
    midnight = datetime(2026, 11, 20, tzinfo=UTC)

    assert midnight == due_at(midnight, None, "Europe/Berlin")
