"""Adjusting: dated entries beside usage, so that a balance is never edited and ``verify`` recomputes all of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from governor.core.ledger.adjustments import (
    ADJUSTMENTS_SOURCE,
    Adjust,
    AdjustmentOutcome,
    AdjustmentResult,
    Rerate,
    Rerated,
    RerateOutcome,
)
from governor.core.ledger.changes import UNPRICED, posted_units, rollup_amounts, units_between
from governor.core.ledger.entry import Charge, Entry, EntryKind, RollupKey, RollupPosting
from governor.core.ledger.reservation import Reservation
from governor.core.ledger.settling import totals_of
from governor.core.ledger.working_set import WorkingSet
from governor.core.money import AMOUNT_MAX
from governor.core.units import Unit
from governor.core.usage import Usage

_NOTHING = Usage()


def adjust(work: WorkingSet, command: Adjust) -> AdjustmentResult:
    """Post an amount on one budget. A credit gives back at most what was used: more room is a limit or a grant.

    Raises:
        UnhydratedError: If the counter is missing.
    """
    digest = command.budget.digest
    known = work.entries.get((ADJUSTMENTS_SOURCE, command.event_id))
    if known is not None:
        return AdjustmentResult(_known(command, known), known.result, work.balance(digest))
    work.require((command.budget,))
    balance, change = work.balance(digest), command.change
    if change < 0 and balance.used + change < 0:
        return AdjustmentResult(AdjustmentOutcome.CREDIT_TOO_LARGE, b"", balance)
    if balance.taken + change > AMOUNT_MAX:
        return AdjustmentResult(AdjustmentOutcome.TOO_LARGE, b"", balance)
    entry = Entry(
        id=command.entry_id,
        kind=EntryKind.ADJUSTMENT,
        source=ADJUSTMENTS_SOURCE,
        event_id=command.event_id,
        body_digest=command.body_digest,
        root_event_id=command.event_id,
        decision_id=None,
        received_at_ms=command.received_at_ms,
        occurred_at_ms=command.at_ms,
        model="",
        provider="",
        usage=_NOTHING,
        cost_nano_usd=0,
        requests=0,
        charges=(Charge(digest, change),),
        rollup=RollupKey(0),
        rolled=(),
        unpriced=False,
        estimated=False,
        result=command.record,
    )
    _post(work, entry)
    return AdjustmentResult(AdjustmentOutcome.POSTED, command.record, work.balance(digest))


def _known(command: Adjust, known: Entry) -> AdjustmentOutcome:
    if known.body_digest != command.body_digest:
        return AdjustmentOutcome.CONFLICT
    # The command's own entry is there already if the connection was lost while it was being committed.
    return AdjustmentOutcome.POSTED if known.id == command.entry_id else AdjustmentOutcome.DUPLICATE


@dataclass(frozen=True, slots=True)
class Rerating:
    """What a corrected price changes of an event: its cost before and after, and the budgets that pay for it."""

    outcome: RerateOutcome
    before_nano_usd: int
    after_nano_usd: int
    budgets: tuple[bytes, ...] = ()

    @property
    def change_nano_usd(self) -> int:
        """What is posted on every budget."""
        return self.after_nano_usd - self.before_nano_usd


def rerating_of(
    chain: Sequence[Entry],
    reservation: Reservation | None,
    price: Callable[[Entry, Usage, int, Reservation | None], int | None],
    unit_of: Callable[[bytes], Unit],
) -> Rerating:
    """Work out what a corrected price changes of an event; the same for a look beforehand and for the posting.

    Args:
        chain: The event with its corrections and earlier re-ratings, in order.
        reservation: Its decision, or None.
        price: See ``Rerate``.
        unit_of: Unit of a charged budget.
    """
    totals = totals_of(chain)
    before = totals.cost_nano_usd
    last = chain[-1]
    if last.estimated and last.charged is None:
        # What was held was charged, whatever it would have cost: a correction with real usage comes, or nobody knows.
        return Rerating(RerateOutcome.HELD_AMOUNT, before, before)
    after = price(last, totals.usage, totals.requests, reservation)
    if after is None:
        return Rerating(RerateOutcome.UNPRICED, before, before)
    if after == before:
        return Rerating(RerateOutcome.UNCHANGED, before, before)
    return Rerating(RerateOutcome.POSTED, before, after, _budgets(chain, unit_of))


def _budgets(chain: Sequence[Entry], unit_of: Callable[[bytes], Unit]) -> tuple[bytes, ...]:
    """Return the budgets of money that an event charges."""
    charged = chain[-1].charged
    if charged is not None:
        return tuple(dict.fromkeys(one.budget for one in charged if one.unit is Unit.USD))
    digests = dict.fromkeys(charge.budget for entry in chain for charge in entry.charges)
    return tuple(digest for digest in digests if unit_of(digest) is Unit.USD)


def rerate(work: WorkingSet, command: Rerate) -> Rerated:
    """Post the difference that a corrected price makes, on the event's budgets and in its hour.

    Raises:
        MissingBudgetError: If counters are missing.
    """
    chain = work.chain(command.source, command.event_id)
    if not chain:
        return Rerated(RerateOutcome.UNKNOWN)
    last = chain[-1]
    if last.id == command.entry_id:
        # The connection was lost while it was being committed.
        after = totals_of(chain).cost_nano_usd
        return Rerated(RerateOutcome.POSTED, after - last.cost_nano_usd, after)
    work.require_known(charge.budget for entry in chain for charge in entry.charges)
    reservation = work.reservation(chain[0].decision_id)
    rerating = rerating_of(chain, reservation, command.price, lambda digest: work.counters[digest].key.unit)
    work.require_known(rerating.budgets)
    before, after, change = rerating.before_nano_usd, rerating.after_nano_usd, rerating.change_nano_usd
    if rerating.outcome is not RerateOutcome.POSTED:
        return Rerated(rerating.outcome, before, after)
    if any(work.balance(budget).taken + change > AMOUNT_MAX for budget in rerating.budgets):
        return Rerated(RerateOutcome.TOO_LARGE, before, before)
    posted = posted_units((posting for entry in chain for posting in entry.rolled), last.rollup)
    priced = {unit: amount for unit, amount in posted.items() if unit != UNPRICED}
    entry = replace(
        last,
        id=command.entry_id,
        kind=EntryKind.RERATING,
        event_id=rerating_event_id(command.entry_id),
        root_event_id=chain[0].event_id,
        received_at_ms=command.received_at_ms,
        usage=_NOTHING,
        cost_nano_usd=change,
        requests=0,
        charges=tuple(Charge(budget, change) for budget in rerating.budgets),
        rolled=(RollupPosting(last.rollup, rollup_amounts(_NOTHING, change, 0), units_between(posted, priced)),),
        unpriced=False,
        result=command.record(before, after),
        provider_usage=b"",
    )
    _post(work, entry)
    work.chains[entry.source, entry.root_event_id].append(entry)
    return Rerated(RerateOutcome.POSTED, before, after)


def rerating_event_id(entry_id: bytes) -> str:
    """Return the id of the event that a re-rating is."""
    return f"(rerating) {entry_id.hex()}"


def _post(work: WorkingSet, entry: Entry) -> None:
    for charge in entry.charges:
        work.touch(charge.budget).used += charge.amount
    work.entries[entry.source, entry.event_id] = entry
    work.changes.entries.append(entry)
    work.changes.roll_up(entry.rolled)
