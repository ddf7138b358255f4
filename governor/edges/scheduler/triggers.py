"""When jobs are due: triggers of APScheduler, which are pure functions of an instant, in words for people."""

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]  # the library has no types

from governor.services.jobs import Trigger


def every(**length: int) -> Trigger:
    """Make a trigger that is due a length of time after the last turn began: ``every(minutes=5)``."""
    [(unit, count)] = length.items()
    words = f"every {unit.removesuffix('s')}" if count == 1 else f"every {count} {unit}"
    apart = timedelta(**length)
    return Trigger(words, lambda at: at + apart)


def daily(hour: int, minute: int) -> Trigger:
    """Make a trigger that is due once a day, at a time of UTC: quiet hours of people are the verbs' business."""
    return _cron(f"daily at {hour:02d}:{minute:02d} UTC", hour=hour, minute=minute)


def weekly(day: str, hour: int, minute: int) -> Trigger:
    """Make a trigger that is due once a week (``mon`` to ``sun``), at a time of UTC."""
    return _cron(f"weekly on {day} at {hour:02d}:{minute:02d} UTC", day_of_week=day, hour=hour, minute=minute)


def _cron(words: str, **fields: str | int) -> Trigger:
    cron = CronTrigger(timezone=UTC, **fields)

    def next_after(at: datetime) -> datetime:
        following: datetime | None = cron.get_next_fire_time(at, at)
        assert following is not None, "a trigger without an end always comes again"
        return following

    return Trigger(words, next_after)
