"""What counts together: slices, what waits, what was approved automatically, and who joins whom."""

from dataclasses import replace
from datetime import timedelta

from governor.core.approvals.request import State
from governor.core.grants import GrantKind
from governor.services.approvals.create import create, preview
from tests.approvals.world import Office, actor, usd, user, wish


async def test_slices_count_together(office: Office) -> None:
    """Sixty and sixty are a hundred and twenty: the second one is decided by a lead, also while a first one waits."""
    first = await create(office.desk, wish(60), actor("ada"), office.now)
    second = await create(office.desk, wish(60), actor("bob"), office.now)
    third = await preview(
        office.desk,
        wish(60, kind=GrantKind.MODEL, lifts=("ModelAllowlist/economy",), models=("large",)),
        actor("ada"),
        office.now,
    )

    assert (State.ACTIVE, State.PENDING) == (first.acted.request.state, second.acted.request.state)
    assert (usd(60), usd(120)) == (second.acted.request.granted_before_nano_usd, third.granted_before_nano_usd)


async def test_what_waits_counts_whenever_it_was_asked(office: Office) -> None:
    """A request of the last day of a month that still waits on the next day may be granted then."""
    office.later(days=10, hours=10)
    await create(office.desk, wish(500, until_at=office.now + timedelta(days=9)), actor("ada"), office.now)
    office.later(hours=3)
    asked_for = wish(60, kind=GrantKind.MODEL, lifts=("ModelAllowlist/economy",), models=("large",))
    until_at = office.now + timedelta(days=9)
    shown = await preview(office.desk, replace(asked_for, until_at=until_at), actor("ada"), office.now)

    assert (12, usd(500), False) == (office.now.month, shown.granted_before_nano_usd, shown.route.automatic)


async def test_a_request_for_larger_sizes_joins_none_for_smaller_ones(office: Office) -> None:
    """The grant of the first would not let the second one's requests through; the other way round it would."""
    made = []
    for who, tokens in (("ada", 20_000), ("bob", 50_000), ("ada", 40_000)):
        asked_for = wish(500, kind=GrantKind.CONTEXT, lifts=("ContextLimit/short",), input_tokens_max=tokens)
        made.append(await create(office.desk, asked_for, actor(who), office.now))
        office.later(seconds=1)

    assert [False, False, True] == [one.joined for one in made]
    assert made[1].acted.request.id == made[2].acted.request.id


async def test_automatic_approval_ends_at_its_cap(office: Office) -> None:
    """250 USD a month for the department, whoever asks; then a lead decides, and next month begins anew."""
    states = []
    for who in ("ada", "bob", "eve"):
        created = await create(office.desk, wish(100, scope=(("user", user(who)),)), actor(who), office.now)
        states.append(created.acted.request.state)
    office.later(days=11)
    again = await create(
        office.desk, wish(100, scope=(), until_at=office.now + timedelta(days=1)), actor("ada"), office.now
    )

    assert [State.ACTIVE, State.ACTIVE, State.PENDING] == states
    assert State.ACTIVE == again.acted.request.state
