"""Where every act on a request goes through: one transaction that looks at the time, acts, and puts it on record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from governor.core.approvals.closing import follow
from governor.core.approvals.passing import activated, catch_up
from governor.core.approvals.request import Act, Actor, ExceptionRequest, Step, Transition
from governor.core.approvals.voting import Electorate
from governor.core.decisions.ids import id_bytes
from governor.core.errors import NotFoundError
from governor.core.grants import Grant
from governor.core.working_time import WorkingTime
from governor.services.grant_terms import check_grant
from governor.services.grants import issue_in
from governor.services.snapshots import Snapshots
from governor.store.approval_records import lock_chain
from governor.store.approvals import read_extensions, read_request, save_step
from governor.store.database import Database
from governor.store.delegations import read_delegations
from governor.store.grants import revoke_grant

_APPROVES = frozenset({Act.APPROVED, Act.APPROVED_AUTOMATICALLY, Act.BROKE_GLASS})
_ENDS_EARLY = frozenset({Act.REVOKED, Act.USED_UP})

Work = Callable[[ExceptionRequest, Electorate], Step]
"""What an act makes of a request, given who may vote on it; raises ``GovernorError`` to refuse."""


@dataclass(frozen=True, slots=True)
class Acted:
    """A request after an act, and what happened; nothing has, if it was so already."""

    request: ExceptionRequest
    transitions: tuple[Transition, ...]


class OnRequest(NamedTuple):
    """What every act on a request begins with: ``approve(*on, reason="worth it")``.

    Attributes:
        now: The door's instant.
    """

    desk: "Desk"
    request_id: str
    actor: Actor
    now: datetime


class Desk:
    """Acts on requests, one after the other on every worker.

    Args:
        snapshots: Who is who, and what may be lifted.
        database: Where requests, their records and grants are kept.
    """

    def __init__(self, snapshots: Snapshots, database: Database) -> None:
        self.snapshots = snapshots
        self.database = database

    async def act(self, request_id: str, work: Work, now: datetime) -> Acted:
        """Do something to a request, in one transaction.

        Args:
            request_id: UUID text.
            work: What is done, after everything that time has brought about was noted.
            now: The door's instant.

        Raises:
            NotFoundError: If there is no such request.
            GovernorError: As ``work``; nothing has changed then.
        """
        key = id_bytes(request_id)

        def write(connection: Connection) -> Acted:
            lock_chain(connection)
            request = read_request(connection, key) if key is not None else None
            if request is None:
                raise not_found(request_id)
            return self.advance(connection, request, work, now)

        return await self.database.write(write)

    def advance(self, connection: Connection, request: ExceptionRequest, work: Work, now: datetime) -> Acted:
        """Do something to a request within a transaction that holds the chain's lock."""
        passed = catch_up(request, self.electorate(connection, request, now), self._working, now)
        # Time may have handed the request to others, who may vote from now on.
        step = work(passed.request, self.electorate(connection, passed.request, now))
        whole = Step(step.request, (*passed.transitions, *step.transitions))
        return self.keep(connection, whole, now)

    def stirs(self, connection: Connection, request: ExceptionRequest, now: datetime) -> bool:
        """Tell whether time has brought about something that is not on record yet."""
        return bool(catch_up(request, self.electorate(connection, request, now), self._working, now).transitions)

    def keep(self, connection: Connection, step: Step, now: datetime) -> Acted:
        """Keep a step: a grant for what was approved, an end for what was revoked, and all of it on record.

        Raises:
            InvalidRequestError: If what was approved may not be granted any more: policies change.
        """
        if any(transition.act in _APPROVES for transition in step.transitions):
            grant = grant_of(step.request, now)
            check_grant(self.snapshots.current, grant, now)
            issue_in(connection, grant)
            step = activated(step, now)
        for transition in step.transitions:
            if transition.act is Act.REVOKED:
                reason = str(transition.details["reason"])
                revoke_grant(connection, step.request.id, at=now, by=transition.actor.user, reason=reason)
        if step.transitions:
            save_step(connection, step)
        for transition in step.transitions:
            if transition.act in _ENDS_EARLY:
                self._follow(connection, step.request, transition.actor, now)
        return Acted(step.request, step.transitions)

    def _follow(self, connection: Connection, parent: ExceptionRequest, actor: Actor, now: datetime) -> None:
        """Close what would prolong a grant that is over before its time, and what would prolong that."""
        for request in read_extensions(connection, parent):
            self.advance(connection, request, lambda one, _: follow(one, parent, actor, now), now)

    def electorate(self, connection: Connection, request: ExceptionRequest, now: datetime) -> Electorate:
        """Work out who may vote on a request now."""
        delegations = read_delegations(connection, acting_at=now)
        return Electorate.of(request, self.snapshots.current.organization, delegations, now)

    @property
    def _working(self) -> WorkingTime:
        return self.snapshots.current.organization.working_time


def grant_of(request: ExceptionRequest, now: datetime) -> Grant:
    """Return the grant that an approved request gives; it has the request's id."""
    terms = request.terms
    return Grant(
        id=request.id,
        exception_id=request.id,
        kind=request.kind,
        scope=request.scope,
        lifts=request.lifts,
        amount_nano_usd=terms.amount_nano_usd,
        starts_at=max(terms.starts_at, now) if terms.starts_at is not None else now,
        ends_at=terms.ends_at,
        issued_at=now,
        approved_by=request.approved_by,
        models=terms.models,
        input_tokens_max=terms.input_tokens_max,
        output_tokens_max=terms.output_tokens_max,
        total_tokens_max=terms.total_tokens_max,
        amounts=terms.amounts,
    )


def not_found(request_id: str) -> NotFoundError:
    """Make the error for a request that nobody made."""
    return NotFoundError(
        f"no request has the id `{request_id[:80]}`; the list of exceptions has them all", id=request_id[:200]
    )


def whole_ms(at: datetime) -> datetime:
    """Return an instant as it is stored: in whole milliseconds."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
