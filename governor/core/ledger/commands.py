"""What can be asked of a ledger, and what it answers. Every ledger applies commands through ``Book``."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from governor.core.ledger.adjustments import Adjust, Rerate
from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.ceilings import CeilingRule, HoldTerms
from governor.core.ledger.entry import ChargedBudget, Entry, RollupKey
from governor.core.ledger.reservation import Facts, Reservation, ReservationState
from governor.core.ledger.results import EventResult
from governor.core.provider_usage.report import ProviderUsage
from governor.core.usage import Usage
from governor.core.values import hot_value


@hot_value
class Hold:
    """What a candidate would take from one budget.

    Attributes:
        budget: Which budget.
        amount: In the budget's unit, at least 0.
        terms: The limit and how it binds.
        instead: Where the whole amount is held if it does not fit here, or nothing.
        grants: What pays where neither this, its parts nor ``instead`` has room: the holds of each grant, in the order
            in which they are tried.
    """

    budget: BudgetKey
    amount: int
    terms: HoldTerms
    instead: tuple["Hold", ...] = ()
    grants: tuple[tuple["Hold", ...], ...] = ()


@hot_value
class Option:
    """One candidate as the ledger sees it.

    Attributes:
        placeable: Whether anything but a budget refuses it.
        holds: What it takes.
        after: Holds of the first option, by index: only where one of them does not fit is this option offered. None:
            it is offered anyway.
        granted: What it is under grants that lift what refuses or clamps it; stands in for it where they have room.
        needs: Of such an option: for each thing that is lifted, what the grants would hold that could each lift it, in
            the order in which they are tried.
    """

    placeable: bool
    holds: tuple[Hold, ...]
    after: tuple[int, ...] | None = None
    granted: "Option | None" = None
    needs: tuple[tuple[Hold, ...], ...] = ()


@hot_value
class Admission:
    """Which option was taken, and the balances that decided it.

    Attributes:
        chosen: Index of the option placed, or None: denied.
        balances: Balance of every budget that was compared, by digest: after placing if one was placed.
        unfit: For each option up to the chosen one, the indexes of its holds that did not fit, whether or not they had
            to.
        placed: What is held for the option placed: its holds, or what pays instead of some of them.
        ceilings: The ceilings that follow from other counters, as they were compared.
        carried: What budgets take over from the period before, likewise; nothing where nothing can be.
        lifted: Options for which ``granted`` stands, by index, each with what is held for its needs.
        paid: Holds of the chosen option, by index, for which something else pays, with what that is.
    """

    chosen: int | None
    balances: Mapping[bytes, Balance]
    unfit: tuple[tuple[int, ...], ...]
    placed: tuple[Hold, ...] = ()
    ceilings: Mapping[CeilingRule, int | None] = field(default_factory=dict)
    carried: Mapping[CeilingRule, int] = field(default_factory=dict)
    lifted: tuple[tuple[int, tuple[Hold, ...]], ...] = ()
    paid: tuple[tuple[int, tuple[Hold, ...]], ...] = ()

    def lifts(self, option: int) -> tuple[Hold, ...] | None:
        """Return what is held for the needs of an option whose ``granted`` stands, or None if it stands for itself."""
        return next((holds for index, holds in self.lifted if index == option), None)

    def payer(self, index: int) -> tuple[Hold, ...]:
        """Return what pays for a hold of the chosen option, or nothing if it is held where it belongs."""
        return next((holds for paid, holds in self.paid if paid == index), ())

    def ceiling(self, hold: Hold) -> int | None:
        """Return the ceiling that a hold was compared with, or None if there is none."""
        rule = hold.terms.rule
        return hold.terms.ceiling if rule is None else self.ceilings.get(rule)

    def carried_into(self, hold: Hold) -> int:
        """Return what a hold's budget took over from the period before when it was compared; below zero for a debt."""
        rule = hold.terms.rule
        return 0 if rule is None else self.carried.get(rule, 0)


@hot_value
class Written:
    """What the ledger stores of a decision beside its holds: made by ``Place.conclude`` once the outcome is known."""

    facts: Facts
    answer: bytes


@hot_value
class Place:
    """Place the first option that fits, and record the decision, in one atomic step.

    Attributes:
        decision_id: 16 bytes, time-ordered, made by the caller.
        client: Name of the key that asks.
        claim: Digest of (client, request_id, attempt): the idempotency key.
        body_digest: Digest of the request's body.
        at_ms: The door's ``now``, Unix milliseconds.
        options: Gives the options in order, each worked out when it is taken; called inside the transaction, so that a
            snapshot swapped meanwhile is evaluated anew.
        hold_for_s: Life of the hold in seconds, given the index of the chosen option; called after ``options``.
        conclude: Makes the record from the outcome, the decision's id and the expiry (Unix seconds).
        request: The request's body as received.
    """

    decision_id: bytes
    client: str
    claim: bytes
    body_digest: bytes
    at_ms: int
    options: Callable[[], Iterable[Option]]
    hold_for_s: Callable[[int], int]
    conclude: Callable[[Admission, int], Written]
    request: bytes


