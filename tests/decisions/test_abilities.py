"""What a caller can do only ever helps: no ability turns an allow into a deny, whatever the policies say."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from governor.core.decisions.caller import Caller
from governor.core.decisions.conclude import conclude
from governor.core.decisions.decision import Decision, Verdict
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.request import Ability, DecideRequest, Subject
from governor.core.decisions.routing import AUTO
from governor.core.decisions.snapshot import NO_CATALOGUES, PolicySet, Snapshot
from governor.core.ledger.admit import admit
from governor.core.ledger.budget import EMPTY, Balance
from governor.core.models import Model, ModelCatalog
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.header import Enforcement, Header, Selector, Source
from governor.core.policy.kinds import (
    ContextLimit,
    Downgrade,
    ModelAllowlist,
    Prefer,
    Quota,
    Routing,
    WhenOver,
    WhenReached,
)
from governor.core.policy.organization import Organization, Placement, Strictness
from governor.core.prices import Price, PriceBook, PriceEntry, Rates
from governor.core.units import Unit

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SOURCE = Source("p.yaml", 1)
MODELS = ("acme/a", "acme/b", "acme/c")
MODEL = st.sampled_from(MODELS)
SOME = st.lists(MODEL, min_size=1, max_size=2, unique=True).map(tuple)
OUTPUT = st.sampled_from([0, 1, 10, 50])
LIMIT = st.sampled_from([30, 100, 10_000])


def headers(kind: str) -> st.SearchStrategy[Header]:
    """Return rules for all models or for some, most of them enforced."""
    selectors = st.one_of(st.just(Selector()), SOME.map(lambda models: Selector((("model", models),))))
    enforcement = st.sampled_from([Enforcement.ENFORCE] * 5 + [Enforcement.AUDIT])
    names = st.uuids(version=4).map(str)
    return st.builds(Header, st.just(kind), names, st.just(SOURCE), applies_to=selectors, enforcement=enforcement)


ALLOWLISTS = st.builds(
    ModelAllowlist,
    headers("ModelAllowlist"),
    allow=st.one_of(st.just(("*",)), SOME),
    fallback=st.one_of(st.just(()), SOME),
)
CONTEXT_LIMITS = st.one_of(
    st.builds(
        ContextLimit,
        headers("ContextLimit"),
        max_output=OUTPUT,
        max_input=st.sampled_from([None, None, 10]),
        when_over=st.sampled_from([WhenOver.DENY, WhenOver.CLAMP, WhenOver.CLAMP, WhenOver.CLAMP]),
    ),
    st.builds(
        ContextLimit,
        headers("ContextLimit"),
        max_output=OUTPUT,
        when_over=st.just(WhenOver.DOWNGRADE),
        downgrade_to=SOME,
    ),
)
MONTH = st.just(PeriodDefinition(Every.MONTH))
QUOTAS = st.one_of(
    st.builds(Quota, headers("Quota"), st.sampled_from([Unit.TOKENS, Unit.USD]), LIMIT, period=MONTH),
    st.builds(
        Quota,
        headers("Quota"),
        st.just(Unit.TOKENS),
        LIMIT,
        period=MONTH,
        when_reached=st.just(WhenReached.DOWNGRADE),
        downgrade=st.builds(Downgrade, SOME, st.sampled_from([50, 100])),
    ),
)
ROUTINGS = st.builds(
    Routing,
    st.just(Header("Routing", "routing", SOURCE)),
    st.lists(MODEL, min_size=2, max_size=3, unique=True).map(tuple),
    st.sampled_from(Prefer),
    replace=st.sampled_from([True, True, False]),
)
ENTRIES = st.tuples(*(st.builds(Rates, input=st.sampled_from([0, 1]), output=st.integers(1, 9)) for _ in MODELS)).map(
    lambda rates: tuple(
        PriceEntry(model, "", datetime(2026, 1, 1, tzinfo=UTC), Price(one), SOURCE)
        for model, one in zip(MODELS, rates, strict=True)
    )
)
POLICIES = st.builds(
    PolicySet,
    st.just("v"),
    st.just(Organization("acme", SOURCE, unknown_users=Placement("guests", ""), unlisted=Strictness.ALLOW)),
    st.just(ModelCatalog({model: Model(model, context_window=1000, max_output=200) for model in MODELS})),
    ENTRIES.map(PriceBook),
    allowlists=st.lists(ALLOWLISTS, max_size=1).map(tuple),
    context_limits=st.lists(CONTEXT_LIMITS, min_size=1, max_size=2).map(tuple),
    quotas=st.lists(QUOTAS, max_size=1).map(tuple),
    routings=st.one_of(st.just(()), ROUTINGS.map(lambda routing: (routing,)), ROUTINGS.map(lambda routing: (routing,))),
)
REQUESTS = st.builds(
    DecideRequest,
    st.just("r"),
    st.just(Subject(user="mia")),
    st.sampled_from([*MODELS, AUTO]),
    input_tokens=st.sampled_from([0, 20]),
    max_output_tokens=st.sampled_from([None, 20, 80, 80]),
    can=st.just(frozenset[Ability]()),
)
USED = st.sampled_from([0, 0, 20, 60])


def decided(snapshot: Snapshot, request: DecideRequest, used: int, *can: Ability) -> Decision:
    """Decide on budgets that have used something."""
    plan = evaluate(snapshot, replace(request, can=frozenset(can)), Caller("gw"), NOW)
    balances = {hold.budget.digest: Balance(used, 0) for candidate in plan.candidates for hold in candidate.holds}
    return conclude(plan, admit(plan.options(), lambda digest: balances.get(digest, EMPTY)), None)


REPLACING = PolicySet(
    "v",
    Organization("acme", SOURCE, unknown_users=Placement("guests", ""), unlisted=Strictness.ALLOW),
    ModelCatalog({model: Model(model) for model in MODELS}),
    PriceBook(tuple(PriceEntry(model, "", NOW, Price(Rates(input=1, output=1)), SOURCE) for model in MODELS)),
    context_limits=(
        ContextLimit(
            Header("ContextLimit", "brief", SOURCE, applies_to=Selector((("model", MODELS[:1]),))),
            max_output=10,
            when_over=WhenOver.CLAMP,
        ),
    ),
    routings=(Routing(Header("Routing", "routing", SOURCE), MODELS[:2], Prefer.FIRST, replace=True),),
)
"""The first model has to be clamped, the second, which is asked for, has not."""


@settings(deadline=None, max_examples=400)
@example(REPLACING, DecideRequest("r", Subject(user="mia"), MODELS[1], input_tokens=1, max_output_tokens=80), 0)
@given(POLICIES, REQUESTS, USED)
def test_an_ability_never_turns_an_allow_into_a_deny(policies: PolicySet, request: DecideRequest, used: int) -> None:
    """Whoever is allowed something is allowed it, or something else, also if they can do more."""
    snapshot = Snapshot.build(policies, NO_CATALOGUES)
    verdicts = {
        can: decided(snapshot, request, used, *can).verdict
        for can in ((), (Ability.CLAMP,), (Ability.SUBSTITUTE,), (Ability.CLAMP, Ability.SUBSTITUTE))
    }
    worse = [
        (less, more)
        for less in verdicts
        for more in verdicts
        if set(less) < set(more) and (verdicts[less], verdicts[more]) == (Verdict.ALLOW, Verdict.DENY)
    ]

    assert [] == worse
