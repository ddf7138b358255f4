"""Settling: actual usage is recorded in full, exactly once, whatever became of the hold.

An entry is written out before the first counter changes, so that whatever a command's own functions raise leaves no
trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from governor.core.ledger.changes import posted_units, rollup_amounts, rollup_units, units_between
from governor.core.ledger.commands import Assessment, Settle
from governor.core.ledger.entry import Charge, Entry, EntryKind, RollupPosting, corrected
from governor.core.ledger.reservation import HeldBudget, Reservation, ReservationState
from governor.core.ledger.results import EventResult, EventStatus
from governor.core.ledger.working_set import WorkingSet
from governor.core.money import AMOUNT_MAX
from governor.core.provider_usage.report import ProviderReport
from governor.core.units import Unit
from governor.core.usage import Usage

TOO_LARGE = "an amount is larger than a budget can count"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a chain of entries comes to, or what an event posts: counts, cost and charges."""

    usage: Usage
    cost_nano_usd: int
    requests: int
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """How an event changes its reservation: the new value, and what the counters give back before it is charged."""

    kind: EntryKind
    reservation: Reservation | None = None
    gives_back: Reservation | None = None
    overrun_nano_usd: int = 0


def settle(work: WorkingSet, command: Settle) -> EventResult:
    """Record one usage event.

    Raises:
        UnhydratedError, MissingBudgetError: If counters are missing.
    """
    known = work.entries.get((command.source, command.event_id))
    if known is not None:
        return _known(command, known)
    chain = work.chain(command.source, command.corrects)
    if command.corrects is not None and not chain and not command.corrects_if_known:
        return _rejected(command, "the event that this one corrects is not known")
    reservation = work.reservation(chain[0].decision_id if chain else command.decision_id)
    assessment = command.assess(reservation, corrected(chain))
    if assessment.rejected is not None:
        return _rejected(command, assessment.rejected)
    _require(work, assessment, reservation, chain)
    step = _Step(EntryKind.CORRECTION) if chain else _step(work, command, assessment, reservation)
    totals = _correction(assessment, chain) if chain else _whole(assessment)
    if _too_large(work, totals):
        return _rejected(command, TOO_LARGE)
    return _write(work, command, assessment, step=step, totals=totals, chain=chain)


def _known(command: Settle, known: Entry) -> EventResult:
    if known.body_digest != command.body_digest:
        return EventResult(
            command.event_id, EventStatus.CONFLICT, "another event was recorded under this id; use a new event_id"
        )
    # The command's own entry is there already if the connection was lost while it was being committed.
    status = EventStatus.RECORDED if known.id == command.entry_id else EventStatus.DUPLICATE
    return EventResult(
        command.event_id,
        status,
        usage=known.usage,
        cost_nano_usd=known.cost_nano_usd,
        unpriced=known.unpriced,
        estimated=known.estimated,
        stored=known.result or None,
    )


def _rejected(command: Settle, reason: str) -> EventResult:
    return EventResult(command.event_id, EventStatus.REJECTED, reason, provider_report=_report(command))


def _report(command: Settle) -> ProviderReport | None:
    return command.provider_usage.report if command.provider_usage is not None else None


def _require(work: WorkingSet, assessment: Assessment, reservation: Reservation | None, chain: list[Entry]) -> None:
    work.require(posting.key for posting in assessment.postings if posting.key is not None)
    work.require_known(posting.budget for posting in assessment.postings)
    work.require_known(held.budget for held in (reservation.holds if reservation is not None else ()))
    work.require_known(charge.budget for entry in chain for charge in entry.charges)


