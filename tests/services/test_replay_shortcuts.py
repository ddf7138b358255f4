"""The short way of a replay against its long one: the same verdicts, money, warnings and balances for any requests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import compile_folder
from governor.core.decisions.blocks import Authority, Block, BlockKind, Blocks
from governor.core.decisions.caller import Caller
from governor.core.decisions.request import Ability, DecideRequest, Operation, Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, PolicySet, Snapshot
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import Downgrade, MaxShare, Overage, Quota, Rollover, WhenReached
from governor.core.units import Counts, Unit
from governor.core.usage import Usage
from governor.services.plan_outcomes import effects, refused_by, run_out, warned
from governor.services.replay_lane import Asked, Lane, Outcome
from tests.services.test_replay import MINUTE, MONTH, USD, header, snapshot

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
START_S = datetime(2026, 11, 29, 21, tzinfo=UTC).timestamp()
CALLER = Caller("replay")
DAY = PeriodDefinition(Every.DAY, "Europe/Berlin")


@cache
def example() -> PolicySet:
    """The example organisation."""
    policies = compile_folder(ROOT / "policies", NOW, genai_prices()).policies
    assert policies is not None
    return policies


def tightened(policies: PolicySet, divisor: int) -> PolicySet:
    """The same policies with smaller limits, so that few requests fill them."""
    return replace(
        policies,
        quotas=[
            replace(
                quota,
                limit=quota.limit // divisor,
                limits=tuple(replace(each, limit=each.limit // divisor) for each in quota.limits),
            )
            if quota.unit is Unit.USD
            else quota
            for quota in policies.quotas
        ],
    )


MOVING = (
    Quota(
        header("Quota", "carried"),
        Unit.USD,
        40 * USD,
        period=DAY,
        soft_limit_percent=70,
        rollover=Rollover(unused_percent=50, overspend=True),
        root="carried",
    ),
    Quota(header("Quota", "shared"), Unit.USD, 90 * USD, period=MONTH, max_share=MaxShare("user", 40), root="shared"),
    Quota(header("Quota", "paced"), Unit.USD, 300 * USD, period=MONTH, burst_percent=150, root="paced"),
    Quota(
        header("Quota", "own-overage"),
        Unit.USD,
        8 * USD,
        period=MONTH,
        per=("department",),
        when_reached=WhenReached.OVERAGE,
        overage=Overage(20 * USD),
        root="own-overage",
    ),
    Quota(
        header("Quota", "funded"),
        Unit.USD,
        25 * USD,
        period=MONTH,
        per=("user",),
        soft_limit=10 * USD,
        when_reached=WhenReached.OVERAGE,
        overage=Overage(10 * USD, fund="fund"),
        root="funded",
    ),
    Quota(
        header("Quota", "fund", project="none"),
        Unit.USD,
        15 * USD,
        period=MONTH,
        max_share=MaxShare("team", 60),
        burst_percent=900,
        root="fund",
    ),
    Quota(
        header("Quota", "told"),
        Unit.TOKENS,
        3_000,
        period=MONTH,
        counts=Counts.OUTPUT,
        when_reached=WhenReached.WARN,
        rollover=Rollover(unused_percent=50, overspend=True),
        root="told",
    ),
    Quota(
        replace(header("Quota", "trial"), enforcement=Enforcement.AUDIT),
        Unit.REQUESTS,
        3,
        per=("user",),
        period=MINUTE,
        root="trial",
    ),
    Quota(header("Quota", "slots"), Unit.CONCURRENT, 3, root="slots"),
    Quota(
        header("Quota", "cheaper"),
        Unit.USD,
        40 * USD,
        period=MONTH,
        when_reached=WhenReached.DOWNGRADE,
        downgrade=Downgrade(("acme/small",), 50),
        root="cheaper",
    ),
)

FEW = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 20, 90_000]),
        st.integers(0, 12),
        st.none() | st.sampled_from([0, 1]),
        st.just(None),
        st.integers(0, 1),
        st.sampled_from([0.0, 0.0, 25.0]),
        st.integers(0, 2),
    ),
    min_size=4,
    max_size=16,
)

CALLS = st.lists(
    st.tuples(
        st.sampled_from([-30, 0, 1, 20, 3_600, 40_000, 90_000, 1_500_000]),
        st.integers(0, 12) | st.sampled_from([100, 5_000, 150_000, 250_000]),
        st.none() | st.sampled_from([0, 1, 500, 40_000]),
        st.none() | st.sampled_from([1, 600, 70_000]),
        st.integers(0, 3),
        st.sampled_from([0.0, 0.0, 25.0, 4_000.0]),
        st.integers(0, 2),
    ),
    max_size=30,
)
Call = tuple[int, int, int | None, int | None, int, float, int]
Taken = list[str | None]


def said(outcome: Outcome) -> tuple[object, ...]:
    """What a replay reads of an outcome."""
    given = outcome.given
    return (
        outcome.asked.model.id,
        dict(outcome.asked.attributes),
        given.model.id if given is not None else refused_by(outcome),
        outcome.max_output_tokens,
        outcome.usage,
        outcome.cost_nano_usd,
        warned(outcome),
        tuple(run_out(outcome)),
    )


def agree(made: tuple[Snapshot, Snapshot], calls: list[Call], users: tuple[str, ...], models: tuple[str, ...]) -> Taken:
    """Replay both ways, compare, and return for each call what the short way gave (``""``: nothing), or None."""
    short, full = Lane(made[0]), Lane(made[1], shortcuts=False)
    at_s = START_S
    taken: Taken = []
    for step_s, tokens, output, asked_output, who, duration_s, variant in calls:
        at_s += step_s
        request = DecideRequest(
            "",
            Subject(user=users[who % len(users)]),
            models[variant % len(models)],
            operation=Operation.EMBEDDINGS if variant == 2 else Operation.CHAT,
            input_tokens=tokens,
            max_output_tokens=asked_output,
            can=frozenset(Ability) if variant else frozenset(),
        )
        # More may be used than was held, so that budgets are overrun.
        usage = Usage(input_tokens=tokens + 9 * min(output, 1), output_tokens=output) if output is not None else None
        asked = Asked(request, (request.subject, request.model, request.operation, request.can), CALLER)
        first = short.decide(asked, usage, at_s, duration_s)
        second = full.decide(asked, usage, at_s, duration_s)

        assert said(second) == said(first)
        assert [] == effects(first, second, warned(first), warned(second))

        given_ = first.given.model.id if first.given is not None else ""
        taken.append(given_ if first.decided is None else None)
    for lane in (short, full):
        lane.finish()

    assert {digest: (each.used, each.held) for digest, each in full.accounts.drawn_on.items()} == {
        digest: (each.used, each.held) for digest, each in short.accounts.drawn_on.items()
    }
    return taken


def dearer(made: Snapshot) -> Snapshot:
    """The same policies with a price that doubles half an hour after the first request."""
    book = made.policies.prices
    first = book.entries[0]
    later = replace(
        first,
        from_at=datetime.fromtimestamp(START_S + 1_800, UTC),
        price=replace(first.price, rates=replace(first.price.rates, input=2 * USD * 10**6)),
    )
    return Snapshot.build(replace(made.policies, prices=replace(book, entries=(*book.entries, later))), NO_CATALOGUES)


@settings(max_examples=200, deadline=None)
@given(CALLS, st.sets(st.sampled_from(range(len(MOVING))), max_size=4))
def test_short_way_agrees_where_ceilings_move(calls: list[Call], among: set[int]) -> None:
    """Carried over, shared, paced, overdrawn, paid from a fund, only told, on trial, at once: all come to the same."""
    quotas = [MOVING[number] for number in sorted(among)]
    made = dearer(snapshot(*quotas)), dearer(snapshot(*quotas))
    agree(made, calls, ("ada@acme.example", "dan@acme.example"), ("acme/fast",))


@pytest.mark.parametrize("quota", MOVING, ids=lambda quota: quota.header.name)
@settings(max_examples=40, deadline=None)
@given(calls=FEW)
def test_short_way_agrees_on_each_kind_of_quota(quota: Quota, calls: list[Call]) -> None:
    """One quota, and the fund that may pay for it: small requests, so that it is reached and passed."""
    fund = next(each for each in MOVING if each.header.name == "fund")
    quotas = (quota,) if quota is fund else (quota, fund)
    agree((snapshot(*quotas), snapshot(*quotas)), calls, ("ada@acme.example", "dan@acme.example"), ("acme/fast",))


@settings(max_examples=60, deadline=None)
@given(CALLS, st.sampled_from([1, 20_000, 3_000_000]))
def test_short_way_agrees_on_the_example(calls: list[Call], divisor: int) -> None:
    """Allowlists, context limits, downgrades, routings, use cases: the whole example organisation."""
    policies = tightened(example(), divisor)
    made = Snapshot.build(policies, genai_prices()), Snapshot.build(policies, genai_prices())
    users = tuple(sorted(policies.organization.people))
    agree(made, calls, (users[0], users[7], users[40], "nobody@acme.example"), ("gpt-4o-mini", "claude-opus-4", "auto"))


def test_short_way_is_taken() -> None:
    """Requests within all limits take it, also past a soft limit, which is named."""
    quota = Quota(header("Quota", "month"), Unit.USD, 100 * USD, period=MONTH, soft_limit=2 * USD, root="month")
    calls: list[Call] = [(1, 1, 0, None, 0, duration_s, 0) for duration_s in (0.0, 30.0, 0.0, 0.0)]

    assert ["acme/fast"] * 4 == agree((snapshot(quota), snapshot(quota)), calls, ("ada@acme.example",), ("acme/fast",))


CHEAPER = Quota(
    header("Quota", "cheaper"),
    Unit.USD,
    10 * USD,
    period=MONTH,
    when_reached=WhenReached.DOWNGRADE,
    downgrade=Downgrade(("acme/small",), 100),
    root="cheaper",
)
ABLE, UNABLE = 1, 0


def test_short_way_is_taken_where_budgets_refuse() -> None:
    """A cheaper model, a caller that takes no other, and requests for which nothing has room, nor the fund behind."""
    fund = Quota(header("Quota", "fund", project="none"), Unit.USD, USD, period=MONTH, root="fund")
    funded = Quota(
        header("Quota", "funded"),
        Unit.USD,
        11 * USD,
        period=MONTH,
        when_reached=WhenReached.OVERAGE,
        overage=Overage(USD, fund="fund"),
        root="funded",
    )
    made = snapshot(CHEAPER, funded, fund), snapshot(CHEAPER, funded, fund)
    calls: list[Call] = [
        (1, 6, 0, None, 0, 0.0, ABLE),
        (1, 6, None, None, 0, 30.0, ABLE),
        (1, 6, 0, None, 0, 0.0, UNABLE),
    ]
    calls += [(1, 90, None, None, 0, 30.0, ABLE)] * 2
    taken = agree(made, calls, ("ada@acme.example",), ("acme/fast",))

    assert ["acme/fast", "acme/small", "", "", ""] == taken


def test_a_substitute_that_is_stopped_is_looked_at_closely() -> None:
    """Budgets offer the cheaper model, and a block stops it: the short way leaves that to the long one."""
    terms = (BlockKind.MODEL, "acme/small", "runaway", "eve@acme.example", "key", Authority.ADMIN)
    began_at = datetime.fromtimestamp(START_S, UTC)
    block = Block(bytes(16), *terms, began_at, began_at + timedelta(days=1))
    made = [snapshot(CHEAPER).with_blocks(Blocks((block,))) for _ in range(2)]
    calls: list[Call] = [(1, 6, 0, None, 0, 0.0, ABLE)] * 2

    assert ["acme/fast", None] == agree((made[0], made[1]), calls, ("ada@acme.example",), ("acme/fast",))


def test_no_catalogue_is_needed() -> None:
    """A snapshot without prices of a catalogue decides in full what it cannot price."""
    policies = tightened(example(), 1)
    made = Snapshot.build(policies, NO_CATALOGUES), Snapshot.build(policies, NO_CATALOGUES)
    users = tuple(sorted(policies.organization.people))

    assert len(set(agree(made, [(1, 5, 5, None, 0, 0.0, 0)] * 3, users, ("gpt-4o-mini",)))) == 1
