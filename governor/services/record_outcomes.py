"""Record what came of the work: each report once, with what it was worth at that time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from governor.core.decisions.ids import id_text
from governor.core.errors import AmountError
from governor.core.ledger.results import EventStatus
from governor.core.outcomes import Outcome, OutcomeResult, worth_of
from governor.core.policy.organization import Organization, Strictness
from governor.services.ids import new_id
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.outcomes import OutcomeRow, insert_outcomes
from governor.store.records import event_key

AHEAD_MAX = timedelta(minutes=5)
"""How far a report's time may lie ahead: clocks differ, but not by more."""


_REASONS = {
    EventStatus.CONFLICT: "another report came under this source and event_id; nothing changed",
    EventStatus.REJECTED: "nothing is known under the event_id that it corrects; report it without `corrects`",
}
"""Why the database did not take a report."""


class OutcomeRecorder:
    """Answers ``POST /outcomes``.

    Args:
        snapshots: For the use cases.
        database: Where outcomes are kept.
    """

    def __init__(self, snapshots: Snapshots, database: Database) -> None:
        self._snapshots = snapshots
        self._database = database

    async def record(self, reports: Sequence[tuple[Outcome, bytes]], now: datetime) -> list[OutcomeResult]:
        """Keep reports in one transaction; one that is rejected does not refuse the others.

        Args:
            reports: Each with what was said, which tells a repetition from a conflict.
            now: The door's instant.

        Returns:
            One result for each, in their order.
        """
        organization = self._snapshots.current.organization
        made = [_made(organization, outcome, body, now) for outcome, body in reports]
        rows = [one for one in made if isinstance(one, OutcomeRow)]
        # A worker that is only told nonsense opens no transaction.
        taken = iter(await self._database.write(lambda connection: insert_outcomes(connection, rows)) if rows else ())
        results: list[OutcomeResult] = []
        for one in made:
            if isinstance(one, OutcomeResult):
                results.append(one)
                continue
            status, worth = next(taken)
            results.append(OutcomeResult(one.event_id, status, _REASONS.get(status), worth))
        return results


def _made(organization: Organization, outcome: Outcome, body: bytes, now: datetime) -> OutcomeRow | OutcomeResult:
    """Return a report as a row, or why it is rejected."""
    use_case = organization.use_case_named(outcome.use_case)
    reason = _refusal(organization, outcome, now)
    worth: int | None = None
    if reason is None:
        try:
            worth = worth_of(outcome, use_case)
        except AmountError as error:
            reason = error.message
    if reason is not None:
        return OutcomeResult(outcome.event_id, EventStatus.REJECTED, reason)
    received_at_ms = int(now.timestamp() * 1000)
    row_id = new_id(received_at_ms)
    # Without an id of the reporter's every report is another.
    event_id = outcome.event_id or id_text(row_id)
    return OutcomeRow(
        id=row_id,
        event_key=event_key(outcome.source, event_id),
        source=outcome.source,
        event_id=event_id,
        body_digest=blake2b(body, digest_size=16).digest(),
        received_at_ms=received_at_ms,
        occurred_at_ms=_ms(outcome.occurred_at) if outcome.corrects else _ms(outcome.occurred_at or now),
        use_case=organization.use_case_name(outcome.use_case),
        task=outcome.task,
        count=outcome.count,
        worth_nano_usd=worth,
        corrects_key=event_key(outcome.source, outcome.corrects) if outcome.corrects else None,
    )


def _ms(at: datetime | None) -> int | None:
    return int(at.timestamp() * 1000) if at is not None else None


def _refusal(organization: Organization, outcome: Outcome, now: datetime) -> str | None:
    if outcome.occurred_at is not None and outcome.occurred_at > now + AHEAD_MAX:
        return "the outcome's time is more than 5 minutes ahead; check the clock of its sender"
    denied = organization.unregistered_use_case is Strictness.DENY
    if denied and organization.use_case_named(outcome.use_case) is None:
        name = organization.name
        return f"`{outcome.use_case}` is not a registered use case of {name}; correct it, or register it as a UseCase"
    return None
