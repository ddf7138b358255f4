"""Deliver what is in the outbox: at least once, again and again until it has arrived, and on record."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from governor.core.alerts.alert import Alert, Delivery, DeliveryState
from governor.core.alerts.recipients import Channel
from governor.services.jobs import Turn
from governor.store.alerts import read_due, write_delivery
from governor.store.database import Database

AT_A_TIME = 20
RETRY_S = 10
RETRY_S_MAX = 3600
"""A delivery that failed is tried again after ten seconds, then after twice as long each time, up to this."""

GIVEN_UP_AFTER = timedelta(days=3)
"""What did not arrive by then is of no use any more; it stays on record as failed."""

PROBLEM_MAX = 300

_log = structlog.get_logger("governor.alerts")


class SendError(Exception):
    """It did not arrive, or nobody knows."""


class Sender(Protocol):
    """One way out."""

    async def send(self, alert: Alert, address: str, now: datetime, *, again: bool) -> None:
        """Send an alert.

        Args:
            alert: What.
            address: Where.
            now: When.
            again: Whether it was tried before and may stand there already.

        Raises:
            SendError: If it has to be tried again.
        """
        ...


Senders = Mapping[Channel, Sender]


class Deliverer:
    """Empties the outbox.

    Args:
        database: Where it is.
        open_senders: Opens every way out that there is.
    """

    def __init__(self, database: Database, open_senders: Callable[[], AbstractAsyncContextManager[Senders]]) -> None:
        self._database = database
        self._open_senders = open_senders

    async def deliver(self, turn: Turn) -> str:
        """Try everything that is due, once.

        Returns:
            What was done.
        """
        sent = failed = 0
        due = await self._database.read(partial(read_due, now=turn.now, limit=AT_A_TIME))
        while due:
            async with self._open_senders() as senders:
                for alert, delivery in due:
                    begun = replace(delivery, tries=delivery.tries + 1)
                    # Before it is sent: whoever takes over from a worker that died then knows that it may have been.
                    await turn.write(partial(write_delivery, delivery=begun))
                    done = await _try(senders, alert, begun, turn.now)
                    # One by one: what was sent is known to be before the next one is tried.
                    await turn.write(partial(write_delivery, delivery=done))
                    sent += done.state is DeliveryState.SENT
                    failed += done.state is not DeliveryState.SENT
            due = await self._database.read(partial(read_due, now=turn.now, limit=AT_A_TIME))
        return f"{sent} delivered, {failed} failed"


class _NoWay:
    """Stands for a way out whose settings are gone."""

    async def send(self, alert: Alert, address: str, now: datetime, *, again: bool) -> None:  # noqa: ARG002 - every way out is asked alike
        raise SendError("the settings name no such way out any more")


_NO_WAY = _NoWay()


async def _try(senders: Senders, alert: Alert, delivery: Delivery, now: datetime) -> Delivery:
    tries = delivery.tries
    sender = senders.get(delivery.recipient.channel, _NO_WAY)
    try:
        await sender.send(alert, delivery.recipient.address, now, again=tries > 1)
    except SendError as error:
        problem = str(error)[:PROBLEM_MAX]
        _log.warning("alert_not_delivered", channel=str(delivery.recipient.channel), problem=problem, tries=tries)
        if now - alert.at >= GIVEN_UP_AFTER:
            return replace(delivery, state=DeliveryState.FAILED, problem=problem)
        wait_s = min(RETRY_S_MAX, RETRY_S * 2 ** min(tries - 1, 16))
        return replace(delivery, due_at=now + timedelta(seconds=wait_s), problem=problem)
    return replace(delivery, state=DeliveryState.SENT, problem="", sent_at=now)
