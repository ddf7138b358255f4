"""``POST /decide/batch``: many requests in order, each standing alone, or all of them together."""

from starlette.types import Receive, Scope

from governor.clients.clock import Clock
from governor.core.decisions.request import DecideRequest
from governor.core.errors import GovernorError, InvalidRequestError
from governor.edges.api.bodies import read_body, require_json
from governor.edges.api.decide import FreshIds, require_subject
from governor.edges.api.errors import error_body
from governor.edges.api.logs import REQUEST_ID
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.wire_decide import DECIDE, DECIDE_BATCH, decide_request
from governor.services.decide import Decider
from governor.services.keys import Identity

Item = tuple[DecideRequest, bytes]


class DecideBatchRoute:
    """Answers ``/decide/batch``; takes what ``DecideRoute`` takes."""

    def __init__(self, decider: Decider, clock: Clock, metrics: HttpMetrics, body_size_max: int) -> None:
        self._decider = decider
        self._clock = clock
        self._metrics = metrics
        self._body_size_max = body_size_max
        self._ids = FreshIds()

    async def answer(self, scope: Scope, receive: Receive, identity: Identity) -> bytes:
        """Decide the requests; the answers stand in the order of the requests, a bad one's error in its slot."""
        now = self._clock.now()
        require_json(scope)
        wire = DECIDE_BATCH.decode(await read_body(scope, receive, self._body_size_max))
        slots = [self._read(bytes(raw), identity) for raw in wire.requests]
        if wire.all_or_nothing:
            _refuse_all_for_one(slots)
        items = [slot for slot in slots if not isinstance(slot, GovernorError)]
        _refuse_mixed_dry_runs(items)
        answers = iter(
            await self._decider.decide_many(items, identity.caller, now, all_or_nothing=wire.all_or_nothing)
            if items
            else ()
        )
        bodies: list[bytes] = []
        for slot in slots:
            if isinstance(slot, GovernorError):
                bodies.append(_error(slot))
                continue
            answered = next(answers)
            if isinstance(answered, GovernorError):
                bodies.append(_error(answered))
                continue
            self._metrics.decision(answered)
            bodies.append(answered.body)
        return b'{"decisions":[' + b",".join(bodies) + b"]}"

    def _read(self, body: bytes, identity: Identity) -> Item | GovernorError:
        try:
            wire = DECIDE.decode(body)
            require_subject(wire, identity)
            return decide_request(wire, self._ids.next()), body
        except GovernorError as error:
            return error


def _refuse_all_for_one(slots: list[Item | GovernorError]) -> None:
    """Refuse a group of which one member cannot even be read.

    Raises:
        InvalidRequestError: Naming the first bad slot.
    """
    for index, slot in enumerate(slots):
        if isinstance(slot, GovernorError):
            raise InvalidRequestError(
                f"`requests[{index}]` cannot be read, so none was placed: {slot.message}", index=index, **slot.details
            )


def _refuse_mixed_dry_runs(items: list[Item]) -> None:
    """Refuse a batch of which only some are dry runs: their answers would be of different worlds.

    Raises:
        InvalidRequestError: If there are both.
    """
    if len({request.dry_run for request, _ in items}) > 1:
        raise InvalidRequestError("a batch is a dry run as a whole or not at all; set `dry_run` alike", field="dry_run")


def _error(error: GovernorError) -> bytes:
    return error_body(error.code, error.message, dict(error.details), REQUEST_ID.get())
