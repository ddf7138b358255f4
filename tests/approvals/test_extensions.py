"""What would prolong a grant follows it: closed with the reason when that one is over, and prolonged once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from governor.core.approvals.closing import use_up
from governor.core.approvals.request import Act, State
from governor.core.errors import ConflictError
from governor.core.ledger.memory import MemoryLedger
from governor.services.approvals.close import revoke
from governor.services.approvals.create import create
from governor.services.approvals.desk import Acted
from governor.services.approvals.extend import extend
from governor.services.approvals.read import read_case, read_one
from governor.services.approvals.tick import tick
from governor.services.approvals.vote import approve
from governor.store.grants import read_grant
from tests.approvals.world import NOON, Office, actor, usd, wish

BEGINS = NOON + timedelta(days=10)


async def granted(office: Office) -> str:
    """Return the id of a request whose grant acts for ten days."""
    request = (await create(office.desk, wish(500), actor("ada"), office.now)).acted.request
    await approve(office.desk, request.id, actor("kim"), office.now)
    return request.id


async def longer(office: Office, request_id: str, days: int = 20, amount_usd: int = 500) -> str:
    """Ask for ten days more, and return the id of that request."""
    until_at = NOON + timedelta(days=days)
    created = await extend(
        office.desk, request_id, actor("ada"), office.now, until_at=until_at, amount_nano_usd=usd(amount_usd)
    )
    return created.acted.request.id


async def spent(office: Office, request_id: str) -> Acted:
    """Let the grant of a request be used up."""
    return await office.desk.act(request_id, lambda request, _: use_up(request, office.now), office.now)


async def revoked(office: Office, request_id: str) -> Acted:
    """Let the grant of a request be revoked."""
    return await revoke(office.desk, request_id, actor("eve"), office.now, reason="the run is over")


@pytest.mark.parametrize(
    ("end", "by", "reason"),
    [
        (revoked, "eve@acme.example", "what it prolongs was revoked: the run is over"),
        (spent, "", "what it prolongs is over: its amount is spent; ask for a new one"),
    ],
)
async def test_what_would_prolong_a_grant_that_is_over_waits_no_more(
    office: Office, end: Callable[[Office, str], Awaitable[Acted]], by: str, reason: str
) -> None:
    """It is cancelled in the same step, on record, with the reason; nobody decides about it afterwards."""
    first = await granted(office)
    second = await longer(office, first)
    await end(office, first)
    case = await read_case(office.desk, second, office.now)
    with pytest.raises(ConflictError):
        await approve(office.desk, second, actor("fin"), office.now)
    last = case.records[-1].transition

    assert case.request.closing is not None
    assert (State.CANCELLED, by, reason) == (case.request.state, case.request.closing.by, case.request.closing.reason)
    assert (Act.CANCELLED, by, reason) == (last.act, last.actor.user, last.details["reason"])


async def approved_chain(office: Office) -> tuple[str, str, str]:
    """Return a request whose grant acts, one that prolongs it and is approved, and one that would prolong that."""
    first = await granted(office)
    second = await longer(office, first, amount_usd=100)
    await approve(office.desk, second, actor("kim"), office.now)
    return first, second, await longer(office, second, 30, 90)


async def test_what_was_approved_to_prolong_it_is_revoked_with_it(office: Office) -> None:
    """Taken away is taken away: it does not begin later, and what would prolong that one is closed as well."""
    first, second, third = await approved_chain(office)
    await revoked(office, first)
    states = [(await read_one(office.desk, one)).state for one in (first, second, third)]
    grant = await office.desk.database.read(lambda connection: read_grant(connection, second))

    assert [State.REVOKED, State.REVOKED, State.CANCELLED] == states
    assert grant is not None
    assert (office.now, "eve@acme.example") == (grant.revoked_at, grant.revoked_by)


async def test_what_was_approved_to_prolong_it_begins_though_it_is_used_up(office: Office) -> None:
    """It was promised from that day on, with an amount of its own."""
    first, second, _ = await approved_chain(office)
    await spent(office, first)
    request = await read_one(office.desk, second)

    assert (State.APPROVED, State.ACTIVE) == (request.state, request.state_at(BEGINS))


async def test_what_has_ended_cannot_be_prolonged(office: Office) -> None:
    """What waits expires with it, noted or not; a second before it can still be approved."""
    first = await granted(office)
    office.later(days=9, hours=23)
    second = await longer(office, first)
    request = await read_one(office.desk, second)
    office.now = BEGINS
    await tick(office.desk, MemoryLedger(office.now.timestamp), office.now)
    closing = (await read_one(office.desk, second)).closing
    with pytest.raises(ConflictError) as caught:
        await longer(office, first)

    assert (State.PENDING, State.EXPIRED) == (request.state_at(BEGINS - timedelta(seconds=1)), request.state_at(BEGINS))
    assert closing is not None
    assert (BEGINS, "nobody decided before what it prolongs ended") == (closing.at, closing.reason)
    assert "ended" == caught.value.details["state"]


async def test_a_grant_is_prolonged_once(office: Office) -> None:
    """Who clicks twice is told which one to prolong; while the first one waits, the second joins it."""
    first, second, waiting = await approved_chain(office)
    with pytest.raises(ConflictError) as caught:
        await longer(office, first)

    assert second == caught.value.details["id"]
    assert waiting == await longer(office, second, 30, 90)
