"""Let new budgets begin with what was used before them: ``count_existing`` of a quota.

What they should begin with is worked out from the records, and what is missing is posted as dated entries. Whoever does
it, and however often, posts nothing twice: an entry has a number, and only the first one of a number is posted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b

import msgspec
import structlog
from sqlalchemy import Connection

from governor.core.decisions.budget_keys import quota_identity
from governor.core.decisions.draw_memory import DrawMemory
from governor.core.decisions.draws import PART_FIELDS, Part
from governor.core.decisions.ids import id_text
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.adjustments import Adjust, AdjustmentKind, AdjustmentOutcome, AdjustmentResult
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.port import Ledger
from governor.core.ledger.reservation import HOLD_FOR_S_MAX, ReservationState
from governor.core.periods import period_at
from governor.core.policy.kinds import Quota
from governor.core.policy_changes.parts import kept_by
from governor.core.settlement.assess import AHEAD_MAX
from governor.core.settlement.existing import ExistingUse, open_call, recorded_call
from governor.core.units import amount_text
from governor.services.ids import new_id
from governor.services.jobs import Turn
from governor.services.snapshots import Snapshots
from governor.store.chains import budgets_by_digest, read_chains
from governor.store.database import Database
from governor.store.decisions import id_floor
from governor.store.existing import (
    Count,
    Counted,
    event_id_of,
    read_counted,
    read_counts,
    read_open_decisions,
    write_counted,
    write_counts,
)
from governor.store.grants import GrantFilter, read_grants

PAGE = 500
"""Events that are read at a time."""

POSTED_AT_ONCE = 200
"""Entries that are handed to the ledger at a time, so that decisions come between."""

STRAGGLERS = timedelta(minutes=1)
"""How long after the first another worker may still decide without the new budgets."""

PATIENCE_S = 30.0
"""How long a posting waits for the ledger."""

SOONEST_MS = 10_000
LATEST_MS = 24 * 3600 * 1000
"""What is reported late is looked for again after as long as has passed already, within these bounds."""

_log = structlog.get_logger("governor.existing")


@dataclass(frozen=True, slots=True)
class _Counting:
    """A quota whose budgets begin with what there was.

    Attributes:
        since: When its budgets, and the parts of them, began to decide.
        start: Where their present period began.
    """

    quota: Quota
    since: Mapping[Part, datetime]
    start: datetime


def identities_of(quota: Quota) -> dict[bytes, Part]:
    """Return 16 bytes over what makes a quota's budgets the same budgets, and likewise for each part of them."""
    whole = quota_identity(quota)
    texts = {whole: Part.WHOLE}
    for part, field in PART_FIELDS.items():
        if kept := kept_by(quota, part):
            texts[f"{whole}\x1d{field}\x1d{kept}"] = part
    return {blake2b(text.encode(), digest_size=16).digest(): part for text, part in texts.items()}


