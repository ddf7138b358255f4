"""Let somebody else vote in one's place until a stated time, and take that back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from governor.core.approvals.groups import Delegation
from governor.core.approvals.request import Act, Actor, State, Transition
from governor.core.decisions.ids import id_bytes, id_text
from governor.core.errors import ForbiddenError, InvalidRequestError, NotFoundError
from governor.services.approvals.actors import named_actor
from governor.services.approvals.desk import Desk, whole_ms
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.services.ids import new_id
from governor.store.approval_records import lock_chain
from governor.store.delegations import end_delegation, insert_delegation, read_delegations

LONGEST = timedelta(days=92)
"""A delegation is for an absence; who no longer decides leaves the group."""


async def delegate(desk: Desk, actor: Actor, to: str, until_at: datetime, now: datetime) -> Delegation:
    """Let somebody vote in the actor's place, where rules allow it. It replaces the actor's delegation before.

    Args:
        desk: Where delegations are kept.
        actor: Whose vote it is.
        to: Any name of the person who votes meanwhile.
        until_at: First instant at which they no longer do.
        now: The door's instant.

    Raises:
        ForbiddenError: If the person is not known.
        InvalidRequestError: If it is oneself, or the end is not one.
    """
    delegate_ = named_actor(desk.snapshots.current.organization, to, actor.door, "", now).user
    if delegate_ == actor.user:
        raise InvalidRequestError("name somebody else: your own vote is yours anyway", field="to")
    if not now < until_at <= now + LONGEST:
        message = f"a delegation ends within {LONGEST.days} days; give an end that is still to come"
        raise InvalidRequestError(message, field="until")
    delegation = Delegation(
        id=id_text(new_id(int(now.timestamp() * 1000))),
        member=actor.user,
        delegate=delegate_,
        from_at=whole_ms(now),
        until_at=whole_ms(until_at),
    )
    details = {"member": actor.user, "delegate": delegate_, "until": delegation.until_at.isoformat()}
    transition = Transition(Act.DELEGATED, now, actor, State.ACTIVE, details)

    def write(connection: Connection) -> Delegation:
        lock_chain(connection)
        for known in _of(connection, actor.user, now):
            end_delegation(connection, known, now, _ending(known, actor, now))
        insert_delegation(connection, delegation, transition)
        return delegation

    return await desk.database.write(write)


async def end_delegations(desk: Desk, actor: Actor, now: datetime) -> tuple[Delegation, ...]:
    """Take back whatever the actor has delegated.

    Raises:
        NotFoundError: If they have delegated nothing.
    """

    def write(connection: Connection) -> tuple[Delegation, ...]:
        lock_chain(connection)
        known = _of(connection, actor.user, now)
        if not known:
            raise NotFoundError("you have delegated nothing now")
        return tuple(end_delegation(connection, one, now, _ending(one, actor, now)) for one in known)

    return await desk.database.write(write)


@dataclass(frozen=True, slots=True)
class DelegationPage:
    """Some delegations, the oldest first, and the cursor of the next page or None."""

    delegations: tuple[Delegation, ...]
    next: str | None


async def list_delegations(desk: Desk, now: datetime, *, cursor: str = "", limit: int = 100) -> DelegationPage:
    """Return one page of the delegations that act now.

    Raises:
        InvalidRequestError: If the cursor is not one of this list.
    """
    after = decode_cursor(cursor, 1)[0] if cursor else ""
    if cursor and id_bytes(after) is None:
        raise wrong_cursor()
    acting = await desk.database.read(lambda connection: read_delegations(connection, acting_at=now))
    # Ids are time-ordered.
    left = [one for one in acting if one.id > after]
    return DelegationPage(tuple(left[:limit]), encode_cursor(left[limit - 1].id) if len(left) > limit else None)


def _of(connection: Connection, member: str, now: datetime) -> list[Delegation]:
    return [one for one in read_delegations(connection, acting_at=now) if one.member == member]


def _ending(delegation: Delegation, actor: Actor, now: datetime) -> Transition:
    if actor.user != delegation.member:
        raise ForbiddenError("only who delegated a vote takes it back")
    details = {"member": delegation.member, "delegate": delegation.delegate}
    return Transition(Act.DELEGATION_ENDED, now, actor, State.ENDED, details)
