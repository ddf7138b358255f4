"""What every route of ``/exceptions`` works with: who calls, what they sent, and what is answered once it is done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Request

from governor.core.approvals.request import Act, Actor, Door
from governor.edges.api.access import TheCaller, TheGovernor
from governor.edges.api.approvals.wire import EXCEPTION
from governor.edges.api.bodies import require_json
from governor.edges.api.decoding import BodyDecoder, T
from governor.services.approvals.actors import actor_of
from governor.services.approvals.create import Created
from governor.services.approvals.desk import Acted, Desk
from governor.services.approvals.wire import created_wire, request_wire
from governor.services.approvals.wishes import Wish
from governor.services.keys import Identity
from governor.wiring import Governor

ExceptionId = Annotated[str, Path(description="The `id` of a request.", max_length=64)]

_CHANGES_GRANTS = frozenset({Act.ACTIVATED, Act.REVOKED})


@dataclass(frozen=True, slots=True)
class Office:
    """One call.

    Attributes:
        now: The door's instant: the clock is read once for each call.
    """

    governor: Governor
    caller: Identity
    request: Request
    now: datetime

    @property
    def desk(self) -> Desk:
        """Where requests are kept."""
        return self.governor.desk

    @property
    def actor(self) -> Actor:
        """The person who holds the key.

        Raises:
            ForbiddenError: If nobody does, or the Organization does not know them now.
        """
        return actor_of(self.desk.snapshots.current.organization, self.caller, Door.API, self.now)

    async def body(self, decoder: BodyDecoder[T]) -> T:
        """Read what was sent; raises as ``BodyDecoder.decode``."""
        require_json(self.request.scope)
        return decoder.decode(await self.request.body())

    async def wish(self) -> Wish:
        """Read what is asked for."""
        return (await self.body(EXCEPTION)).to_core(self.now)

    async def done(self, acted: Acted) -> dict[str, Any]:
        """Answer with the request as it is now."""
        await self._refresh(acted)
        return request_wire(acted.request, self.now)

    async def created(self, created: Created) -> dict[str, Any]:
        """Answer with a request that was made or joined."""
        await self._refresh(created.acted)
        return created_wire(created, self.now)

    async def _refresh(self, acted: Acted) -> None:
        """Let a grant that was issued or revoked count at once here; other workers read it within a second."""
        if any(transition.act in _CHANGES_GRANTS for transition in acted.transitions):
            await self.governor.grants.refresh()


def _office(request: Request, governor: TheGovernor, caller: TheCaller) -> Office:
    return Office(governor, caller, request, governor.clock.now())


TheOffice = Annotated[Office, Depends(_office)]
"""The call that is answered."""
