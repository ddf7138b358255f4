"""How far ``used + held`` of a budget may go now: the limit, moved by carry, overage, share and pace.

What a policy fixes is worked out before the ledger is asked (``HoldTerms.ceiling``); what depends on other counters is
a ``CeilingRule``, worked out in the ledger's transaction on locked values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from governor.core.ledger.budget import EMPTY, Balance
from governor.core.units import Counts
from governor.core.values import hot_value

Lookup = Callable[[bytes], Balance | None]
"""The balance of a budget now, by digest; None for one that nobody has drawn on."""


@hot_value
class Predecessor:
    """A period that is over: its budget, and its limit in force at its last instant."""

    digest: bytes
    limit: int


@hot_value
class Carry:
    """What a period takes over from the one before it.

    What is carried lasts one period: it follows from the limit and the use of the period before, and what that one had
    been given on top is neither given again nor owed.

    Attributes:
        before: The period before.
        earlier: The one before that: what it left over is not overspent when ``before`` spends it. None where nothing
            unused is carried, or where there is no such period.
        unused_max: The most that may be carried of what was left over, for ``before`` and for ``earlier``.
        overspend: Whether what was spent above the limit is taken off.
        former: Budgets of the periods before ``before``, ``earlier`` first: if one of them was drawn on, a period
            without any use left its whole limit over; if none was, ``before`` lies before the scope's first period.
    """

    before: Predecessor
    earlier: Predecessor | None
    unused_max: tuple[int, int]
    overspend: bool
    former: tuple[bytes, ...] = ()

    def amount(self, lookup: Lookup) -> int:
        """Return what is carried, below zero for a debt. Open holds of the period before count as used."""
        balance = lookup(self.before.digest)
        if balance is None:
            if not _was_drawn_on(self.former, lookup):
                # Nothing is carried from before a scope's first period.
                return 0
            balance = EMPTY
        unused = self.before.limit - balance.taken
        if unused >= 0:
            # A period that paid a debt had that much less to leave over.
            return min(max(0, unused - self._owed_by_earlier(lookup)), self.unused_max[0])
        return min(0, unused + self._left_by_earlier(lookup)) if self.overspend else 0

    def _owed_by_earlier(self, lookup: Lookup) -> int:
        balance = lookup(self.earlier.digest) if self.earlier is not None and self.overspend else None
        return max(0, balance.taken - self.earlier.limit) if balance is not None and self.earlier is not None else 0

    def _left_by_earlier(self, lookup: Lookup) -> int:
        if self.earlier is None:
            return 0
        balance = lookup(self.earlier.digest)
        if balance is None:
            if not _was_drawn_on(self.former[1:], lookup):
                return 0
            balance = EMPTY
        return max(0, min(self.earlier.limit - balance.taken, self.unused_max[1]))


def _was_drawn_on(budgets: Sequence[bytes], lookup: Lookup) -> bool:
    for digest in budgets:  # noqa: SIM110 - a generator costs as much as the look, and there are twelve of them
        if lookup(digest) is not None:
            return True
    return False


@hot_value
class Pace:
    """A local day's part of what is left: ``burst_percent`` of an even share, over ``days_left`` days with today."""

    burst_percent: int
    days_left: int


@dataclass(slots=True, eq=False)
class CeilingRule:
    """A ceiling that follows from other counters.

    A rule equals only itself: every request looks its ceiling up by it, and hashing a dozen digests each time cost
    more than the ceiling.

    Attributes:
        main: The quota's budget: of its limit the ceiling is made.
        limit: Its limit.
        carry: What it takes over, or None.
        extra: Overage: how far beyond its limit and carry it may go.
        percent: The share of limit and carry that counts: 100, or a ``max_share``.
        cap: It is never higher than this: where a downgrade begins for the model asked for. None: no cap.
        pace: A day's part, or None.
        closed_by: A counter that closes the budget once it is used (a grant that was revoked), or None.
    """

    main: bytes
    limit: int
    carry: Carry | None = None
    extra: int = 0
    percent: int = 100
    pace: Pace | None = None
    cap: int | None = None
    closed_by: bytes | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same at all times: nothing is carried into it, and no day's part is cut from it."""
        return self.carry is None and self.pace is None

    def carried(self, lookup: Lookup) -> int:
        """Return what the budget takes over from the period before."""
        return self.carry.amount(lookup) if self.carry is not None else 0

    def ceiling(self, own: bytes, lookup: Lookup) -> int:
        """Return the ceiling of the budget ``own``: the quota's budget itself, or one that is a part of it."""
        if self.closed_by is not None and (lookup(self.closed_by) or EMPTY).used:
            return 0
        room = self.limit + self.carried(lookup)
        if self.pace is not None:
            # What was taken before today: today's part is counted by itself.
            before = (lookup(self.main) or EMPTY).taken - (lookup(own) or EMPTY).taken
            left = max(0, room - before)
            return self.pace.burst_percent * left // (100 * self.pace.days_left)
        if self.percent != 100:
            return self.percent * max(0, room) // 100
        return room + self.extra if self.cap is None else min(self.cap, room + self.extra)

    def reads(self) -> tuple[bytes, ...]:
        """Return the budgets that it looks at beside its own; none of them is created by looking."""
        carry = self.carry
        if self.closed_by is not None:
            return (self.main, self.closed_by)
        if carry is None:
            return (self.main,)
        return (self.main, carry.before.digest, *carry.former)


@hot_value
class HoldTerms:
    """On which terms a request draws on a budget: the same for every request of equal attributes in a period.

    Attributes:
        limit: The limit in force.
        ceiling: How far ``used + held`` may go, or None for none (``when_reached: warn``); overruled by ``rule``.
        must_fit: True for enforced quotas; audit and warn quotas place their holds even when they do not fit.
        counts: Which tokens count.
        charge_on_expiry: Whether unreported usage costs the held amount.
        rule: How the ceiling follows from other counters, or None if ``ceiling`` says it.
        part: Whether this is a part of the budget of the hold before it (a share, a day): what another budget pays
            for is not counted here either.
    """

    limit: int
    ceiling: int | None
    must_fit: bool
    counts: Counts
    charge_on_expiry: bool
    rule: CeilingRule | None = None
    part: bool = False