@dataclass(frozen=True, slots=True)
class PlaceAll:
    """Place all or none, in order; if one is denied, every one is recorded as denied."""

    places: tuple[Place, ...]


@hot_value
class Placed:
    """The answer to ``Place``.

    Attributes:
        reservation: As recorded now; for a replay, as first recorded.
        replayed: Whether the same request was answered before.
        state: The state at this instant.
    """

    reservation: Reservation
    replayed: bool
    state: ReservationState


@dataclass(frozen=True, slots=True)
class Conflict:
    """The idempotency key was used before with another body; nothing changed."""

    decision_id: bytes


@hot_value
class Posting:
    """The full actual amount of an event on one budget; ``key`` is there if the counter may have to be created."""

    budget: bytes
    amount: int
    key: BudgetKey | None = None


@hot_value
class Assessment:
    """What an event means for the ledger, worked out by pure functions from prices and policies.

    Attributes:
        rejected: Why the event is not recorded, or None.
        usage: Its whole counts.
        cost_nano_usd: Its whole cost; 0 if ``unpriced``.
        requests: Calls that it stands for.
        postings: The whole amounts, one for each budget that it charges.
        model: Canonical id of the model used.
        provider: Who served it.
        rollup: Where it is summed up.
        attributes: Who it was booked on.
        charged: The budgets of ``postings``, for later corrections, or None; see ``Entry``.
        occurred_at_ms: When it happened.
        unpriced: No price is known.
        estimated: The counts are a guess.
        model_mismatch: Another model was used than decided.
        note: What has no price, for people; ``""`` if nothing.
        parts: The tokens as the provider went through them; see ``Entry``.
    """

    rejected: str | None
    usage: Usage
    cost_nano_usd: int
    requests: int
    postings: tuple[Posting, ...]
    model: str
    provider: str
    rollup: RollupKey
    occurred_at_ms: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    charged: tuple[ChargedBudget, ...] | None = None
    unpriced: bool = False
    estimated: bool = False
    model_mismatch: bool = False
    note: str = ""
    parts: tuple[Usage, ...] = ()


@hot_value
class Settle:
    """Record one usage event.

    Attributes:
        entry_id: 16 bytes, time-ordered, made by the caller.
        source: Who reports; bound to the client.
        event_id: The reporter's id.
        body_digest: Digest of the event.
        decision_id: The decision it belongs to, or None.
        corrects: ``event_id`` of the event that this one replaces, or None.
        received_at_ms: The door's ``now``.
        final: False for a part of a call that goes on: its cost is posted and the hold shrinks by it.
        assess: Works out what the event means, given the decision (None: unreserved) and the entry that it corrects
            (None: it corrects nothing; see ``corrected``). Pure.
        encode: Renders the result that is stored and returned to a duplicate.
        provider_usage: The provider's own object, which is kept with the entry, or None.
        corrects_if_known: Whether a correction of an unknown event is recorded as an event that corrects nothing.
    """

    entry_id: bytes
    source: str
    event_id: str
    body_digest: bytes
    decision_id: bytes | None
    corrects: str | None
    received_at_ms: int
    final: bool
    assess: Callable[[Reservation | None, Entry | None], Assessment]
    encode: Callable[[EventResult], bytes]
    provider_usage: ProviderUsage | None = None
    corrects_if_known: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Give everything back: the call was not made."""

    decision_id: bytes
    client: str


@hot_value
class PathNow:
    """What a reservation draws on now, and on which terms.

    Attributes:
        holds: For each quota by which it holds something that, the whole followed by its parts, with what may pay
            instead. Amounts are not read: they are the reservation's.
        closed: Budgets that give no more than what is held.
    """

    holds: tuple[Hold, ...] = ()
    closed: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Extend:
    """Let a hold live longer and, for calls that cost more as they go on, hold more money.

    Attributes:
        hold_for_s: New life in seconds from now; at most 24 hours from the decision in all. None leaves it.
        cost_nano_usd: Cost to hold from now on, or None to leave it; it must fit. What was reported already is not
            part of it.
        path: Gives what the reservation draws on now; a budget that is not on it keeps the ceiling under which it was
            placed. Called inside the transaction. Pure.
    """

    decision_id: bytes
    client: str
    hold_for_s: int | None
    cost_nano_usd: int | None
    path: Callable[[Reservation], PathNow]


class ReservationOutcome(StrEnum):
    """Named results of ``Release`` and ``Extend``; only the first two changed something."""

    RELEASED = "released"
    EXTENDED = "extended"
    ALREADY_RELEASED = "already_released"
    ALREADY_SETTLED = "already_settled"
    ALREADY_EXPIRED = "already_expired"
    NOT_HELD = "not_held"
    NO_ROOM = "quota_exceeded"
    TOO_LONG = "hold_too_long"
    UNKNOWN = "not_found"


@dataclass(frozen=True, slots=True)
class ReservationResult:
    """The answer to ``Release`` and ``Extend``; ``reservation`` is None if it is unknown."""

    outcome: ReservationOutcome
    reservation: Reservation | None


Command = Place | PlaceAll | Settle | Release | Extend | Adjust | Rerate
