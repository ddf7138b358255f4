"""Periods: every instant lies in exactly one, in every zone, whatever its clocks have done."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governor.core.periods import Every, Period, PeriodClock, PeriodDefinition, next_boundaries, period_at

ZONES = sorted(available_timezones() - {"localtime"})
CALENDAR = [every for every in Every if every not in {Every.DAYS, Every.ONCE}]
ANCHORED = [Every.WEEK, Every.MONTH, Every.QUARTER, Every.YEAR]

INSTANTS = st.integers(-(70 * 366 * 86400), 130 * 366 * 86400).map(
    lambda s: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
DATES = st.dates(date(1950, 1, 1), date(2080, 12, 31))
FIRST_DAYS = DATES.filter(lambda day: day.day >= 29) | DATES
FISCAL_STARTS = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))

DEFINITIONS = st.one_of(
    st.builds(
        PeriodDefinition,
        every=st.sampled_from(CALENDAR),
        time_zone=st.sampled_from(ZONES),
        week_starts=st.integers(1, 7),
        fiscal_year_start=FISCAL_STARTS,
    ),
    st.builds(
        PeriodDefinition, every=st.sampled_from(ANCHORED), time_zone=st.sampled_from(ZONES), anchor_on=FIRST_DAYS
    ),
    st.builds(
        PeriodDefinition,
        every=st.just(Every.DAYS),
        time_zone=st.sampled_from(ZONES),
        anchor_on=FIRST_DAYS,
        days=st.integers(1, 400),
    ),
)
# Few enough that two of them are often one calendar in other words.
ALIKE = st.one_of(
    st.builds(
        PeriodDefinition,
        every=st.sampled_from([every for every in CALENDAR if every not in {Every.MINUTE, Every.HOUR}]),
        week_starts=st.integers(1, 7),
        fiscal_year_start=st.sampled_from([(1, 1), (4, 1), (4, 6), (7, 1), (2, 28), (2, 29), (1, 29), (1, 31)]),
    ),
    st.builds(
        PeriodDefinition,
        every=st.sampled_from(ANCHORED),
        anchor_on=st.sampled_from([date(2026, 1, 1), date(2026, 4, 6), date(2024, 2, 29), date(2025, 2, 28)])
        | st.sampled_from([date(2026, 1, 29), date(2026, 1, 31), date(2026, 7, 1), date(2025, 3, 31)]),
    ),
    st.builds(
        PeriodDefinition,
        every=st.just(Every.DAYS),
        anchor_on=st.dates(date(2026, 11, 16), date(2026, 11, 24)),
        days=st.sampled_from([1, 2, 7, 30]),
    ),
)


def at(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text)


def first_days(definition: PeriodDefinition, after: datetime, count: int) -> list[str]:
    """Return the next local dates on which a period begins."""
    zone = ZoneInfo(definition.time_zone)
    return [boundary.astimezone(zone).date().isoformat() for boundary in next_boundaries(definition, after, count)]


@settings(max_examples=400)
@given(DEFINITIONS, INSTANTS)
def test_a_period_contains_its_instant_and_touches_its_neighbours(
    definition: PeriodDefinition, instant: datetime
) -> None:
    """Periods are half-open and tile time: no instant is in two, none is in none."""
    period = period_at(definition, instant)
    assert period.end_at is not None
    after = period_at(definition, period.end_at)
    before = period_at(definition, period.start_at - timedelta(microseconds=1))

    assert period.start_at <= instant < period.end_at
    assert period == period_at(definition, period.start_at)
    assert period == period_at(definition, period.end_at - timedelta(microseconds=1))
    assert period.end_at == after.start_at
    assert period.start_at == before.end_at


@settings(max_examples=200)
@given(DEFINITIONS.filter(lambda d: d.every not in {Every.MINUTE, Every.HOUR}), INSTANTS)
def test_a_period_opens_with_the_first_instant_of_a_local_day(definition: PeriodDefinition, instant: datetime) -> None:
    """The local date just before a period's start is earlier than the one at its start."""
    zone = ZoneInfo(definition.time_zone)
    start_at = period_at(definition, instant).start_at
    before = start_at - timedelta(microseconds=1)

    assert before.astimezone(zone).date() < start_at.astimezone(zone).date()


