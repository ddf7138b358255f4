"""The working set of some commands: the counters, reservations, claims and entries that they touch.

The rules (``placing``, ``settling``, ``reservations``) read and change it; ``Book`` is the door to them.
"""

from collections.abc import Iterable

from governor.core.ledger.budget import EMPTY, Balance, BudgetKey
from governor.core.ledger.changes import Changes, Claim
from governor.core.ledger.counter import Counter
from governor.core.ledger.entry import Entry
from governor.core.ledger.reservation import Reservation


class UnhydratedError(Exception):
    """A command needs counters that the working set does not hold; nothing was changed. Load them and apply again."""

    def __init__(self, budgets: Iterable[BudgetKey]) -> None:
        super().__init__("counters are missing from the working set")
        self.budgets = tuple(budgets)


class MissingBudgetError(Exception):
    """A command needs counters that are only known by their digests and are not in the working set."""

    def __init__(self, digests: Iterable[bytes]) -> None:
        super().__init__("counters that are known by digest only are missing from the working set")
        self.digests = tuple(digests)


class WorkingSet:
    """Values in memory.

    Args:
        complete: True if it holds everything there is (the in-memory ledger): a counter that is not there is new.
            False if it is filled per batch: a counter that is not there must be loaded first.
    """

    def __init__(self, *, complete: bool) -> None:
        self.complete = complete
        self.now_s: float = 0.0
        self.counters: dict[bytes, Counter] = {}
        self.reservations: dict[bytes, Reservation] = {}
        self.claims: dict[bytes, Claim] = {}
        self.entries: dict[tuple[str, str], Entry] = {}
        self.chains: dict[tuple[str, str], list[Entry]] = {}
        self.absent: set[bytes] = set()
        """Budgets that were looked for and that nobody has touched; only where the set is not complete."""
        self.tried_others = False
        """Whether an option of a request was looked at behind its first."""
        self.changes = Changes()

    def balance(self, digest: bytes) -> Balance:
        """Return the balance of a budget now; a budget that nobody touched is empty."""
        return self.find_balance(digest) or EMPTY

    def find_balance(self, digest: bytes) -> Balance | None:
        """Return the balance of a budget now, or None for one that nobody touched.

        Raises:
            MissingBudgetError: If it must be looked for first.
        """
        counter = self.counters.get(digest)
        if counter is None:
            if self.complete or digest in self.absent:
                return None
            raise MissingBudgetError((digest,))
        # A counter is made before it is known whether anything is held on it.
        if not counter.as_of_s:
            return None
        return counter.balance(max(counter.as_of_s, self.now_s))

    def instant(self, digests: Iterable[bytes]) -> float:
        """Return the instant at which a command on these counters happens.

        It is the batch's clock, or the latest instant that one of the counters has seen: another worker's clock may
        be ahead, and for a counter time never goes back.
        """
        now_s = self.now_s
        for digest in digests:
            counter = self.counters.get(digest)
            if counter is not None and counter.as_of_s > now_s:
                now_s = counter.as_of_s
        return now_s

    def reservation(self, decision_id: bytes | None) -> Reservation | None:
        """Return a reservation of the working set, or None."""
        return self.reservations.get(decision_id) if decision_id is not None else None

    def instant_of(self, reservation: Reservation | None) -> float:
        """Return the instant at which a command on a reservation happens."""
        return self.now_s if reservation is None else self.instant(held.budget for held in reservation.holds)

    def chain(self, source: str, event_id: str | None) -> list[Entry]:
        """Return an entry's chain of corrections, the original first, or nothing if the entry is not known."""
        target = self.entries.get((source, event_id)) if event_id is not None else None
        return self.chains[source, target.root_event_id] if target is not None else []

    def require(self, budgets: Iterable[BudgetKey]) -> None:
        """Make sure that these counters are there, before anything is changed.

        Raises:
            UnhydratedError: If some must be loaded first.
        """
        missing = [key for key in budgets if key.digest not in self.counters]
        if not missing:
            return
        if not self.complete:
            raise UnhydratedError(missing)
        for key in missing:
            self.counters[key.digest] = Counter(key)

    def require_known(self, digests: Iterable[bytes]) -> None:
        """Make sure that these counters, which exist because something was posted on them, are there.

        Raises:
            MissingBudgetError: If some must be loaded first.
        """
        missing = [digest for digest in digests if digest not in self.counters]
        if missing:
            raise MissingBudgetError(missing)

    def touch(self, digest: bytes) -> Counter:
        """Return a counter to be changed: folded up to now, and remembered as changed."""
        counter = self.counters[digest]
        counter.fold(self.now_s)
        self.changes.counters.add(digest)
        return counter

    def unhold(self, reservation: Reservation) -> None:
        """Take everything back that a reservation holds, or that its expiry charged."""
        for held in reservation.holds:
            self.touch(held.budget).unhold(
                reservation.expires_at_s, held.amount, charge_on_expiry=held.charge_on_expiry
            )

    def move(self, reservation: Reservation) -> Reservation:
        """Remember a reservation's new value."""
        self.reservations[reservation.id] = reservation
        changed = self.changes.placed if reservation.id in self.changes.placed else self.changes.moved
        changed[reservation.id] = reservation
        return reservation