def _step(work: WorkingSet, command: Settle, assessment: Assessment, reservation: Reservation | None) -> _Step:
    """Work out what an event that corrects nothing does to its reservation."""
    if reservation is None or reservation.state is ReservationState.DENIED:
        return _Step(EntryKind.UNRESERVED)
    overrun_nano_usd = max(0, assessment.cost_nano_usd - (reservation.facts.cost_nano_usd or 0))
    match reservation.state_at(work.instant_of(reservation)):
        case ReservationState.SETTLED | ReservationState.SETTLED_LATE:
            return _Step(EntryKind.ADDITIONAL)
        case ReservationState.HELD if not command.final:
            left, given_back = _shrunk(reservation, assessment)
            return _Step(EntryKind.ADDITIONAL, left, given_back, overrun_nano_usd)
        case ReservationState.HELD:
            settled = reservation.in_state(ReservationState.SETTLED)
            return _Step(EntryKind.SETTLEMENT, settled, reservation, overrun_nano_usd)
        case ReservationState.RELEASED:
            late = reservation.in_state(ReservationState.SETTLED_LATE)
            return _Step(EntryKind.LATE, late, None, overrun_nano_usd)
        case _:
            # Expired: what the expiry charged is given back, and the actual usage is charged instead.
            late = reservation.in_state(ReservationState.SETTLED_LATE)
            return _Step(EntryKind.LATE, late, reservation, overrun_nano_usd)


def _shrunk(reservation: Reservation, assessment: Assessment) -> tuple[Reservation, Reservation]:
    """Split a hold into what is left after a part of the call was posted, and what that part took from it.

    The part's cost is no longer held, so that nothing counts twice; a concurrency slot is kept to the end.
    """
    posted = {posting.budget: posting.amount for posting in assessment.postings}
    left: list[HeldBudget] = []
    taken: list[HeldBudget] = []
    for held in reservation.holds:
        by = 0 if held.unit is Unit.CONCURRENT else min(held.amount, posted.get(held.budget, 0))
        left.append(replace(held, amount=held.amount - by))
        taken.append(replace(held, amount=by))
    facts = reservation.facts
    if facts.cost_nano_usd is not None:
        facts = replace(facts, cost_nano_usd=max(0, facts.cost_nano_usd - assessment.cost_nano_usd))
    return replace(reservation, holds=tuple(left), facts=facts), replace(reservation, holds=tuple(taken))


def _whole(assessment: Assessment) -> Totals:
    charges = tuple(Charge(posting.budget, posting.amount) for posting in assessment.postings)
    return Totals(assessment.usage, assessment.cost_nano_usd, assessment.requests, charges)


def _correction(assessment: Assessment, chain: list[Entry]) -> Totals:
    """Return the difference between what the event should have come to and what its chain has posted so far."""
    before = totals_of(chain)
    wanted: dict[bytes, int] = {}
    for posting in assessment.postings:
        wanted[posting.budget] = wanted.get(posting.budget, 0) + posting.amount
    effective = {charge.budget: charge.amount for charge in before.charges}
    charges = tuple(
        Charge(budget, wanted.get(budget, 0) - effective.get(budget, 0))
        for budget in dict.fromkeys((*wanted, *effective))
    )
    return Totals(
        _sum(assessment.usage, before.usage, -1),
        assessment.cost_nano_usd - before.cost_nano_usd,
        assessment.requests - before.requests,
        tuple(charge for charge in charges if charge.amount),
    )


def totals_of(chain: Sequence[Entry]) -> Totals:
    """Sum up what a chain has posted."""
    charges: dict[bytes, int] = {}
    usage = Usage()
    for entry in chain:
        usage = _sum(usage, entry.usage, 1)
        for charge in entry.charges:
            charges[charge.budget] = charges.get(charge.budget, 0) + charge.amount
    return Totals(
        usage,
        sum(entry.cost_nano_usd for entry in chain),
        sum(entry.requests for entry in chain),
        tuple(Charge(budget, amount) for budget, amount in charges.items()),
    )


def _too_large(work: WorkingSet, totals: Totals) -> bool:
    amounts = rollup_amounts(totals.usage, totals.cost_nano_usd, totals.requests)
    if any(abs(amount) > AMOUNT_MAX for amount in (*amounts, *totals.usage.units.values())):
        return True
    more: dict[bytes, int] = {}
    for charge in totals.charges:
        more[charge.budget] = more.get(charge.budget, 0) + charge.amount
    return any(work.balance(budget).taken + amount > AMOUNT_MAX for budget, amount in more.items())