@settings(max_examples=200)
@given(DEFINITIONS, st.lists(INSTANTS, max_size=6), st.booleans())
def test_a_clock_remembers_and_never_differs(
    definition: PeriodDefinition, instants: list[datetime], ascending: bool
) -> None:
    """The clock of a hot path answers as the pure function does, in any order of instants."""
    clock = PeriodClock(definition)
    for instant in sorted(instants, reverse=not ascending):
        expected = period_at(definition, instant)

        assert expected == clock.at(instant)
        assert expected == clock.at(instant)


@settings(max_examples=500)
@given(ALIKE, ALIKE)
def test_an_identity_is_equal_exactly_if_time_is_cut_alike(first: PeriodDefinition, second: PeriodDefinition) -> None:
    """A rewording keeps the budget, and anything that moves a boundary starts another."""
    start = at("2024-01-01T12:00:00+00:00")
    cut_alike = next_boundaries(first, start, 40) == next_boundaries(second, start, 40)

    assert cut_alike == (first.identity() == second.identity())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (PeriodDefinition(Every.HOUR, "Asia/Tokyo"), PeriodDefinition(Every.HOUR, "UTC")),
        (PeriodDefinition(Every.MONTH, fiscal_year_start=(4, 1)), PeriodDefinition(Every.MONTH, week_starts=7)),
        (PeriodDefinition(Every.FISCAL_QUARTER, fiscal_year_start=(4, 1)), PeriodDefinition(Every.QUARTER)),
        (
            PeriodDefinition(Every.MONTH, anchor_on=date(2026, 1, 31)),
            PeriodDefinition(Every.MONTH, "UTC", date(2020, 3, 31)),
        ),
        (PeriodDefinition(Every.MONTH, anchor_on=date(2026, 5, 1)), PeriodDefinition(Every.MONTH)),
        (PeriodDefinition(Every.DAYS, anchor_on=date(2026, 11, 16), days=7), PeriodDefinition(Every.WEEK)),
    ],
)
def test_two_wordings_of_one_calendar_are_one_identity(first: PeriodDefinition, second: PeriodDefinition) -> None:
    """Rewording a period mints no new budget."""
    assert first.identity() == second.identity()


def test_different_calendars_have_different_identities() -> None:
    """Zone, word, anchor, length, start of week and of fiscal year all tell budgets apart."""
    anchor = date(2026, 1, 31)
    definitions = [
        *(PeriodDefinition(every, fiscal_year_start=(4, 6)) for every in CALENDAR),
        PeriodDefinition(Every.ONCE),
        PeriodDefinition(Every.MONTH, "Europe/Berlin"),
        PeriodDefinition(Every.MONTH, anchor_on=anchor),
        PeriodDefinition(Every.MONTH, anchor_on=date(2026, 1, 30)),
        PeriodDefinition(Every.WEEK, week_starts=7),
        PeriodDefinition(Every.DAYS, anchor_on=anchor, days=30),
        PeriodDefinition(Every.DAYS, anchor_on=anchor, days=31),
        PeriodDefinition(Every.DAYS, anchor_on=date(2026, 2, 1), days=31),
    ]

    assert len(definitions) == len({definition.identity() for definition in definitions})


