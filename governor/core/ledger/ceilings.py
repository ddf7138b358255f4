"""How far ``used + held`` of a budget may go now: the limit, moved by carry, overage, share and pace.

What a policy fixes is worked out before the ledger is asked (``HoldTerms.ceiling``); what depends on other counters is
a ``CeilingRule``, worked out in the ledger's transaction on locked values.
"""

from collections.abc import Callable
from dataclasses import dataclass

from governor.core.ledger.budget import EMPTY, Balance
from governor.core.units import Counts
from governor.core.values import hot_value

Lookup = Callable[[bytes], Balance | None]
"""The balance of a budget now, by digest; None for one that nobody has drawn on."""


@hot_value
class Predecessor:
    """A period that is over.

    Attributes:
        digest: Its budget.
        limit: Its limit in force at its last instant.
        unused_max: The most that the period after it took over of what it left.
        overspend: Whether what was spent above its limit was taken off the period after it.
    """

    digest: bytes
    limit: int
    unused_max: int
    overspend: bool


@hot_value
class Carry:
    """What a period takes over from those before it.

    What is carried lasts one period: what a period had been given on top of its own limit is not given again, and what
    it owed it had that much less to leave over.

    Attributes:
        before: The periods before, the latest first. Those before the first that was ever drawn on lie before the
            scope's first period; one in between without any use left its whole limit over.
    """

    before: tuple[Predecessor, ...]

    @property
    def may_owe(self) -> bool:
        """Whether what was overspent in the period before is taken off."""
        return self.before[0].overspend

    def amount(self, lookup: Lookup) -> int:
        """Return what is carried, below zero for a debt. Open holds of the periods before count as used."""
        return self._unused(0, lookup) - self._owed(0, lookup)

    def _unused(self, index: int, lookup: Lookup) -> int:
        """Return what a period left over of its own limit once its debt was paid."""
        rest = self._rest(index, lookup)
        return min(max(0, rest - self._owed(index + 1, lookup)), self.before[index].unused_max) if rest > 0 else 0

    def _owed(self, index: int, lookup: Lookup) -> int:
        """Return what a period spent above its own limit that what it had been given does not cover."""
        rest = self._rest(index, lookup)
        if rest >= 0 or not self.before[index].overspend:
            return 0
        return max(0, -rest - self._unused(index + 1, lookup))

    def _rest(self, index: int, lookup: Lookup) -> int:
        """Return what was left of a period's own limit; 0 for one before the scope's first."""
        if index == len(self.before):
            return 0
        period = self.before[index]
        balance = lookup(period.digest)
        if balance is not None:
            return period.limit - balance.taken
        for earlier in self.before[index + 1 :]:
            if lookup(earlier.digest) is not None:
                return period.limit
        return 0


@hot_value
class Pace:
    """A local day's part of what is left.

    Attributes:
        burst_percent: How much of an even share it is.
        days_left: Days of the period that are left, this one included.
        later: The days of the period behind this one that have begun: what they take was not taken before this one.
    """

    burst_percent: int
    days_left: int
    later: tuple[bytes, ...] = ()

    def before(self, main: bytes, own: bytes, lookup: Lookup) -> int:
        """Return what was taken before this day, which is counted by itself."""
        return _taken(main, lookup) - sum([_taken(day, lookup) for day in (own, *self.later)])


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
        warns: Nothing is refused (``when_reached: warn``): there is no ceiling, and what is carried counts for what is
            pointed out.
        closed_by: A counter that closes the budget once it is used (a grant that was revoked), or None.
    """

    main: bytes
    limit: int
    carry: Carry | None = None
    extra: int = 0
    percent: int = 100
    pace: Pace | None = None
    cap: int | None = None
    warns: bool = False
    closed_by: bytes | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same at all times: nothing is carried into it, and no day's part is cut from it."""
        return self.carry is None and self.pace is None

    def carried(self, lookup: Lookup) -> int:
        """Return what the budget takes over from the period before."""
        return self.carry.amount(lookup) if self.carry is not None else 0

    def ceiling(self, own: bytes, lookup: Lookup) -> int | None:
        """Return the ceiling of the budget ``own``: the quota's budget itself, or one that is a part of it."""
        return self.ceiling_with(self.carried(lookup), own, lookup)

    def ceiling_with(self, carried: int, own: bytes, lookup: Lookup) -> int | None:
        """Return the ceiling of the budget ``own``, where what it takes over is known; None for none."""
        if self.warns:
            return None
        if self.closed_by is not None and (lookup(self.closed_by) or EMPTY).used:
            return 0
        room = self.limit + carried
        if self.pace is not None:
            left = max(0, room - self.pace.before(self.main, own, lookup))
            return self.pace.burst_percent * left // (100 * self.pace.days_left)
        if self.percent != 100:
            return self.percent * max(0, room) // 100
        return room + self.extra if self.cap is None else min(self.cap, room + self.extra)

    def reads(self) -> tuple[bytes, ...]:
        """Return the budgets that it looks at beside its own; none of them is created by looking."""
        if self.closed_by is not None:
            return (self.main, self.closed_by)
        later = self.pace.later if self.pace is not None else ()
        if self.carry is None:
            return (self.main, *later)
        return (self.main, *later, *[period.digest for period in self.carry.before])


def _taken(budget: bytes, lookup: Lookup) -> int:
    return (lookup(budget) or EMPTY).taken


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
