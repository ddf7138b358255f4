"""The mutable balance of one budget. Holds expire by the clock, never by a job.

``held`` is summed per 10-second expiry bucket, so that 100,000 due holds cost nothing: a bucket whose instant has
passed simply no longer counts. Holds of quotas with ``on_expiry: charge`` sit in buckets of their own, which count
as used once they have passed.
"""

from collections.abc import Mapping

from governor.core.ledger.budget import Balance, BudgetKey

BUCKET_S = 10
NEVER_S = 2**62
"""Later than any expiry: the next due bucket of a counter that holds nothing."""


def expiry_bucket(expires_at_s: float) -> int:
    """Round an expiry up to the end of its bucket, in Unix seconds."""
    return -int(-expires_at_s // BUCKET_S) * BUCKET_S


def balance_at(used: int, releasing: Mapping[int, int], charging: Mapping[int, int], now_s: float) -> Balance:
    """Return the balance at an instant: what has expired is not held any more, and charged if it is to be."""
    charged = sum([amount for bucket, amount in charging.items() if bucket <= now_s])
    held = sum([amount for buckets in (releasing, charging) for bucket, amount in buckets.items() if bucket > now_s])
    return Balance(used + charged, held)


class Counter:
    """One budget's balance.

    The sum of all holds and the next due bucket are kept beside the buckets, so that reading a balance costs the same
    with one hold as with thousands of buckets.

    Attributes:
        key: Whose counter it is.
        used: Posted amounts, also of charged expiries that have been folded in.
        releasing: Expiry bucket to the sum of holds that vanish when it passes.
        charging: Expiry bucket to the sum of holds that are charged when it passes.
        as_of_s: Buckets up to here are folded already. Never goes back, whatever a worker's clock says.
    """

    __slots__ = ("_due_s", "_held", "as_of_s", "charging", "key", "releasing", "used")

    def __init__(
        self,
        key: BudgetKey,
        used: int = 0,
        releasing: dict[int, int] | None = None,
        charging: dict[int, int] | None = None,
        as_of_s: int = 0,
    ) -> None:
        self.key = key
        self.used = used
        self.releasing = releasing if releasing is not None else {}
        self.charging = charging if charging is not None else {}
        self.as_of_s = as_of_s
        self._held = sum(self.releasing.values()) + sum(self.charging.values())
        self._due_s = min((*self.releasing, *self.charging), default=NEVER_S)

    def balance(self, now_s: float) -> Balance:
        """Return the balance at an instant, whether or not anything was folded."""
        if now_s < self._due_s:
            return Balance(self.used, self._held)
        return balance_at(self.used, self.releasing, self.charging, now_s)

    def fold(self, now_s: float) -> None:
        """Drop what has expired and charge what is charged on expiry. Changes no balance at or after ``now_s``."""
        second = int(now_s)
        self.as_of_s = max(self.as_of_s, second)
        if now_s < self._due_s:
            return
        for bucket in [bucket for bucket in self.releasing if bucket <= now_s]:
            self._held -= self.releasing.pop(bucket)
        for bucket in [bucket for bucket in self.charging if bucket <= now_s]:
            amount = self.charging.pop(bucket)
            self._held -= amount
            self.used += amount
        self._due_s = min((*self.releasing, *self.charging), default=NEVER_S)

    def hold(self, bucket: int, amount: int, *, charge_on_expiry: bool) -> None:
        """Add a hold that expires at the end of a bucket, which must lie after ``as_of_s``."""
        # INVARIANT: what is folded is never held again, or taking it back would miss it.
        assert bucket > self.as_of_s, f"bucket {bucket} of {self.key.policy} was folded at {self.as_of_s}"
        if not amount:
            return
        buckets = self.charging if charge_on_expiry else self.releasing
        buckets[bucket] = buckets.get(bucket, 0) + amount
        self._held += amount
        self._due_s = min(self._due_s, bucket)

    def unhold(self, bucket: int, amount: int, *, charge_on_expiry: bool) -> None:
        """Take a hold back, or the charge that it became when it expired."""
        if bucket <= self.as_of_s:
            if charge_on_expiry:
                self.used -= amount
            return
        buckets = self.charging if charge_on_expiry else self.releasing
        left = buckets.get(bucket, 0) - amount
        # INVARIANT: a reservation is taken back at most once, so a bucket never goes below zero.
        assert left >= 0, f"bucket {bucket} of {self.key.policy} would fall to {left}"
        self._held -= amount
        if left:
            buckets[bucket] = left
        else:
            buckets.pop(bucket, None)
