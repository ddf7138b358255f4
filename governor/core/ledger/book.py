"""The rules of the ledger, applied to values in memory.

A ``Book`` is the working set of some commands: the counters, reservations, claims and entries that they touch. The
SQL ledger fills one from the database inside a transaction, applies a batch, and writes the changes back; the
in-memory ledger keeps one for good. There is no second implementation of any rule.

Each ``apply`` either does the whole command or raises before it has changed anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from governor.core.ledger.admit import admit
from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.commands import (
    Admission,
    Assessment,
    Command,
    Conflict,
    Extend,
    Hold,
    Option,
    Place,
    PlaceAll,
    Placed,
    Posting,
    Release,
    ReservationOutcome,
    ReservationResult,
    Settle,
)
from governor.core.ledger.counter import BUCKET_S, Counter, expiry_bucket
from governor.core.ledger.entry import Charge, Entry, EntryKind, RollupKey
from governor.core.ledger.reservation import (
    HOLD_FOR_S_MAX,
    HeldBudget,
    Reservation,
    ReservationState,
)
from governor.core.ledger.results import EventResult, EventStatus
from governor.core.units import Unit
from governor.core.usage import Usage

Outcome = Placed | Conflict | tuple[Placed | Conflict, ...] | EventResult | ReservationResult


@dataclass(frozen=True, slots=True)
class Claim:
    """A used idempotency key: which decision answered it, and the digest of the body it came with."""

    decision_id: bytes
    body_digest: bytes
    at_ms: int


class UnhydratedError(Exception):
    """A command needs counters that the working set does not hold; nothing was changed. Load them and apply again."""

    def __init__(self, budgets: Iterable[BudgetKey]) -> None:
        super().__init__("counters are missing from the working set")
        self.budgets = tuple(budgets)


class MissingBudgetError(Exception):
    """A command needs a counter that is only known by its digest and is not in the working set."""


@dataclass(slots=True)
class Changes:
    """What a batch changed: what the SQL ledger writes. Claims, reservations and entries by their keys."""

    counters: set[bytes] = field(default_factory=set)
    claims: dict[bytes, Claim] = field(default_factory=dict)
    placed: dict[bytes, Reservation] = field(default_factory=dict)
    moved: dict[bytes, Reservation] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    rollups: dict[RollupKey, list[int]] = field(default_factory=dict)


ROLLUP_SUMS = (
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_nano_usd",
)
"""The sums of an hourly rollup, in the order of ``Changes.rollups``."""


class Book:
    """The working set of a batch, and the rules.

    Args:
        complete: True if the book holds everything there is (the in-memory ledger): a counter that is not there is
            new. False if it is filled per batch: a counter that is not there must be loaded first.
    """

    def __init__(self, *, complete: bool) -> None:
        self.complete = complete
        self.now_s: float = 0.0
        self.counters: dict[bytes, Counter] = {}
        self.reservations: dict[bytes, Reservation] = {}
        self.claims: dict[bytes, Claim] = {}
        self.entries: dict[tuple[str, str], Entry] = {}
        self.chains: dict[tuple[str, str], list[Entry]] = {}
        self.changes = Changes()

    # ---- what a command needs -------------------------------------------------------------------------------

    def budgets_of(self, command: Command) -> dict[bytes, BudgetKey | None]:
        """Return the budgets that a command will touch; a value of None means that the counter exists already.

        Claims, reservations and entries that the command names must be in the working set before.
        """
        budgets: dict[bytes, BudgetKey | None] = {}
        match command:
            case Place():
                if command.claim not in self.claims:
                    for option in command.options():
                        budgets.update((hold.budget.digest, hold.budget) for hold in option.holds)
            case PlaceAll():
                for place in command.places:
                    budgets.update(self.budgets_of(place))
            case Settle():
                reservation = self._reservation(command.decision_id)
                chain = self._chain(command)
                if chain:
                    budgets.update((charge.budget, None) for entry in chain for charge in entry.charges)
                    reservation = self._reservation(chain[0].decision_id)
                if reservation is not None:
                    budgets.update((held.budget, None) for held in reservation.holds)
                assessment = command.assess(reservation, chain[0] if chain else None)
                for posting in assessment.postings:
                    if budgets.get(posting.budget) is None:
                        budgets[posting.budget] = posting.key
            case Release() | Extend():
                reservation = self._reservation(command.decision_id)
                if reservation is not None:
                    budgets.update((held.budget, None) for held in reservation.holds)
        return budgets

    # ---- the door -------------------------------------------------------------------------------------------

    def apply(self, command: Command) -> Outcome:
        """Apply one command at ``now_s``.

        Raises:
            UnhydratedError: If counters are missing; nothing was changed.
        """
        match command:
            case Place():
                return self._place(command)
            case PlaceAll():
                return self._place_all(command)
            case Settle():
                return self._settle(command)
            case Release():
                return self._release(command)
            case Extend():
                return self._extend(command)

    def balance(self, digest: bytes) -> Balance:
        """Return the balance of a budget now; a budget that nobody touched is empty."""
        counter = self.counters.get(digest)
        return counter.balance(self.now_s) if counter is not None else Balance(0, 0)

    # ---- place ----------------------------------------------------------------------------------------------

    def _place(self, command: Place) -> Placed | Conflict:
        known = self._replayed(command)
        if known is not None:
            return known
        options = command.options()
        self._hydrated(hold.budget for option in options for hold in option.holds)
        admission = self._admit(options)
        if admission.chosen is None:
            return self._record(command, admission, ReservationState.DENIED, 0, ())
        bucket = self._bucket(command)
        holds = options[admission.chosen].holds
        self._hold_all(holds, bucket)
        return self._record(command, self._after(admission), ReservationState.HELD, bucket, holds)

    def _place_all(self, command: PlaceAll) -> tuple[Placed | Conflict, ...]:
        known = [self._replayed(place) for place in command.places]
        if any(outcome is not None for outcome in known):
            # A group is answered as a whole: it was placed as a whole before, or its keys are mixed up.
            return tuple(outcome if outcome is not None else Conflict(b"") for outcome in known)
        planned = [place.options() for place in command.places]
        self._hydrated(hold.budget for options in planned for option in options for hold in option.holds)
        held: list[tuple[Hold, int]] = []
        admissions: list[tuple[Admission, int, tuple[Hold, ...]]] = []
        for place, options in zip(command.places, planned, strict=True):
            admission = self._admit(options)
            holds: tuple[Hold, ...] = ()
            bucket = 0
            if admission.chosen is not None:
                bucket = self._bucket(place)
                holds = options[admission.chosen].holds
                self._hold_all(holds, bucket)
                held.extend((hold, bucket) for hold in holds)
                admission = self._after(admission)
            admissions.append((admission, bucket, holds))
        if all(admission.chosen is not None for admission, _, _ in admissions):
            return tuple(
                self._record(place, admission, ReservationState.HELD, bucket, holds)
                for place, (admission, bucket, holds) in zip(command.places, admissions, strict=True)
            )
        for hold, bucket in held:
            self.counters[hold.budget.digest].unhold(bucket, hold.amount, charge_on_expiry=hold.charge_on_expiry)
        return tuple(
            self._record(
                place,
                replace(admission, chosen=None, balances={key: self.balance(key) for key in admission.balances}),
                ReservationState.DENIED,
                0,
                (),
            )
            for place, (admission, _, _) in zip(command.places, admissions, strict=True)
        )

    def _replayed(self, command: Place) -> Placed | Conflict | None:
        claim = self.claims.get(command.claim)
        if claim is None:
            return None
        if claim.body_digest != command.body_digest:
            return Conflict(claim.decision_id)
        reservation = self.reservations[claim.decision_id]
        return Placed(reservation, replayed=True, state=reservation.state_at(self.now_s))

    def _admit(self, options: tuple[Option, ...]) -> Admission:
        return admit(options, lambda hold: self.balance(hold.budget.digest))

    def _after(self, admission: Admission) -> Admission:
        return Admission(
            admission.chosen, {digest: self.balance(digest) for digest in admission.balances}, admission.unfit
        )

    def _bucket(self, command: Place) -> int:
        return expiry_bucket(self.now_s + command.hold_for_s())

    def _hold_all(self, holds: tuple[Hold, ...], bucket: int) -> None:
        for hold in holds:
            counter = self.counters[hold.budget.digest]
            counter.fold(self.now_s)
            counter.hold(bucket, hold.amount, charge_on_expiry=hold.charge_on_expiry)
            self.changes.counters.add(hold.budget.digest)

    def _record(
        self, command: Place, admission: Admission, state: ReservationState, bucket: int, holds: tuple[Hold, ...]
    ) -> Placed:
        written = command.conclude(admission, bucket)
        reservation = Reservation(
            id=command.decision_id,
            client=command.client,
            at_ms=command.at_ms,
            expires_at_s=bucket,
            state=state,
            holds=tuple(
                HeldBudget(
                    hold.budget.digest,
                    hold.budget.policy,
                    hold.budget.unit,
                    hold.counts,
                    hold.amount,
                    hold.ceiling if hold.must_fit else None,
                    hold.charge_on_expiry,
                )
                for hold in holds
            ),
            facts=written.facts,
            request=command.request,
            answer=written.answer,
        )
        claim = Claim(command.decision_id, command.body_digest, command.at_ms)
        self.claims[command.claim] = self.changes.claims[command.claim] = claim
        self.reservations[reservation.id] = self.changes.placed[reservation.id] = reservation
        return Placed(reservation, replayed=False, state=state)

    # ---- settle ---------------------------------------------------------------------------------------------

    def _settle(self, command: Settle) -> EventResult:
        known = self.entries.get((command.source, command.event_id))
        if known is not None:
            if known.body_digest != command.body_digest:
                return EventResult(command.event_id, EventStatus.CONFLICT, "another event was recorded under this id")
            return EventResult(
                command.event_id,
                EventStatus.DUPLICATE,
                usage=known.usage,
                cost_nano_usd=known.cost_nano_usd,
                stored=known.result,
            )
        chain = self._chain(command)
        if command.corrects is not None and not chain:
            return EventResult(command.event_id, EventStatus.REJECTED, "the event that this one corrects is not known")
        reservation = self._reservation(chain[0].decision_id if chain else command.decision_id)
        assessment = command.assess(reservation, chain[0] if chain else None)
        if assessment.rejected is not None:
            return EventResult(command.event_id, EventStatus.REJECTED, assessment.rejected)
        self._hydrated_postings(assessment.postings, reservation, chain)
        if chain:
            return self._correct(command, assessment, chain)
        if reservation is None or reservation.state is ReservationState.DENIED:
            return self._post(command, assessment, EntryKind.UNRESERVED, overrun_nano_usd=0)
        state = reservation.state_at(self.now_s)
        match state:
            case ReservationState.SETTLED | ReservationState.SETTLED_LATE:
                return self._post(command, assessment, EntryKind.ADDITIONAL, overrun_nano_usd=0)
            case ReservationState.HELD if not command.final:
                self._shrink(reservation, assessment)
                return self._post(command, assessment, EntryKind.ADDITIONAL, overrun_nano_usd=0)
            case ReservationState.HELD:
                self._unhold_all(reservation)
                self._move(reservation.in_state(ReservationState.SETTLED))
                return self._post(command, assessment, EntryKind.SETTLEMENT, self._overrun(reservation, assessment))
            case _:
                if reservation.state is not ReservationState.RELEASED:
                    self._unhold_all(reservation)
                self._move(reservation.in_state(ReservationState.SETTLED_LATE))
                return self._post(command, assessment, EntryKind.LATE, self._overrun(reservation, assessment))

    @staticmethod
    def _overrun(reservation: Reservation, assessment: Assessment) -> int:
        return max(0, assessment.cost_nano_usd - (reservation.facts.cost_nano_usd or 0))

    def _shrink(self, reservation: Reservation, assessment: Assessment) -> None:
        """Let a hold shrink by what a part of the call has cost, so that nothing counts twice."""
        posted = {posting.budget: posting.amount for posting in assessment.postings}
        holds: list[HeldBudget] = []
        for held in reservation.holds:
            by = min(held.amount, posted.get(held.budget, 0)) if held.unit is not Unit.CONCURRENT else 0
            counter = self._touched(held.budget)
            counter.unhold(reservation.expires_at_s, by, charge_on_expiry=held.charge_on_expiry)
            holds.append(replace(held, amount=held.amount - by))
        self._move(replace(reservation, holds=tuple(holds)))

    def _correct(self, command: Settle, assessment: Assessment, chain: list[Entry]) -> EventResult:
        effective: dict[bytes, int] = {}
        usage = Usage()
        cost_nano_usd = requests = 0
        for entry in chain:
            for charge in entry.charges:
                effective[charge.budget] = effective.get(charge.budget, 0) + charge.amount
            usage = _sum(usage, entry.usage, 1)
            cost_nano_usd += entry.cost_nano_usd
            requests += entry.requests
        wanted = {posting.budget: posting.amount for posting in assessment.postings}
        charges = tuple(
            Charge(budget, wanted.get(budget, 0) - effective.get(budget, 0))
            for budget in dict.fromkeys((*wanted, *effective))
        )
        return self._write(
            command,
            assessment,
            EntryKind.CORRECTION,
            charges=tuple(charge for charge in charges if charge.amount),
            usage=_sum(assessment.usage, usage, -1),
            cost_nano_usd=assessment.cost_nano_usd - cost_nano_usd,
            requests=assessment.requests - requests,
            overrun_nano_usd=0,
            root_event_id=chain[0].event_id,
            decision_id=chain[0].decision_id,
        )

    def _post(self, command: Settle, assessment: Assessment, kind: EntryKind, overrun_nano_usd: int) -> EventResult:
        return self._write(
            command,
            assessment,
            kind,
            charges=tuple(Charge(posting.budget, posting.amount) for posting in assessment.postings),
            usage=assessment.usage,
            cost_nano_usd=assessment.cost_nano_usd,
            requests=assessment.requests,
            overrun_nano_usd=overrun_nano_usd,
            root_event_id=command.event_id,
            decision_id=command.decision_id,
        )

    def _write(
        self,
        command: Settle,
        assessment: Assessment,
        kind: EntryKind,
        *,
        charges: tuple[Charge, ...],
        usage: Usage,
        cost_nano_usd: int,
        requests: int,
        overrun_nano_usd: int,
        root_event_id: str,
        decision_id: bytes | None,
    ) -> EventResult:
        result = EventResult(
            command.event_id,
            EventStatus.RECORDED,
            _reason(kind, assessment),
            usage=assessment.usage,
            cost_nano_usd=assessment.cost_nano_usd,
            overrun_nano_usd=overrun_nano_usd,
            unpriced=assessment.unpriced,
            estimated=assessment.estimated,
        )
        entry = Entry(
            id=command.entry_id,
            kind=kind,
            source=command.source,
            event_id=command.event_id,
            body_digest=command.body_digest,
            root_event_id=root_event_id,
            decision_id=decision_id,
            received_at_ms=command.received_at_ms,
            occurred_at_ms=assessment.occurred_at_ms,
            model=assessment.model,
            provider=assessment.provider,
            usage=usage,
            cost_nano_usd=cost_nano_usd,
            requests=requests,
            charges=charges,
            rollup=assessment.rollup,
            unpriced=assessment.unpriced,
            estimated=assessment.estimated,
            result=command.encode(result),
        )
        for charge in charges:
            self._touched(charge.budget).used += charge.amount
        self.entries[entry.source, entry.event_id] = entry
        self.chains.setdefault((entry.source, root_event_id), []).append(entry)
        self.changes.entries.append(entry)
        sums = self.changes.rollups.setdefault(entry.rollup, [0] * len(ROLLUP_SUMS))
        for index, amount in enumerate(rollup_amounts(entry)):
            sums[index] += amount
        return result

    def _chain(self, command: Settle) -> list[Entry]:
        """Return the entry that the command corrects and its earlier corrections, the original first."""
        if command.corrects is None:
            return []
        target = self.entries.get((command.source, command.corrects))
        if target is None:
            return []
        return self.chains[command.source, target.root_event_id]

    # ---- release and extend ---------------------------------------------------------------------------------

    def _release(self, command: Release) -> ReservationResult:
        reservation = self._reservation(command.decision_id)
        refused = _not_held(reservation, self.now_s)
        if reservation is None or refused is not None:
            return ReservationResult(refused or ReservationOutcome.UNKNOWN, reservation)
        self._unhold_all(reservation)
        released = self._move(reservation.in_state(ReservationState.RELEASED))
        return ReservationResult(ReservationOutcome.RELEASED, released)

    def _extend(self, command: Extend) -> ReservationResult:
        reservation = self._reservation(command.decision_id)
        refused = _not_held(reservation, self.now_s)
        if reservation is None or refused is not None:
            return ReservationResult(refused or ReservationOutcome.UNKNOWN, reservation)
        bucket = max(reservation.expires_at_s, expiry_bucket(self.now_s + command.hold_for_s))
        if bucket > reservation.at_ms / 1000 + HOLD_FOR_S_MAX + BUCKET_S:
            return ReservationResult(ReservationOutcome.TOO_LONG, reservation)
        holds = tuple(_extended(held, command.cost_nano_usd) for held in reservation.holds)
        for before, after in zip(reservation.holds, holds, strict=True):
            more = after.amount - before.amount
            if more > 0 and after.ceiling is not None and self.balance(after.budget).taken + more > after.ceiling:
                return ReservationResult(ReservationOutcome.NO_ROOM, reservation)
        self._unhold_all(reservation)
        for held in holds:
            self._touched(held.budget).hold(bucket, held.amount, charge_on_expiry=held.charge_on_expiry)
        facts = reservation.facts
        if command.cost_nano_usd is not None:
            facts = replace(facts, cost_nano_usd=max(command.cost_nano_usd, facts.cost_nano_usd or 0))
        extended = self._move(replace(reservation, expires_at_s=bucket, holds=holds, facts=facts))
        return ReservationResult(ReservationOutcome.EXTENDED, extended)

    # ---- the working set ------------------------------------------------------------------------------------

    def _reservation(self, decision_id: bytes | None) -> Reservation | None:
        return self.reservations.get(decision_id) if decision_id is not None else None

    def _move(self, reservation: Reservation) -> Reservation:
        self.reservations[reservation.id] = reservation
        if reservation.id in self.changes.placed:
            self.changes.placed[reservation.id] = reservation
        else:
            self.changes.moved[reservation.id] = reservation
        return reservation

    def _unhold_all(self, reservation: Reservation) -> None:
        for held in reservation.holds:
            counter = self._touched(held.budget)
            counter.unhold(reservation.expires_at_s, held.amount, charge_on_expiry=held.charge_on_expiry)

    def _touched(self, digest: bytes) -> Counter:
        counter = self.counters[digest]
        counter.fold(self.now_s)
        self.changes.counters.add(digest)
        return counter

    def _hydrated(self, budgets: Iterable[BudgetKey]) -> None:
        """Make sure that all counters are there, before anything is changed."""
        missing = [key for key in budgets if key.digest not in self.counters]
        if not missing:
            return
        if not self.complete:
            raise UnhydratedError(missing)
        for key in missing:
            self.counters[key.digest] = Counter(key)

    def _hydrated_postings(
        self, postings: tuple[Posting, ...], reservation: Reservation | None, chain: list[Entry]
    ) -> None:
        self._hydrated(posting.key for posting in postings if posting.key is not None)
        needed = {posting.budget for posting in postings}
        needed.update(held.budget for held in (reservation.holds if reservation is not None else ()))
        needed.update(charge.budget for entry in chain for charge in entry.charges)
        if not needed <= self.counters.keys():
            raise MissingBudgetError


def rollup_amounts(entry: Entry) -> tuple[int, ...]:
    """Return what an entry adds to its hourly rollup, in the order of ``ROLLUP_SUMS``."""
    usage = entry.usage
    return (
        entry.requests,
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        entry.cost_nano_usd,
    )


def _sum(left: Usage, right: Usage, sign: int) -> Usage:
    units = {
        unit: left.units.get(unit, 0) + sign * right.units.get(unit, 0)
        for unit in dict.fromkeys((*left.units, *right.units))
    }
    return Usage(
        input_tokens=left.input_tokens + sign * right.input_tokens,
        cached_input_tokens=left.cached_input_tokens + sign * right.cached_input_tokens,
        cache_write_tokens=left.cache_write_tokens + sign * right.cache_write_tokens,
        cache_write_1h_tokens=left.cache_write_1h_tokens + sign * right.cache_write_1h_tokens,
        output_tokens=left.output_tokens + sign * right.output_tokens,
        reasoning_tokens=left.reasoning_tokens + sign * right.reasoning_tokens,
        units=units,
    )


def _reason(kind: EntryKind, assessment: Assessment) -> str | None:
    """Say in a word how an event was recorded, if not as the plain settlement of its decision."""
    if assessment.model_mismatch:
        return "model_mismatch"
    if kind is EntryKind.SETTLEMENT:
        return "estimated" if assessment.estimated else None
    return str(kind)


def _not_held(reservation: Reservation | None, now_s: float) -> ReservationOutcome | None:
    """Name why a reservation is no longer held, or return None if it is."""
    if reservation is None:
        return ReservationOutcome.UNKNOWN
    match reservation.state_at(now_s):
        case ReservationState.HELD:
            return None
        case ReservationState.SETTLED | ReservationState.SETTLED_LATE:
            return ReservationOutcome.ALREADY_SETTLED
        case ReservationState.RELEASED:
            return ReservationOutcome.ALREADY_RELEASED
        case ReservationState.EXPIRED:
            return ReservationOutcome.ALREADY_EXPIRED
        case ReservationState.DENIED:
            return ReservationOutcome.NOT_HELD


def _extended(held: HeldBudget, cost_nano_usd: int | None) -> HeldBudget:
    """Return a hold that covers a new total cost; holds of other units stay as they are."""
    if cost_nano_usd is None or held.unit is not Unit.USD:
        return held
    return replace(held, amount=max(held.amount, cost_nano_usd))
