"""``POST /decide``: may this model request be made."""

import os
import time
from itertools import count

from starlette.types import Receive, Scope

from governor.clients.clock import Clock
from governor.core.errors import InvalidRequestError
from governor.edges.api.bodies import read_body, require_json
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.wire_decide import DECIDE, DecideWire, decide_request
from governor.services.decide import Decider
from governor.services.keys import Identity


class FreshIds:
    """Ids for requests that bring none: never the same twice, so that nothing is taken for a replay."""

    def __init__(self) -> None:
        self._prefix = f"auto-{os.urandom(8).hex()}"
        self._numbers = count(1)

    def next(self) -> str:
        """Return the next id."""
        return f"{self._prefix}-{next(self._numbers):x}"


def require_subject(wire: DecideWire, identity: Identity) -> None:
    """Refuse a request that nobody can be held responsible for.

    Raises:
        InvalidRequestError: If neither the body nor the key names a user or a service account.
    """
    caller = identity.caller
    if caller.user or caller.service_account:
        return
    subject = wire.subject
    if subject is None or not (subject.user or subject.service_account):
        raise InvalidRequestError(
            "nobody is named; send `subject.user` or `subject.service_account`, or use a key that is bound to one",
            field="subject",
        )


class DecideRoute:
    """Answers ``/decide``.

    Args:
        decider: Decides.
        clock: Read once for each request, before anything else.
        metrics: Where decisions are counted.
        body_size_max: The largest body, in bytes.
    """

    def __init__(self, decider: Decider, clock: Clock, metrics: HttpMetrics, body_size_max: int) -> None:
        self._decider = decider
        self._clock = clock
        self._metrics = metrics
        self._body_size_max = body_size_max
        self._ids = FreshIds()

    async def answer(self, scope: Scope, receive: Receive, identity: Identity) -> bytes:
        """Decide one request; a deny is an answer like an allow."""
        now = self._clock.now()
        require_json(scope)
        body = await read_body(scope, receive, self._body_size_max)
        began_s = time.perf_counter()
        wire = DECIDE.decode(body)
        require_subject(wire, identity)
        request = decide_request(wire, self._ids.next())
        decoded_s = time.perf_counter()
        answered = await self._decider.decide(request, identity.caller, body, now)
        evaluate_s = answered.evaluate_s
        ledger_s = time.perf_counter() - decoded_s - evaluate_s
        self._metrics.decision(answered, (decoded_s - began_s, evaluate_s, ledger_s))
        return answered.body
