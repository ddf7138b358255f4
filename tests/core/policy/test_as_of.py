"""Whatever is edited and when: each period before has the terms of its last instant, and those after it took over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from governor.core.decisions.budget_keys import budget_key
from governor.core.decisions.draws import DrawContext, draws_of
from governor.core.ledger.ceilings import Predecessor
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.header import Header, Source
from governor.core.policy.kinds import Quota, Rollover
from governor.core.policy.organization import Organization
from governor.core.policy_changes.former_terms import with_former_terms
from governor.core.units import Unit

SOURCE = Source("q.yaml", 1)
ORGANIZATION = Organization("acme", SOURCE)
START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

QUOTA = Quota(Header("Quota", "a", SOURCE), Unit.USD, 1, period=PeriodDefinition(Every.HOUR, "UTC"), root="a")
OTHER = replace(QUOTA, period=PeriodDefinition(Every.DAY, "UTC"))
"""What an edit makes other budgets of."""

ROLLOVERS = st.none() | st.builds(Rollover, unused_percent=st.none() | st.integers(0, 100), overspend=st.booleans())
SAID = st.builds(
    lambda limit, rollover, other: replace(OTHER if other else QUOTA, limit=limit, rollover=rollover),
    st.integers(0, 100),
    ROLLOVERS,
    st.booleans(),
)
EDITS = st.lists(st.tuples(st.integers(0, 600), SAID), max_size=8).map(lambda edits: sorted(edits, key=lambda e: e[0]))


@given(edits=EDITS, limit=st.integers(0, 100), rollover=ROLLOVERS.filter(bool), now_min=st.integers(600, 700))
def test_a_period_that_is_over_keeps_the_terms_of_its_last_instant(
    edits: list[tuple[int, Quota]], limit: int, rollover: Rollover, now_min: int
) -> None:
    """Looked up by hand in the list of edits: of these budgets, the last edit before the period's end."""
    present = replace(QUOTA, limit=limit, rollover=rollover)
    said = [(START + timedelta(minutes=at), quota) for at, quota in [*edits, (600, present)]]
    now = START + timedelta(minutes=now_min)

    def in_force(at: datetime) -> Quota:
        """Return what was said last of these budgets, or else what was said first."""
        ours = [(since, quota) for since, quota in said if quota.period == QUOTA.period]
        return next((quota for since, quota in reversed(ours) if since <= at), ours[0][1])

    [draw] = draws_of(with_former_terms(present, said), {}, DrawContext(ORGANIZATION, lambda _: None, now))
    end = datetime.fromtimestamp(draw.budget.period_start_s, UTC)
    expected, takes = [], rollover
    for _ in range(13):
        then = in_force(end - timedelta(microseconds=1))
        digest = budget_key(QUOTA, (), end - HOUR).digest
        most = then.limit * (takes.unused_percent or 0) // 100 if takes else 0
        expected.append(Predecessor(digest, then.limit, most, takes.overspend if takes else False))
        end, takes = end - HOUR, then.rollover

    assert draw.terms.rule is not None
    assert draw.terms.rule.carry is not None
    assert (limit, tuple(expected)) == (draw.terms.limit, draw.terms.rule.carry.before)