def _write(
    work: WorkingSet, command: Settle, assessment: Assessment, *, step: _Step, totals: Totals, chain: list[Entry]
) -> EventResult:
    """Make the entry, then change the counters."""
    result = EventResult(
        command.event_id,
        EventStatus.RECORDED,
        _reason(step.kind, assessment),
        usage=assessment.usage,
        cost_nano_usd=assessment.cost_nano_usd,
        overrun_nano_usd=step.overrun_nano_usd,
        unpriced=assessment.unpriced,
        estimated=assessment.estimated,
        provider_report=_report(command),
        note=assessment.note,
    )
    entry = Entry(
        id=command.entry_id,
        kind=step.kind,
        source=command.source,
        event_id=command.event_id,
        body_digest=command.body_digest,
        root_event_id=chain[0].event_id if chain else command.event_id,
        decision_id=chain[0].decision_id if chain else command.decision_id,
        received_at_ms=command.received_at_ms,
        occurred_at_ms=assessment.occurred_at_ms,
        model=assessment.model,
        provider=assessment.provider,
        usage=totals.usage,
        cost_nano_usd=totals.cost_nano_usd,
        requests=totals.requests,
        charges=totals.charges,
        rollup=assessment.rollup,
        rolled=_rolled(assessment, totals, chain),
        unpriced=assessment.unpriced,
        estimated=assessment.estimated,
        result=command.encode(result),
        attributes=assessment.attributes,
        charged=assessment.charged,
        provider_usage=command.provider_usage.verbatim if command.provider_usage is not None else b"",
        parts=assessment.parts,
    )
    if step.gives_back is not None:
        work.unhold(step.gives_back)
    if step.reservation is not None:
        work.move(step.reservation)
    for charge in entry.charges:
        work.touch(charge.budget).used += charge.amount
    work.entries[entry.source, entry.event_id] = entry
    work.chains.setdefault((entry.source, entry.root_event_id), []).append(entry)
    work.changes.entries.append(entry)
    work.changes.roll_up(entry.rolled)
    return result


def _rolled(assessment: Assessment, totals: Totals, chain: list[Entry]) -> tuple[RollupPosting, ...]:
    """Say which hourly sums an entry changes.

    A correction that names another model moves the whole event: what the chain has posted is taken from the old
    dimensions and the whole is added to the new ones.
    """
    units = rollup_units(assessment.usage, unpriced=assessment.unpriced)
    if not chain:
        amounts = rollup_amounts(totals.usage, totals.cost_nano_usd, totals.requests)
        return (RollupPosting(assessment.rollup, amounts, units_between({}, units)),)
    last = chain[-1].rollup
    posted = posted_units((posting for entry in chain for posting in entry.rolled), last)
    if last == assessment.rollup:
        amounts = rollup_amounts(totals.usage, totals.cost_nano_usd, totals.requests)
        return (RollupPosting(last, amounts, units_between(posted, units)),)
    before = totals_of(chain)
    taken = rollup_amounts(before.usage, before.cost_nano_usd, before.requests)
    added = rollup_amounts(assessment.usage, assessment.cost_nano_usd, assessment.requests)
    return (
        RollupPosting(last, tuple(-amount for amount in taken), units_between(posted, {})),
        RollupPosting(assessment.rollup, added, units_between({}, units)),
    )


def _sum(left: Usage, right: Usage, sign: int) -> Usage:
    return Usage(
        input_tokens=left.input_tokens + sign * right.input_tokens,
        cached_input_tokens=left.cached_input_tokens + sign * right.cached_input_tokens,
        cache_write_tokens=left.cache_write_tokens + sign * right.cache_write_tokens,
        cache_write_1h_tokens=left.cache_write_1h_tokens + sign * right.cache_write_1h_tokens,
        output_tokens=left.output_tokens + sign * right.output_tokens,
        reasoning_tokens=left.reasoning_tokens + sign * right.reasoning_tokens,
        units=_sum_named(left.units, right.units, sign),
        modalities=_sum_named(left.modalities, right.modalities, sign),
    )


def _sum_named(left: Mapping[str, int], right: Mapping[str, int], sign: int) -> dict[str, int]:
    return {name: left.get(name, 0) + sign * right.get(name, 0) for name in dict.fromkeys((*left, *right))}


def _reason(kind: EntryKind, assessment: Assessment) -> str | None:
    """Say in a word how an event was recorded, if not as the plain settlement of its decision."""
    if assessment.model_mismatch:
        return "model_mismatch"
    if kind is EntryKind.SETTLEMENT:
        return "estimated" if assessment.estimated else None
    return str(kind)
