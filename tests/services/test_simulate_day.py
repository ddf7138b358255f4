"""The made-up day of the demo: repeatable, and shaped like a day at an office."""

from collections import Counter
from datetime import date
from statistics import mean, median

from governor.core.policy.header import Source
from governor.core.policy.organization import Organization, Person, Placement, ServiceAccount
from governor.services.simulate_day import RUNAWAY_HOUR, RUNAWAY_REQUESTS, simulate_day

DAY = date(2026, 11, 18)
ACME = Organization(
    name="acme",
    source=Source("organization.yaml", 1),
    time_zone="UTC",
    people={
        f"p{number}@acme.example": Person(f"p{number}@acme.example", (Placement("engineering", "platform"),))
        for number in range(40)
    },
    service_accounts={"bot": ServiceAccount("bot", "p1@acme.example", (Placement("engineering", ""),))},
)


def test_same_seed_makes_the_same_day() -> None:
    """The demo shows the same numbers to everybody."""
    assert simulate_day(ACME, DAY, requests=200, seed=7) == simulate_day(ACME, DAY, requests=200, seed=7)


def test_other_seed_makes_another_day() -> None:
    """The seed matters."""
    assert simulate_day(ACME, DAY, requests=200, seed=7) != simulate_day(ACME, DAY, requests=200, seed=8)


def test_calls_come_in_the_order_of_their_time() -> None:
    """The demo drives its clock from one call to the next, and never back."""
    times = [call.at for call in simulate_day(ACME, DAY, requests=500)]

    assert sorted(times) == times


def test_office_hours_are_busy_and_nights_are_not() -> None:
    """Ten in the morning sees at least ten times the calls of three at night."""
    by_hour = Counter(call.at.hour for call in simulate_day(ACME, DAY, requests=4000) if call.user)

    assert by_hour[10] > 10 * by_hour[3]


def test_token_counts_have_heavy_tails() -> None:
    """A few huge requests pull the mean far above the median."""
    counts = [call.input_tokens for call in simulate_day(ACME, DAY, requests=4000) if call.user]

    assert mean(counts) > 1.5 * median(counts)


def test_agent_runs_away_in_the_afternoon() -> None:
    """One service account loops from 14:00 on, with a context that only grows."""
    loop = [call for call in simulate_day(ACME, DAY, requests=100) if call.service_account]

    assert (RUNAWAY_REQUESTS, {"bot"}, RUNAWAY_HOUR) == (
        len(loop),
        {call.service_account for call in loop},
        loop[0].at.hour,
    )
    assert sorted(call.input_tokens for call in loop) == [call.input_tokens for call in loop]


def test_output_never_exceeds_what_was_asked_for() -> None:
    """Providers obey `max_output_tokens`, and the cached part is a part of the input."""
    for call in simulate_day(ACME, DAY, requests=2000):
        assert call.output_tokens <= call.max_output_tokens
        assert call.cached_input_tokens <= call.input_tokens


def test_empty_organisation_has_an_empty_day() -> None:
    """Nobody calls where nobody works."""
    nobody = Organization(name="empty", source=Source("organization.yaml", 1))

    assert [] == simulate_day(nobody, DAY)