def test_a_month_in_tokyo_opens_at_15_utc() -> None:
    """Midnight is the quota's, not the server's."""
    tokyo = PeriodDefinition(Every.MONTH, "Asia/Tokyo")
    expected = Period(at("2026-10-31T15:00:00+00:00"), at("2026-11-30T15:00:00+00:00"))

    assert expected == period_at(tokyo, at("2026-11-20T09:00:00+00:00"))
    assert expected.end_at == period_at(tokyo, at("2026-11-30T15:00:00+00:00")).start_at


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-20", 24)])
def test_a_day_in_berlin_resets_once_however_long_it_is(day: str, hours: int) -> None:
    """The days on which clocks change have 23 and 25 hours, and one reset."""
    berlin = PeriodDefinition(Every.DAY, "Europe/Berlin")
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    seen = {period_at(berlin, midnight + timedelta(minutes=minute)) for minute in range(hours * 60)}

    assert {Period(midnight, midnight + timedelta(hours=hours))} == seen


@pytest.mark.parametrize(
    ("zone", "noon_before", "first_instant"),
    [
        pytest.param("America/Sao_Paulo", "2018-11-03T15:00:00+00:00", "2018-11-04T03:00:00+00:00", id="no-midnight"),
        pytest.param("Asia/Beirut", "2022-03-26T10:00:00+00:00", "2022-03-26T22:00:00+00:00", id="no-midnight-beirut"),
        pytest.param("Africa/Cairo", "2024-04-25T10:00:00+00:00", "2024-04-25T22:00:00+00:00", id="no-midnight-cairo"),
        pytest.param("America/Toronto", "1919-03-30T12:00:00+00:00", "1919-03-31T04:30:00+00:00", id="gap-from-23:30"),
        pytest.param("America/Havana", "2024-11-02T16:00:00+00:00", "2024-11-03T04:00:00+00:00", id="not-twice"),
        pytest.param("America/Sao_Paulo", "2018-02-17T15:00:00+00:00", "2018-02-18T03:00:00+00:00", id="25-hours"),
        pytest.param("America/St_Johns", "2006-10-28T15:00:00+00:00", "2006-10-29T02:30:00+00:00", id="twice"),
        pytest.param("Pacific/Apia", "2011-12-29T20:00:00+00:00", "2011-12-30T10:00:00+00:00", id="no-day-at-all"),
    ],
)
def test_a_midnight_that_is_missing_or_comes_twice_is_the_days_first_instant(
    zone: str, noon_before: str, first_instant: str
) -> None:
    """A day begins once, when its date is first shown."""
    assert (at(first_instant),) == next_boundaries(PeriodDefinition(Every.DAY, zone), at(noon_before), 1)


def test_a_date_shown_again_after_midnight_opens_no_second_budget() -> None:
    """At 00:01 St. John's went back to 23:01: that hour belongs to the day that had begun."""
    newfoundland = PeriodDefinition(Every.DAY, "America/St_Johns")
    began, shown_again = at("2006-10-29T02:30:30+00:00"), at("2006-10-29T03:00:00+00:00")
    assert shown_again.astimezone(ZoneInfo("America/St_Johns")).date() == date(2006, 10, 28)

    assert period_at(newfoundland, began) == period_at(newfoundland, shown_again)


def test_a_day_that_a_zone_skipped_is_no_period() -> None:
    """Samoa had no 30 December 2011: the 29th is followed by the 31st."""
    apia = PeriodDefinition(Every.DAY, "Pacific/Apia")

    assert ["2011-12-29", "2011-12-31", "2012-01-01"] == first_days(apia, at("2011-12-29T00:00:00+00:00"), 3)


def test_an_anchored_month_ends_on_the_last_day_where_a_month_is_shorter() -> None:
    """From 31 January, February ends on its last day and March is on the 31st again."""
    definition = PeriodDefinition(Every.MONTH, anchor_on=date(2028, 1, 31))
    expected = ["2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"]

    assert expected == first_days(definition, at("2028-01-31T12:00:00+00:00"), 4)
    assert ["2026-02-28"] == first_days(definition, at("2026-02-01T00:00:00+00:00"), 1)


