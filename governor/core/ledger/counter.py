"""The mutable balance of one budget. Holds expire by the clock, never by a job.

``held`` is summed per 10-second expiry bucket, so that 100,000 due holds cost nothing: a bucket whose instant has
passed simply no longer counts. Holds of quotas with ``on_expiry: charge`` sit in buckets of their own, which count
as used once they have passed.
"""

from dataclasses import dataclass, field

from governor.core.ledger.budget import Balance, BudgetKey

BUCKET_S = 10


def expiry_bucket(expires_at_s: float) -> int:
    """Round an expiry up to the end of its bucket, in Unix seconds."""
    return -int(-expires_at_s // BUCKET_S) * BUCKET_S


@dataclass(slots=True)
class Counter:
    """One budget's balance.

    Attributes:
        key: Whose counter it is.
        used: Posted amounts, also of charged expiries that have been folded in.
        releasing: Expiry bucket to the sum of holds that vanish when it passes.
        charging: Expiry bucket to the sum of holds that are charged when it passes.
        as_of_s: Buckets up to here are folded already. Never goes back, whatever a worker's clock says.
    """

    key: BudgetKey
    used: int = 0
    releasing: dict[int, int] = field(default_factory=dict)
    charging: dict[int, int] = field(default_factory=dict)
    as_of_s: int = 0

    def balance(self, now_s: float) -> Balance:
        """Return the balance at an instant, whether or not anything was folded."""
        used = self.used
        held = 0
        for bucket, amount in self.releasing.items():
            if bucket > now_s:
                held += amount
        for bucket, amount in self.charging.items():
            if bucket > now_s:
                held += amount
            else:
                used += amount
        return Balance(used, held)

    def fold(self, now_s: float) -> None:
        """Drop what has expired and charge what is charged on expiry. Changes no balance at or after ``now_s``."""
        for bucket in [bucket for bucket in self.releasing if bucket <= now_s]:
            del self.releasing[bucket]
        for bucket in [bucket for bucket in self.charging if bucket <= now_s]:
            self.used += self.charging.pop(bucket)
        self.as_of_s = max(self.as_of_s, int(now_s))

    def hold(self, bucket: int, amount: int, *, charge_on_expiry: bool) -> None:
        """Add a hold that expires at the end of a bucket."""
        buckets = self.charging if charge_on_expiry else self.releasing
        buckets[bucket] = buckets.get(bucket, 0) + amount

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
        if left:
            buckets[bucket] = left
        else:
            buckets.pop(bucket, None)
