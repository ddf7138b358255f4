"""Replay: recorded requests decided and settled on their own clock, with flat memory."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.core.decisions.recorded import Recorded
from governor.core.decisions.request import Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, PolicySet, Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.models import Model, ModelCatalog
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.header import Header, Selector, Source
from governor.core.policy.kinds import ModelAllowlist, Quota
from governor.core.policy.organization import Department, Organization, Person, Placement
from governor.core.prices import Price, PriceBook, PriceEntry, Rates
from governor.core.units import Unit
from governor.services.replay import Replay, ReplayOptions

USD = 10**9
START_S = datetime(2026, 11, 18, 9, tzinfo=UTC).timestamp()
SOURCE = Source("policies.yaml", 1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
MONTH = PeriodDefinition(Every.MONTH)
MINUTE = PeriodDefinition(Every.MINUTE)


def header(kind: str, name: str, **terms: str) -> Header:
    """Make an envelope whose selector has one pattern for each attribute."""
    return Header(kind, name, SOURCE, applies_to=Selector(tuple((key, (value,)) for key, value in terms.items())))


def organization() -> Organization:
    """Two departments with three people each."""
    people = {
        f"{name}@acme.example": Person(f"{name}@acme.example", (Placement(department, ""),))
        for department, names in {"sales": ("ada", "bob", "cyd"), "legal": ("dan", "eve", "fay")}.items()
        for name in names
    }
    return Organization(
        name="acme",
        source=SOURCE,
        people=people,
        person_ids={user: user for user in people},
        departments={name: Department(name) for name in ("sales", "legal")},
    )


def snapshot(*quotas: Quota, fallback: tuple[str, ...] = (), deny: tuple[str, ...] = ()) -> Snapshot:
    """Policies with two models at one USD per token of input (fast) and a tenth of that (small)."""
    rates = {"acme/fast": USD * 10**6, "acme/small": USD * 10**5}
    return Snapshot.build(
        PolicySet(
            version="v1",
            organization=organization(),
            catalog=ModelCatalog({name: Model(name, max_output=1000) for name in rates}, use_catalogue=False),
            prices=PriceBook(
                tuple(
                    PriceEntry(name, "", LONG_AGO, Price(Rates(input=rate, output=0), origin="test"), SOURCE)
                    for name, rate in rates.items()
                ),
                use_catalogue=False,
            ),
            allowlists=(ModelAllowlist(header("ModelAllowlist", "all"), allow=("*",), fallback=fallback, deny=deny),),
            quotas=quotas,
        ),
        NO_CATALOGUES,
    )


def monthly(limit_usd: int, name: str = "monthly", per: tuple[str, ...] = (), **terms: str) -> Quota:
    """A quota of a month in USD."""
    return Quota(header("Quota", name, **terms), Unit.USD, limit_usd * USD, per=per, period=MONTH, root=name)


def recorded(at_s: float = 0, tokens: int = 1, user: str = "ada", **more: Any) -> Recorded:
    """A request of one person that costs a USD for each token."""
    return Recorded(START_S + at_s, tokens, 1, model="acme/fast", subject=Subject(user=f"{user}@acme.example"), **more)


def replayed(made: Snapshot, rows: Iterable[Recorded], options: ReplayOptions | None = None) -> dict[str, Any]:
    """Replay to the end and return the summary as it is printed."""
    replay = Replay(made, options or ReplayOptions())
    for _ in replay.run(rows):
        pass
    return replay.summary.document(0)


def test_summary_has_the_documented_keys() -> None:
    """Scripts read these names."""
    assert [
        "requests",
        "allowed",
        "denied",
        "substituted",
        "cost_usd",
        "input_tokens",
        "output_tokens",
        "by_department",
        "by_model",
        "by_policy",
        "seconds",
    ] == list(replayed(snapshot(), []))


def test_recorded_requests_are_decided_and_paid() -> None:
    """What is allowed is settled with its recorded tokens."""
    document = replayed(snapshot(), [recorded(tokens=3), recorded(1, tokens=4, user="dan")])

    assert (2, 2, 0, "7.000000000", 7, 2) == (
        document["requests"],
        document["allowed"],
        document["denied"],
        document["cost_usd"],
        document["input_tokens"],
        document["output_tokens"],
    )
    assert {"sales": "3.000000000", "legal": "4.000000000"} == {
        name: tally["cost_usd"] for name, tally in document["by_department"].items()
    }


def test_exhausted_budget_refuses_and_is_named() -> None:
    """The policy that decided a deny is counted, and a deny costs nothing."""
    document = replayed(snapshot(monthly(10)), [recorded(second, tokens=4) for second in range(5)])

    assert (2, 3, "8.000000000", {"Quota/monthly": {"denied": 3}}) == (
        document["allowed"],
        document["denied"],
        document["cost_usd"],
        document["by_policy"],
    )


def test_budgets_roll_over_on_the_clock_of_the_recording() -> None:
    """A new month of the recording has a new budget."""
    month_s = 31 * 86400
    rows = [recorded(0, tokens=10), recorded(1, tokens=10), recorded(month_s, tokens=10)]
    document = replayed(snapshot(monthly(10)), rows)

    assert (2, 1) == (document["allowed"], document["denied"])


def test_open_calls_hold_their_budget_until_they_end() -> None:
    """A request settles after its recorded duration: until then its hold counts against others."""
    concurrent = Quota(header("Quota", "one-at-a-time"), Unit.CONCURRENT, 1, root="one-at-a-time")
    rows = [recorded(0, duration_s=10), recorded(5), recorded(11)]
    document = replayed(snapshot(concurrent), rows)

    assert (2, {"Quota/one-at-a-time": {"denied": 1}}) == (document["allowed"], document["by_policy"])


def test_long_calls_settle_to_the_cent_after_the_last_request() -> None:
    """What is still open when the recording ends is settled too, however long it took."""
    document = replayed(snapshot(), [recorded(0, tokens=5, duration_s=7200)])

    assert "5.000000000" == document["cost_usd"]


def test_refused_model_is_replaced_by_its_fallback() -> None:
    """A gateway that can substitute gets the fallback; it is counted by the model given."""
    made = snapshot(fallback=("acme/small",), deny=("acme/fast",))
    document = replayed(made, [recorded(tokens=10)])

    assert (1, ["acme/small"], "1.000000000") == (
        document["substituted"],
        list(document["by_model"]),
        document["cost_usd"],
    )


def test_unknown_output_costs_what_was_held() -> None:
    """Without a recorded output the hold is the best guess; it is not free."""
    row = recorded(tokens=6)._replace(output_tokens=None)
    document = replayed(snapshot(monthly(10)), [row])

    assert "6.000000000" == document["cost_usd"]


def test_requests_without_subject_are_spread_over_everybody() -> None:
    """The same recording always meets the same people, and all of them."""
    rows = [Recorded(START_S + second, 1, 1) for second in range(600)]
    options = ReplayOptions(model="acme/fast")
    first = replayed(snapshot(), rows, options)
    second = replayed(snapshot(), rows, options)

    assert first == second
    assert all(200 < tally["requests"] < 400 for tally in first["by_department"].values())


def test_recording_without_model_needs_one() -> None:
    """Guessing a model would make up the price."""
    with pytest.raises(InvalidRequestError, match="--model"):
        replayed(snapshot(), [Recorded(START_S, 1, 1)])


def test_offset_moves_a_recording_without_calendar() -> None:
    """Times that count from the beginning are put where the options say."""
    rows = [Recorded(0, 10, 1, model="acme/fast"), Recorded(1, 10, 1, model="acme/fast")]
    document = replayed(snapshot(monthly(10)), rows, ReplayOptions(offset_s=START_S))

    assert (1, 1) == (document["allowed"], document["denied"])


def test_two_runs_agree() -> None:
    """Nothing is left over from one run to the next."""
    made = snapshot(monthly(30, per=("user",)))
    rows = [recorded(second, tokens=1 + second % 7, user="ada" if second % 3 else "eve") for second in range(50)]

    assert replayed(made, rows) == replayed(made, rows)


def test_past_requests_and_budgets_are_forgotten() -> None:
    """Memory does not grow with the recording: settled requests and past minutes leave nothing behind."""
    rate = Quota(header("Quota", "rate"), Unit.REQUESTS, 1000, per=("user",), period=MINUTE, root="rate")
    replay = Replay(snapshot(rate), ReplayOptions())
    for _ in replay.run(recorded(minute * 60) for minute in range(3 * 4096)):
        pass

    assert [] == replay.lane._open
    assert len(replay.lane.accounts.drawn_on) < 4200


@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.integers(1, 12), st.integers(0, 5), st.sampled_from(["ada", "bob", "dan"])),
        max_size=40,
    )
)
def test_one_step_equals_two(calls: list[tuple[int, int, int, str]]) -> None:
    """Deciding and settling at once comes to the same as placing a hold that is settled before the next request."""
    quotas = (
        monthly(60),
        monthly(35, "department", per=("department",)),
        monthly(20, "person", per=("user",)),
        Quota(header("Quota", "rate"), Unit.REQUESTS, 2, per=("user",), period=MINUTE, root="rate"),
        Quota(header("Quota", "tokens"), Unit.TOKENS, 70_000, period=MONTH, root="tokens"),
    )
    at_s = 0
    rows = []
    for step_s, tokens, output, user in calls:
        at_s += step_s
        rows.append(recorded(at_s, tokens, user)._replace(output_tokens=output))
    in_two = [row._replace(duration_s=0.01) for row in rows]

    assert replayed(snapshot(*quotas), in_two) == replayed(snapshot(*quotas), rows)
