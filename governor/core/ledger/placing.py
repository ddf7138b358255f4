"""Placing: the first option that fits is held on every budget of its path, or nothing is.

Everything is worked out before the first counter changes, so that whatever a command's own functions raise leaves no
trace.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from governor.core.ledger.admit import admit
from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.changes import Claim
from governor.core.ledger.commands import Admission, Conflict, Hold, Option, Place, PlaceAll, Placed, Written
from governor.core.ledger.counter import expiry_bucket
from governor.core.ledger.reservation import HeldBudget, Reservation, ReservationState
from governor.core.ledger.working_set import WorkingSet
from governor.core.money import AMOUNT_MAX


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a placement will come to: nothing is changed yet. ``bucket`` is 0 and ``holds`` empty if denied."""

    admission: Admission
    bucket: int
    holds: tuple[Hold, ...]


def place(work: WorkingSet, command: Place) -> Placed | Conflict:
    """Place one request; a repeated one gets its first answer.

    Raises:
        UnhydratedError: If counters are missing.
    """
    known = _replayed(work, command)
    if known is not None:
        return known
    draft = _draft(work, command, {})
    return _record(work, command, draft, command.conclude(draft.admission, draft.bucket))


def place_all(work: WorkingSet, command: PlaceAll) -> tuple[Placed | Conflict, ...]:
    """Place all requests, earlier holds visible to later ones, or record every one as denied.

    A group is answered as a whole: if some of its keys were used before, the new ones are conflicts.

    Raises:
        UnhydratedError: If counters are missing.
    """
    places = command.places
    known = [_replayed(work, place) for place in places]
    repeated = len({place.claim for place in places}) < len(places)
    if repeated or any(outcome is not None for outcome in known):
        return tuple(outcome if outcome is not None else Conflict(b"") for outcome in known)
    drafts = _drafts(work, places)
    # Every record is written out before the first counter changes.
    written = [place.conclude(draft.admission, draft.bucket) for place, draft in zip(places, drafts, strict=True)]
    return tuple(
        _record(work, place, draft, record) for place, draft, record in zip(places, drafts, written, strict=True)
    )


def _drafts(work: WorkingSet, places: tuple[Place, ...]) -> list[_Draft]:
    """Draft a group: all as placed one after the other or, if one is denied, all as denied with untouched balances."""
    pending: dict[bytes, int] = {}
    drafts = [_draft(work, place, pending) for place in places]
    if all(draft.admission.chosen is not None for draft in drafts):
        return drafts
    return [
        _Draft(
            replace(
                draft.admission,
                chosen=None,
                placed=(),
                balances={digest: work.balance(digest) for digest in draft.admission.balances},
            ),
            0,
            (),
        )
        for draft in drafts
    ]


def _replayed(work: WorkingSet, command: Place) -> Placed | Conflict | None:
    claim = work.claims.get(command.claim)
    if claim is None or not claim.is_kept(work.now_s):
        return None
    if claim.body_digest != command.body_digest:
        return Conflict(claim.decision_id)
    reservation = work.reservations[claim.decision_id]
    # The command's own decision is there already if the connection was lost while it was being committed.
    replayed = claim.decision_id != command.decision_id
    return Placed(reservation, replayed=replayed, state=reservation.state_at(work.instant_of(reservation)))


def _draft(work: WorkingSet, command: Place, pending: dict[bytes, int]) -> _Draft:
    """Choose an option; ``pending`` is what earlier requests of the same group would hold, and is added to."""

    def lookup(digest: bytes) -> Balance | None:
        balance = work.find_balance(digest)
        ahead = pending.get(digest)
        if ahead is None:
            return balance
        return Balance(0, ahead) if balance is None else Balance(balance.used, balance.held + ahead)

    admission = admit(command.options(), lookup if pending else work.find_balance)
    work.tried_others = work.tried_others or len(admission.unfit) > 1
    if admission.chosen is None:
        return _Draft(admission, 0, ())
    holds = admission.placed
    work.require([hold.budget for hold in holds])
    after = dict(admission.balances)
    for hold in holds:
        after[hold.budget.digest] = _held_more(after, hold)
        pending[hold.budget.digest] = pending.get(hold.budget.digest, 0) + hold.amount
    instant_s = work.instant(admission.balances)
    bucket = expiry_bucket(instant_s + max(1, command.hold_for_s(admission.chosen)))
    return _Draft(replace(admission, balances=after), bucket, holds)


def _held_more(balances: Mapping[bytes, Balance], hold: Hold) -> Balance:
    balance = balances[hold.budget.digest]
    # INVARIANT: what a budget cannot count was refused.
    assert balance.taken + hold.amount <= AMOUNT_MAX, f"a hold of {hold.amount} overflows {hold.budget.policy}"
    return Balance(balance.used, balance.held + hold.amount)


def _record(work: WorkingSet, command: Place, draft: _Draft, written: Written) -> Placed:
    """Change the counters and write the record."""
    state = ReservationState.DENIED if draft.admission.chosen is None else ReservationState.HELD
    reservation = Reservation(
        id=command.decision_id,
        client=command.client,
        at_ms=command.at_ms,
        expires_at_s=draft.bucket,
        state=state,
        holds=tuple([held_budget(hold, draft.admission.ceiling(hold)) for hold in draft.holds]),
        facts=written.facts,
        request=command.request,
        answer=written.answer,
    )
    for hold in draft.holds:
        work.touch(hold.budget.digest).hold(draft.bucket, hold.amount, charge_on_expiry=hold.terms.charge_on_expiry)
    claim = Claim(command.decision_id, command.body_digest, int(work.now_s * 1000))
    work.claims[command.claim] = work.changes.claims[command.claim] = claim
    work.reservations[reservation.id] = work.changes.placed[reservation.id] = reservation
    return Placed(reservation, replayed=False, state=state)


def held_budget(hold: Hold, ceiling: int | None) -> HeldBudget:
    """Return what a reservation remembers of a hold, with the ceiling that it was compared with."""
    budget, terms = hold.budget, hold.terms
    return HeldBudget(
        budget.digest,
        budget.policy,
        budget.unit,
        terms.counts,
        hold.amount,
        ceiling if terms.must_fit else None,
        terms.charge_on_expiry,
    )


def budgets_of_options(options: Iterable[Option]) -> dict[bytes, BudgetKey | None]:
    """Return every budget that options may draw on, by digest, and those that their ceilings follow from (None)."""
    read: dict[bytes, BudgetKey | None] = {}
    drawn_on: dict[bytes, BudgetKey | None] = {}
    for option in options:
        for hold in _holds_of(option):
            drawn_on[hold.budget.digest] = hold.budget
            if hold.terms.rule is not None:
                read.update(dict.fromkeys(hold.terms.rule.reads()))
    return {**read, **drawn_on}


def _holds_of(option: Option) -> Iterator[Hold]:
    """Yield everything that may be held for an option, also under grants."""
    for placed in option.holds:
        yield placed
        yield from placed.instead
        for grant in placed.grants:
            yield from grant
    if option.granted is not None:
        for need in option.granted.needs:
            yield from need
        yield from _holds_of(option.granted)


def up_to_placeable(options: Iterable[Option]) -> Iterator[Option]:
    """Yield the options up to the first that only budgets can refuse: most requests need no other."""
    for option in options:
        yield option
        if option.placeable:
            return