def test_a_month_and_thirty_days_differ() -> None:
    """`month` is a calendar month, `30 days` is a length."""
    start = at("2026-01-01T00:00:00+00:00")
    thirty_days = PeriodDefinition(Every.DAYS, anchor_on=date(2026, 1, 1), days=30)

    assert ["2026-02-01", "2026-03-01", "2026-04-01"] == first_days(PeriodDefinition(Every.MONTH), start, 3)
    assert ["2026-01-31", "2026-03-02", "2026-04-01"] == first_days(thirty_days, start, 3)


@pytest.mark.parametrize("weekday", range(1, 8))
def test_a_week_begins_on_the_day_that_the_organisation_says(weekday: int) -> None:
    """Any ISO weekday may open a week."""
    period = period_at(PeriodDefinition(Every.WEEK, week_starts=weekday), at("2026-11-18T12:00:00+00:00"))

    assert weekday == period.start_at.isoweekday()
    assert period.end_at == period.start_at + timedelta(days=7)


@pytest.mark.parametrize(
    ("every", "start", "after", "expected"),
    [
        (Every.FISCAL_YEAR, (4, 1), "2026-11-20", ["2027-04-01", "2028-04-01"]),
        (Every.FISCAL_QUARTER, (4, 6), "2026-11-20", ["2027-01-06", "2027-04-06"]),
        (Every.FISCAL_MONTH, (4, 6), "2026-11-05", ["2026-11-06", "2026-12-06"]),
        (Every.FISCAL_YEAR, (2, 29), "2026-11-20", ["2027-02-28", "2028-02-29", "2029-02-28"]),
        (Every.FISCAL_QUARTER, (2, 29), "2027-01-01", ["2027-02-28", "2027-05-29", "2027-08-29", "2027-11-29"]),
        (Every.FISCAL_MONTH, (2, 29), "2027-01-30", ["2027-02-28", "2027-03-29"]),
        (Every.QUARTER, (4, 6), "2026-11-20", ["2027-01-01", "2027-04-01"]),
        (Every.YEAR, (4, 6), "2026-11-20", ["2027-01-01", "2028-01-01"]),
    ],
)
def test_the_fiscal_calendar_counts_from_its_own_first_day(
    every: Every, start: tuple[int, int], after: str, expected: list[str]
) -> None:
    """Fiscal words follow the fiscal year, on a month's last day where it lacks the day; plain words do not."""
    definition = PeriodDefinition(every, fiscal_year_start=start)

    assert expected == first_days(definition, at(f"{after}T12:00:00+00:00"), len(expected))


@pytest.mark.parametrize(("every", "seconds"), [(Every.MINUTE, 60), (Every.HOUR, 3600)])
def test_minutes_and_hours_are_utc_in_every_zone(every: Every, seconds: int) -> None:
    """A zone half an hour off does not move them, nor does a change of its clocks."""
    period = period_at(PeriodDefinition(every, "Asia/Kolkata"), at("2026-10-25T00:59:59.999999+00:00"))

    assert 0 == period.start_at.timestamp() % seconds
    assert period.end_at == period.start_at + timedelta(seconds=seconds)


def test_a_lifetime_has_no_boundary() -> None:
    """`once` begins with the epoch and never ends."""
    once, now = PeriodDefinition(Every.ONCE), at("2026-11-20T09:00:00+00:00")

    assert Period(datetime(1970, 1, 1, tzinfo=UTC), None) == period_at(once, now)
    assert () == next_boundaries(once, now, 3)
    assert period_at(once, now).contains(now)


def test_a_length_without_an_anchor_is_refused() -> None:
    """Thirty days from when is not something to guess."""
    with pytest.raises(ValueError, match="first day"):
        period_at(PeriodDefinition(Every.DAYS, days=30), at("2026-11-20T09:00:00+00:00"))


def test_an_instant_may_be_given_in_any_zone() -> None:
    """The same instant is in the same period, however it is written."""
    definition = PeriodDefinition(Every.DAY, "Asia/Tokyo")
    instant = at("2026-11-20T15:00:00+00:00")

    assert period_at(definition, instant) == period_at(definition, instant.astimezone(ZoneInfo("America/Lima")))
