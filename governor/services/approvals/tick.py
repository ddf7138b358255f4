"""Note what time has brought about on the requests that it concerns: safe to run as often and as late as one likes."""

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Connection

from governor.core.approvals.closing import use_up
from governor.core.approvals.request import ExceptionRequest, State, Step, Transition
from governor.core.approvals.voting import Electorate
from governor.core.decisions.grant_budgets import money_budget, unit_budget
from governor.core.decisions.ids import id_bytes
from governor.core.errors import GovernorError
from governor.core.grants import Grant
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.port import Ledger
from governor.services.approvals.desk import Acted, Desk, Work, grant_of
from governor.store.approval_records import lock_chain
from governor.store.approvals import RequestFilter, read_due, read_request, read_requests

_log = structlog.get_logger("governor.exceptions")
_BATCH = 200


@dataclass(slots=True)
class Ticked:
    """What a tick noted: how many requests it looked at, and what happened to them by their id."""

    looked_at: int = 0
    happened: list[tuple[str, Transition]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.looked_at:,} requests looked at, {len(self.happened):,} things happened to them"


async def tick(desk: Desk, ledger: Ledger, now: datetime) -> Ticked:
    """Remind, escalate, expire, end, notice what is used up, ask what came of it, and report impossible quorums.

    Each request is a transaction of its own; a second worker that ticks at the same moment finds nothing left to do.

    Args:
        desk: Where requests are kept.
        ledger: What grants have spent.
        now: The instant up to which is caught up.
    """
    ticked = Ticked()
    for request_id in await _stirring(desk, now):
        await _advance(desk, request_id, _nothing, now, ticked)
    for request_id in await _used_up(desk, ledger, now):
        await _advance(desk, request_id, lambda request, _: use_up(request, now), now, ticked)
    while True:
        due = await desk.database.read(lambda connection: [one.id for one in read_due(connection, now, _BATCH)])
        before = len(ticked.happened)
        for request_id in due:
            await _advance(desk, request_id, _nothing, now, ticked)
        # What could not be advanced stays due, and is tried again next time.
        if len(due) < _BATCH or len(ticked.happened) == before:
            return ticked


async def _stirring(desk: Desk, now: datetime) -> list[str]:
    """Return the open requests that something has happened to: people may have left, without an instant to wait for.

    It only looks, so that requests that wait for days keep no writer waiting.
    """
    wanted = RequestFilter(states=(State.PENDING,))

    def read(connection: Connection) -> list[str]:
        return [one.id for one in read_requests(connection, wanted) if desk.stirs(connection, one, now)]

    return await desk.database.read(read)


async def _used_up(desk: Desk, ledger: Ledger, now: datetime) -> list[str]:
    """Return the active requests whose grants have spent their amount."""
    wanted = RequestFilter(states=(State.ACTIVE,))
    active = await desk.database.read(lambda connection: read_requests(connection, wanted))
    amounts = {request.id: _amounts(grant_of(request, now)) for request in active}
    digests = [digest for of_one in amounts.values() for digest in of_one]
    balances = await ledger.balances(digests) if digests else {}
    return [
        request_id
        for request_id, of_one in amounts.items()
        if any(balances.get(digest, EMPTY).used >= amount for digest, amount in of_one.items())
    ]


def _amounts(grant: Grant) -> dict[bytes, int]:
    """Return the counters of a grant and how far each may go: the first that is there ends it."""
    units = {unit_budget(grant, one).digest: one.amount for one in grant.amounts}
    return {money_budget(grant).digest: grant.amount_nano_usd, **units}


async def _advance(desk: Desk, request_id: str, work: Work, now: datetime, ticked: Ticked) -> None:
    key = id_bytes(request_id)

    def write(connection: Connection) -> Acted | None:
        lock_chain(connection)
        request = read_request(connection, key) if key is not None else None
        return desk.advance(connection, request, work, now) if request is not None else None

    ticked.looked_at += 1
    try:
        acted = await desk.database.write(write)
    except GovernorError as error:
        # An approved request whose policy has gone cannot be granted: the others must not wait for it.
        _log.warning("exception_not_advanced", id=request_id, problem=error.message)
        return
    if acted is not None:
        ticked.happened += [(request_id, transition) for transition in acted.transitions]


def _nothing(request: ExceptionRequest, _: Electorate) -> Step:
    return Step(request)
