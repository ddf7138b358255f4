"""Working hours and holidays to the core's calendar of work."""

from collections.abc import Iterable
from datetime import date

from msgspec import UnsetType

from governor.compiler.build.reader import Reader, given
from governor.compiler.public_holidays import countries_with_holidays, public_holidays
from governor.compiler.quantities import parse_date
from governor.compiler.shapes.organization import OrganizationShape
from governor.compiler.shapes.working_time import HolidaysShape, WorkingHoursShape
from governor.compiler.working_quantities import parse_clock_time, parse_weekdays
from governor.core.working_time import MONDAY_TO_FRIDAY, WorkingTime


def build_working_time(shape: OrganizationShape, reader: Reader) -> WorkingTime:
    """Build the organisation's working time; without `working_hours` it is Monday to Friday, 9 to 18."""
    hours = WorkingHoursShape() if isinstance(shape.working_hours, UnsetType) else shape.working_hours
    start = reader.read(parse_clock_time, hours.from_, ("working_hours", "from"), 9 * 60)
    end = reader.read(parse_clock_time, hours.until, ("working_hours", "until"), 18 * 60)
    if end <= start:
        message = "`until` is not after `from`: nobody would ever work"
        reader.add("wrong-value", message, ("working_hours", "until"), hint='write until: "18:00"')
        start, end = 9 * 60, 18 * 60
    written = [hours.days] if isinstance(hours.days, str) else hours.days
    days = [reader.read(parse_weekdays, text, ("working_hours", "days"), MONDAY_TO_FRIDAY) for text in written]
    if not days:
        reader.add("wrong-value", "`days` names no day", ("working_hours", "days"), hint="write days: mon-fri")
        days = [MONDAY_TO_FRIDAY]
    return WorkingTime(
        time_zone=reader.time_zone,
        days=frozenset[int]().union(*days),
        from_minute=start,
        until_minute=end,
        holidays=_holidays(shape, reader),
    )


def _holidays(shape: OrganizationShape, reader: Reader) -> frozenset[date]:
    stated = shape.holidays
    if isinstance(stated, UnsetType):
        return frozenset()
    if isinstance(stated, HolidaysShape):
        return _public_holidays(stated, reader)
    days = [reader.maybe(parse_date, text, ("holidays", index)) for index, text in enumerate(stated)]
    return frozenset(day for day in days if day is not None)


def _public_holidays(stated: HolidaysShape, reader: Reader) -> frozenset[date]:
    subdivision = given(stated.subdivision, "")
    known = countries_with_holidays()
    if stated.country not in known:
        reader.add(
            "unknown-reference", f"no holidays are known of `{stated.country}`", ("holidays", "country"), hint=_LIST
        )
        return frozenset()
    if subdivision and subdivision not in known[stated.country]:
        message = f"no holidays are known of `{subdivision}` in {stated.country}"
        reader.add("unknown-reference", message, ("holidays", "subdivision"), hint=_some(known[stated.country]))
        return frozenset()
    return public_holidays(stated.country, subdivision)


_LIST = "write the days themselves, like [2026-12-24, 2026-12-25]"


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return f"there are {', '.join(listed)}" if listed else "leave the subdivision out"