class ExistingCounter:
    """Counts what was used before budgets, before they begin to decide and for a while after.

    Args:
        ledger: Where it is posted.
        database: Where the records are.
    """

    def __init__(self, ledger: Ledger, database: Database) -> None:
        self._ledger = ledger
        self._database = database

    async def begin(self, snapshot: Snapshot, served: Snapshot | None, now: datetime) -> None:
        """Count for the budgets that a snapshot brings, before it decides.

        Args:
            snapshot: What will decide.
            served: What decides until then; None when a server starts: then new is what no server has ever counted for.
            now: The instant.

        Raises:
            SQLAlchemyError, LedgerUnavailableError: If the database does not answer; trying again is safe.
        """
        wanted = _wanted(snapshot, now)
        if not wanted:
            return
        counts = await self._database.read(partial(read_counts, identities=list(wanted)))
        known = {identity for identity, count in counts.items() if not _came_back(wanted[identity], count)}
        if served is not None:
            known = {identity for quota in served.policies.quotas for identity in identities_of(quota)}
        new = {
            identity: Count(_ms(_since(quota, now)), _ms(now))
            for identity, quota in wanted.items()
            if identity not in known
        }
        if not new:
            return
        # What was counted of the rest of these quotas stays.
        counting = _counting(wanted, new, counts | new, now)
        posted = await self._count(snapshot, counting, now)
        await self._database.write(partial(write_counts, counts=new))
        _log.info("existing_counted", quotas=[one.quota.header.ref for one in counting], entries=posted)

    async def watch(self, turn: Turn, snapshots: Snapshots) -> str:
        """Count again what may have been reported since: the later, the less often.

        Returns:
            What was done.
        """
        snapshot, now = snapshots.current, turn.now
        wanted = _wanted(snapshot, now)
        if not wanted:
            return "no quota counts what was used before it"
        counts = await self._database.read(partial(read_counts, identities=list(wanted)))
        due = {identity: count for identity, count in counts.items() if _is_due(wanted[identity], count, now)}
        if not due:
            return "nothing is due"
        counting = _counting(wanted, due, counts, now)
        posted = await self._count(snapshot, counting, now)
        await turn.write(partial(write_counted, identities=list(due), now_ms=_ms(now)))
        return f"{posted} entries of what was used before {len(counting)} quotas"

    async def _count(self, snapshot: Snapshot, counting: Sequence[_Counting], now: datetime) -> int:
        """Post what is missing; returns the number of entries."""
        from_ms = _ms(min(one.start for one in counting))
        # First of all: if somebody posts meanwhile, what is worked out from here on is not posted under his number.
        counted = await self._database.read(partial(read_counted, from_ms=from_ms))
        existing = await self._sum_up(snapshot, counting, from_ms, now)
        wanted = {key.digest: key for key in existing.amounts}
        left = await self._database.read(partial(budgets_by_digest, digests=counted.keys() - wanted.keys()))
        # A budget says the name under which it was last drawn on.
        ours = {ref for one in counting for ref in _names(one.quota)}
        keys = [*existing.amounts, *(key for key in left.values() if key.policy in ours and _is_open(key, now))]
        commands = [
            _command(key, counted.get(key.digest, Counted()), existing.amounts.get(key, 0), now)
            for key in sorted(keys, key=lambda key: key.digest)
        ]
        return await self._post([command for command in commands if command is not None])

    async def _sum_up(
        self, snapshot: Snapshot, counting: Sequence[_Counting], from_ms: int, now: datetime
    ) -> ExistingUse:
        grants = await self._database.read(lambda connection: read_grants(connection, GrantFilter()))
        existing = ExistingUse(
            [(one.quota, {part: since + STRAGGLERS for part, since in one.since.items()}) for one in counting],
            DrawMemory(snapshot.organization, snapshot.quota, snapshot.epoch),
            now,
            {grant.ref: grant for grant in grants},
        )
        open_from_ms = max(from_ms, _ms(now) - HOLD_FOR_S_MAX * 1000)
        still_open = await self._database.read(
            lambda connection: read_open_decisions(connection, open_from_ms, now.timestamp())
        )
        calls = {one.id: open_call(one, still_open.budgets) for one in still_open.reservations}
        # An event is stamped at most so much later than it is received.
        after = id_floor(from_ms - int(AHEAD_MAX.total_seconds() * 1000))

        def read_page(connection: Connection) -> bytes | None:
            page = read_chains(connection, from_ms=from_ms, until_ms=_FOREVER_MS, after=after, limit=PAGE)
            for chain in page.chains:
                existing.add(recorded_call(chain.entries, chain.reservation, page.budgets))
                # It was settled while we were reading.
                if chain.reservation is not None and chain.reservation.state is not ReservationState.HELD:
                    calls.pop(chain.reservation.id, None)
            return page.chains[-1].entries[0].id if len(page.chains) == PAGE else None

        while (last := await self._database.read(read_page)) is not None:
            after = last
        for call in calls.values():
            existing.add(call)
        return existing

    async def _post(self, commands: Sequence[Adjust]) -> int:
        posted = 0
        for start in range(0, len(commands), POSTED_AT_ONCE):
            some = commands[start : start + POSTED_AT_ONCE]
            for command, result in zip(some, await self._ledger.submit_many(some, deadline_s=PATIENCE_S), strict=True):
                assert isinstance(result, AdjustmentResult)
                posted += result.outcome is AdjustmentOutcome.POSTED
                if result.outcome in {AdjustmentOutcome.CREDIT_TOO_LARGE, AdjustmentOutcome.TOO_LARGE}:
                    _log.error("existing_not_posted", outcome=result.outcome, event=command.event_id)
        return posted


