"""A replay's lane against the service's own ledger: the same requests, decided and settled, come to the same."""

from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governor.core.decisions.caller import Caller
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.event import CallStatus, UsageEvent
from governor.core.decisions.request import Ability, DecideRequest, Subject
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.commands import Admission, Place, Placed, Settle, Written
from governor.core.ledger.memory import MemoryLedger
from governor.core.ledger.reservation import Facts, ReservationState
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.kinds import Overage, Quota, Rollover, WhenReached
from governor.core.settlement.assess import assess
from governor.core.units import Unit
from governor.core.usage import Usage
from governor.services import replay_lane
from governor.services.replay_lane import Asked, Lane
from tests.services.test_replay import START_S, USD, header, monthly, snapshot

CALLER = Caller("replay")
MINUTE = PeriodDefinition(Every.MINUTE)
FUND = monthly(25, "fund", project="none")
POLICIES = (
    monthly(60),
    monthly(35, "department", per=("department",)),
    Quota(
        header("Quota", "person"),
        Unit.USD,
        20 * USD,
        per=("user",),
        period=PeriodDefinition(Every.MONTH),
        when_reached=WhenReached.OVERAGE,
        overage=Overage(10 * USD, fund="fund"),
        root="person",
    ),
    Quota(header("Quota", "slots"), Unit.CONCURRENT, 2, per=("department",), root="slots", charge_on_expiry=True),
    Quota(header("Quota", "rate"), Unit.REQUESTS, 2, per=("user",), period=MINUTE, root="rate"),
    Quota(header("Quota", "tokens"), Unit.TOKENS, 70_000, period=PeriodDefinition(Every.MONTH), root="tokens"),
    FUND,
)
Call = tuple[int, int, int | None, str, int]
CALLS = st.lists(
    st.tuples(
        st.integers(1, 90),
        st.integers(1, 12),
        st.none() | st.integers(0, 5),
        st.sampled_from(["ada", "bob", "dan"]),
        st.sampled_from([0, 5, 100]),
    ),
    max_size=25,
)


class Service:
    """The service's own steps on the ledger in memory: place, and settle when the call ends."""

    def __init__(self, made: Snapshot) -> None:
        self.made = made
        self.now_s = 0.0
        self.ledger = MemoryLedger(lambda: self.now_s)
        self.open: list[tuple[float, int, DecideRequest, Usage | None]] = []

    def decide(self, number: int, request: DecideRequest, usage: Usage | None, at_s: float, duration_s: int) -> str:
        """Return the model given, or ``""``."""
        self.settle_until(at_s)
        self.now_s = at_s
        plan = evaluate(self.made, request, CALLER, datetime.fromtimestamp(at_s, UTC))

        def conclude(admission: Admission, _expires_at_s: int) -> Written:
            given_ = plan.candidates[admission.chosen or 0]
            held = given_.held
            facts = Facts(
                given_.prepared.attributes,
                given_.prepared.model.id,
                given_.prepared.model.provider,
                request.operation,
                1,
                held.input_tokens,
                held.output_tokens,
                held.cost_nano_usd,
                "v1",
            )
            return Written(facts, b"")

        key = number.to_bytes(16)
        placed = self.ledger.apply(
            Place(
                key,
                CALLER.name,
                key,
                b"",
                int(at_s * 1000),
                plan.options,
                lambda chosen: max(plan.hold_for_s(chosen), duration_s + 1),
                conclude,
                b"",
            )
        )
        assert isinstance(placed, Placed)
        if placed.state is ReservationState.DENIED:
            return ""
        self.open.append((at_s + duration_s, number, request, usage))
        if not duration_s:
            self.settle_until(at_s)
        return placed.reservation.facts.model

    def settle_until(self, at_s: float) -> None:
        """Report what has ended."""
        due = sorted(each for each in self.open if each[0] <= at_s)
        self.open = [each for each in self.open if each[0] > at_s]
        for ends_s, number, _, usage in due:
            self.now_s = max(self.now_s, ends_s)
            status = CallStatus.OK if usage is not None else CallStatus.CANCELLED
            event = UsageEvent(source=CALLER.name, event_id="", model="", status=status, usage=usage)
            received_at = datetime.fromtimestamp(self.now_s, UTC)
            key = number.to_bytes(16)
            self.ledger.apply(
                Settle(
                    entry_id=key,
                    source=CALLER.name,
                    event_id=key.hex(),
                    body_digest=b"",
                    decision_id=key,
                    corrects=None,
                    received_at_ms=int(self.now_s * 1000),
                    final=True,
                    assess=partial(_assess, self.made, event, received_at),
                    encode=lambda _result: b"",
                )
            )


