"""Settle usage: what a call really used is posted in full, once."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

from governor.core.decisions.caller import Caller
from governor.core.decisions.event import UsageEvent
from governor.core.decisions.ids import id_bytes
from governor.core.ledger.commands import Assessment, Settle
from governor.core.ledger.entry import Entry
from governor.core.ledger.port import Ledger
from governor.core.ledger.reservation import Reservation
from governor.core.ledger.results import EventResult, EventStatus
from governor.core.settlement.assess import assess
from governor.services.answers import encode_event_result
from governor.services.ids import new_id
from governor.services.snapshots import Snapshots

PATIENCE = 10
"""How many times as long as a decision a report waits for the ledger: nobody's call waits for it."""


class Settler:
    """Answers ``/usage``.

    Args:
        snapshots: Prices, and quotas for what was never decided.
        ledger: Where it is posted.
        deadline_ms: How long a decision waits for the ledger; a report waits ``PATIENCE`` times as long.
    """

    def __init__(self, snapshots: Snapshots, ledger: Ledger, *, deadline_ms: int) -> None:
        self._snapshots = snapshots
        self._ledger = ledger
        self._deadline_s = PATIENCE * deadline_ms / 1000

    async def settle(
        self, events: Sequence[tuple[UsageEvent, bytes]], caller: Caller, now: datetime
    ) -> list[EventResult]:
        """Record events in order; one bad event does not refuse the others.

        Args:
            events: Each with its body as received, which tells a repetition from a conflict.
            caller: Who reports.
            now: The door's instant.

        Raises:
            LedgerUnavailableError: Not all were recorded in time; each counts once, so send the same events again.
        """
        reports = [_Report(self._snapshots, event, body, caller, now) for event, body in events]
        commands = [report.command for report in reports if report.command is not None]
        outcomes = iter(await self._ledger.submit_many(commands, deadline_s=self._deadline_s))
        results: list[EventResult] = []
        for report in reports:
            outcome = report.refused if report.command is None else next(outcomes)
            assert isinstance(outcome, EventResult)
            results.append(outcome)
        return results


class _Report:
    """One event on its way to the ledger; without a command it was refused at the door."""

    def __init__(self, snapshots: Snapshots, event: UsageEvent, body: bytes, caller: Caller, now: datetime) -> None:
        self._snapshots = snapshots
        self._event = event
        self._caller = caller
        self._now = now
        self.command: Settle | None = None
        self.refused: EventResult | None = None
        decision_id = id_bytes(event.decision_id) if event.decision_id else None
        if event.decision_id and decision_id is None:
            reason = f"`{event.decision_id}` is not a decision id; send the one that /decide answered, or none"
            self.refused = EventResult(event.event_id, EventStatus.REJECTED, reason)
            return
        received_at_ms = int(now.timestamp() * 1000)
        self.command = Settle(
            entry_id=new_id(received_at_ms),
            source=event.source,
            event_id=event.event_id,
            body_digest=blake2b(body, digest_size=16).digest(),
            decision_id=decision_id,
            corrects=event.corrects or None,
            received_at_ms=received_at_ms,
            final=event.final,
            assess=self._assess,
            encode=encode_event_result,
            provider_usage=event.provider_usage,
            corrects_if_known=event.corrects_if_known,
        )

    def _assess(self, reservation: Reservation | None, corrected: Entry | None) -> Assessment:
        return assess(
            self._snapshots.current,
            self._event,
            self._caller,
            self._now,
            reservation=reservation,
            corrected=corrected,
        )