_FOREVER_MS = 2**62


def _counting(
    wanted: Mapping[bytes, Quota], due: Iterable[bytes], counts: Mapping[bytes, Count], now: datetime
) -> list[_Counting]:
    """Return the quotas that have something to count, with all of their counters that begin with what there was."""
    quotas = {wanted[identity].header.name: wanted[identity] for identity in due}
    return [
        _Counting(
            quota,
            {
                part: _instant(counts[identity].since_ms)
                for identity, part in identities_of(quota).items()
                if identity in counts
            },
            _start(quota, now),
        )
        for quota in quotas.values()
    ]


def _wanted(snapshot: Snapshot, now: datetime) -> dict[bytes, Quota]:
    """Return the quotas that count what there was, by what makes their budgets, and the parts of them, the same."""
    return {identity: quota for quota in _quotas(snapshot, now) for identity in identities_of(quota)}


def _quotas(snapshot: Snapshot, now: datetime) -> Iterable[Quota]:
    return (
        quota
        for quota in snapshot.policies.quotas
        if quota.count_existing
        and quota.period is not None
        and (quota.header.effective_until is None or now < quota.header.effective_until)
    )


def _names(quota: Quota) -> Iterable[str]:
    return [f"Quota/{name}" for name in (quota.header.name, *quota.header.formerly)]


def _since(quota: Quota, now: datetime) -> datetime:
    begins = quota.header.effective_from
    return max(begins, now) if begins is not None else now


def _came_back(quota: Quota, count: Count) -> bool:
    """Tell whether other budgets stood in the place of a quota's since it was counted what there was before them."""
    return quota.renewed is not None and int(quota.renewed.since_s * 1000) > count.since_ms


def _start(quota: Quota, now: datetime) -> datetime:
    assert quota.period is not None
    return period_at(quota.period, now).start_at


def _is_due(quota: Quota, count: Count, now: datetime) -> bool:
    """Tell whether something may have been reported late: only in the period in which the budgets began."""
    if _ms(_start(quota, now)) > count.since_ms:
        return False
    if count.counted_ms < count.since_ms:
        # Published before its first day: what comes until then counts as well.
        return _ms(now) >= count.since_ms or _ms(now) - count.counted_ms >= LATEST_MS
    passed_ms = count.counted_ms - count.since_ms
    return _ms(now) - count.counted_ms >= min(max(passed_ms, SOONEST_MS), LATEST_MS)


def _is_open(key: BudgetKey, now: datetime) -> bool:
    return key.period_end_s is None or now.timestamp() < key.period_end_s


def _command(key: BudgetKey, counted: Counted, wanted: int, now: datetime) -> Adjust | None:
    """Return what is still to be posted on a budget, or None."""
    change = wanted - counted.amount
    if not change:
        return None
    now_ms = _ms(now)
    entry_id = new_id(now_ms)
    event_id = event_id_of(key.digest, counted.entries + 1)
    record = {
        "id": id_text(entry_id),
        "request_id": event_id,
        "kind": AdjustmentKind.EXISTING,
        "quota": key.policy,
        "scope": dict(key.scope),
        "unit": key.unit,
        "amount": amount_text(change, key.unit),
        "period": _period(key),
        "at": now,
        "reason": "count_existing: used in this period before the budget began",
        "posted_by": "governor",
        "posted_with_key": "",
        "posted_at": now,
    }
    return Adjust(
        entry_id=entry_id,
        event_id=event_id,
        # Whoever works out another amount under the same number came too late.
        body_digest=blake2b(f"{event_id} {change}".encode(), digest_size=16).digest(),
        received_at_ms=now_ms,
        at_ms=now_ms,
        budget=key,
        kind=AdjustmentKind.EXISTING,
        amount=change,
        record=msgspec.json.encode(record),
    )


def _period(key: BudgetKey) -> Mapping[str, datetime] | None:
    if key.period_end_s is None:
        return None
    return {"start": _instant(key.period_start_s * 1000), "end": _instant(key.period_end_s * 1000)}


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