def _assess(made: Snapshot, event: UsageEvent, received_at: datetime, reservation: object, corrected: object) -> object:
    return assess(made, event, CALLER, received_at, reservation=reservation, corrected=corrected)  # type: ignore[arg-type]  # as the ledger calls it


@settings(max_examples=60, deadline=None)
@given(CALLS)
def test_lane_agrees_with_the_service(calls: list[Call]) -> None:
    """Verdicts, models and every balance are the same after any calls, long or short, reported or not."""
    made = snapshot(*POLICIES, fallback=("acme/small",))
    lane, service = Lane(made), Service(made)
    at_s = START_S
    for number, (step_s, tokens, output, user, duration_s) in enumerate(calls):
        at_s += step_s
        request = DecideRequest(
            "",
            Subject(user=f"{user}@acme.example"),
            "acme/fast",
            input_tokens=tokens,
            can=frozenset(Ability),
        )
        usage = Usage(input_tokens=tokens, output_tokens=output) if output is not None else None
        outcome = lane.decide(Asked(request, request.subject, CALLER), usage, at_s, duration_s)
        chosen = outcome.given.model.id if outcome.given is not None else ""

        assert service.decide(number, request, usage, at_s, duration_s) == chosen
    lane.finish()
    service.settle_until(float("inf"))

    counters = service.ledger.book.counters

    assert {digest: counter.used for digest, counter in counters.items() if counter.used} == {
        digest: balance.used for digest, balance in lane.accounts.drawn_on.items() if balance.used
    }
    assert not any(balance.held for balance in lane.accounts.drawn_on.values())


DAY_S = 86_400
ROLLING = Quota(
    header("Quota", "rolling"),
    Unit.USD,
    40 * USD,
    per=("user",),
    period=PeriodDefinition(Every.DAY),
    rollover=Rollover(unused_percent=100, overspend=True),
    root="rolling",
)
"""A budget of a day that hands on what is left of it, and what is owed."""


def rolling_verdicts(calls: list[tuple[int, str, int, int]], *, shortcuts: bool) -> tuple[list[bool], int]:
    """Decide calls (days since the last one, user, asked and used USD) and return what was given, and what is known."""
    lane, at_s, given_ = Lane(snapshot(ROLLING), shortcuts=shortcuts), START_S, []
    for days, user, asked, used in calls:
        at_s += days * DAY_S
        request = DecideRequest(
            "", Subject(user=f"{user}@acme.example"), "acme/fast", input_tokens=asked, max_output_tokens=1
        )
        question = Asked(request, (request.subject, request.model), CALLER)
        outcome = lane.decide(question, Usage(input_tokens=used), at_s, 0)
        given_.append(outcome.given is not None)
    return given_, len(lane.accounts.drawn_on)


ROLLING_CALLS = st.lists(
    st.tuples(
        st.integers(0, 6), st.sampled_from(["ada", "dan"]), st.sampled_from([1, 20, 40, 60]), st.integers(1, 120)
    ),
    max_size=30,
)


@given(ROLLING_CALLS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_forgetting_changes_no_verdict(calls: list[tuple[int, str, int, int]], shortcuts: bool) -> None:
    """What is carried depends on thirteen days, also with debts, also of somebody who was away for a week."""
    with pytest.MonkeyPatch.context() as patch:
        kept, _ = rolling_verdicts(calls, shortcuts=shortcuts)
        patch.setattr(replay_lane, "FORGET_EVERY", 1)
        forgotten, _ = rolling_verdicts(calls, shortcuts=shortcuts)

    assert kept == forgotten


def test_a_year_of_days_leaves_no_more_than_what_is_looked_back_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a replay does not grow with the length of the recording."""
    monkeypatch.setattr(replay_lane, "FORGET_EVERY", 1)
    _, known = rolling_verdicts([(1, "ada", 20, 20)] * 365, shortcuts=True)

    assert 14 <= known <= 17
