"""Re-rate usage after a price was corrected: the difference is posted as dated entries, never in place."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from governor.core.decisions.ids import id_text
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.adjusting import Rerating, rerating_of
from governor.core.ledger.adjustments import Rerate, Rerated, RerateOutcome
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.port import Ledger
from governor.core.money import usd_text
from governor.core.settlement.assess import AHEAD_MAX
from governor.core.settlement.pricing import recorded_cost
from governor.services.ids import new_id
from governor.services.keys import Identity
from governor.services.reasons import checked_reason
from governor.store.chains import Chain, ChainPage, read_chains
from governor.store.database import Database
from governor.store.decisions import id_floor

PAGE = 200
"""Events that are read, and posted, at a time."""


@dataclass(frozen=True, slots=True)
class RerateQuery:
    """What is re-rated.

    Attributes:
        from_at: Events that happened at or after this instant,
        until_at: and before this one.
        model: Only this model, by any of its names; ``""``: all.
        dry_run: Only look.
        reason: Why, for the audit.
    """

    from_at: datetime
    until_at: datetime
    model: str
    dry_run: bool
    reason: str


@dataclass(slots=True)
class Tally:
    """Events whose price changed, with what they cost before and after, in nano-USD."""

    events: int = 0
    before_nano_usd: int = 0
    after_nano_usd: int = 0

    def add(self, before_nano_usd: int, after_nano_usd: int) -> None:
        """Count one event."""
        self.events += 1
        self.before_nano_usd += before_nano_usd
        self.after_nano_usd += after_nano_usd


@dataclass(slots=True)
class RerateSummary:
    """What a re-rating changed, or would change.

    Attributes:
        events: Events looked at.
        total: Those whose price changed.
        by_model: The same by canonical id.
        by_budget: What was posted on each budget, in nano-USD.
        unpriced: Events without a price also now.
        held_amount: Events charged at what was held: nobody knows what they used.
    """

    events: int = 0
    total: Tally = field(default_factory=Tally)
    by_model: dict[str, Tally] = field(default_factory=dict)
    by_budget: dict[BudgetKey, int] = field(default_factory=dict)
    unpriced: int = 0
    held_amount: int = 0


class Rerater:
    """Posts what corrected prices change.

    Args:
        snapshot: The prices of now.
        ledger: Where it is posted.
        database: Where usage is read from.
    """

    def __init__(self, snapshot: Snapshot, ledger: Ledger, database: Database) -> None:
        self._snapshot = snapshot
        self._ledger = ledger
        self._database = database
        self._price = partial(recorded_cost, snapshot)

    async def run(
        self, query: RerateQuery, identity: Identity, now: datetime, on_events: Callable[[int], None]
    ) -> RerateSummary:
        """Re-rate, or look what would change. Doing it again changes nothing.

        Args:
            query: What is re-rated.
            identity: Who does so, for the audit.
            now: The date of what is posted.
            on_events: Called now and then with the events looked at so far.

        Raises:
            LedgerUnavailableError: If the ledger does not answer; doing it again is safe.
            AmountError: If a cost does not fit 64 bits.
            InvalidRequestError: If the reason says nothing.
        """
        query = replace(query, reason=checked_reason(query.reason))
        summary = RerateSummary()
        model = self._snapshot.model(query.model, "").id if query.model else ""
        from_ms, until_ms = _ms(query.from_at), _ms(query.until_at)
        # Ids are ordered by receipt, and nothing is received long before it happens.
        after = id_floor(_ms(query.from_at - AHEAD_MAX - timedelta(minutes=1)))
        while True:
            page = await self._database.read(
                partial(read_chains, from_ms=from_ms, until_ms=until_ms, after=after, limit=PAGE)
            )
            if not page.chains:
                return summary
            after = page.chains[-1].entries[0].id
            wanted = [chain for chain in page.chains if model in {"", chain.entries[-1].model}]
            await self._one_page(wanted, page, query, summary, identity=identity, now=now)
            on_events(summary.events)

    async def _one_page(
        self,
        chains: list[Chain],
        page: ChainPage,
        query: RerateQuery,
        summary: RerateSummary,
        *,
        identity: Identity,
        now: datetime,
    ) -> None:
        summary.events += len(chains)
        changed: list[tuple[Chain, Rerating]] = []
        for chain in chains:
            found = rerating_of(chain.entries, chain.reservation, self._price, lambda digest: page.budgets[digest].unit)
            summary.unpriced += found.outcome is RerateOutcome.UNPRICED
            summary.held_amount += found.outcome is RerateOutcome.HELD_AMOUNT
            if found.outcome is RerateOutcome.POSTED:
                changed.append((chain, found))
        results: list[Any] = [
            Rerated(found.outcome, found.before_nano_usd, found.after_nano_usd) for _, found in changed
        ]
        if not query.dry_run:
            commands = [self._command(chain, query, identity, now) for chain, _ in changed]
            results = list(await self._ledger.submit_many(commands))
        for (chain, found), result in zip(changed, results, strict=True):
            assert isinstance(result, Rerated)
            # Somebody else may have posted it in the meantime.
            if result.outcome is RerateOutcome.POSTED:
                _add(summary, chain.entries[-1].model, result, [page.budgets[digest] for digest in found.budgets])

    def _command(self, chain: Chain, query: RerateQuery, identity: Identity, now: datetime) -> Rerate:
        root = chain.entries[0]
        now_ms = _ms(now)
        entry_id = new_id(now_ms)

        def record(before_nano_usd: int, after_nano_usd: int) -> bytes:
            return msgspec.json.encode(
                {
                    "id": id_text(entry_id),
                    "event_id": root.event_id,
                    "before_usd": usd_text(before_nano_usd),
                    "after_usd": usd_text(after_nano_usd),
                    "policy_version": self._snapshot.version,
                    "reason": query.reason,
                    "posted_by": identity.person or identity.name,
                    "posted_at": now,
                }
            )

        return Rerate(entry_id, root.source, root.event_id, now_ms, self._price, record)


def _add(summary: RerateSummary, model: str, result: Rerated, budgets: list[BudgetKey]) -> None:
    before, after = result.before_nano_usd, result.after_nano_usd
    summary.total.add(before, after)
    summary.by_model.setdefault(model, Tally()).add(before, after)
    for key in budgets:
        summary.by_budget[key] = summary.by_budget.get(key, 0) + after - before


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
