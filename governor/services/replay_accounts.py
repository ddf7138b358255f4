"""The balances of a replay: of every budget that was drawn on and may be again."""

from collections.abc import Callable, Container

from governor.core.decisions.carry import LENGTHS_KEPT
from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.policy.kinds import Quota

STEP_BACK_S = 3600
"""How far a recording may step back in time and still meet the budgets of then."""

_QUOTA = "Quota/"


class Account(Balance):
    """A balance that goes on: what a budget has used and holds so far.

    Args:
        key: Whose.
    """

    __slots__ = ("key",)
    # Said again, because a balance is frozen and an account is not.
    used: int
    held: int

    def __init__(self, key: BudgetKey) -> None:
        super().__init__(0, 0)
        self.key = key


class Accounts:
    """Finds accounts by budget.

    Args:
        quota: Finds a quota by its name, or None.

    Attributes:
        drawn_on: Accounts by digest. One that nobody has drawn on is not here: what is carried over depends on that.
    """

    __slots__ = ("_quota", "_untouched", "drawn_on")

    def __init__(self, quota: Callable[[str], Quota | None]) -> None:
        self.drawn_on: dict[bytes, Account] = {}
        self._untouched: dict[bytes, Account] = {}
        self._quota = quota

    def balance(self, digest: bytes) -> Balance | None:
        """Return the balance of a budget now, or None for one that nobody has drawn on."""
        account = self.drawn_on.get(digest)
        return Balance(account.used, account.held) if account is not None else None

    def find(self, key: BudgetKey) -> Account:
        """Return the account of a budget, which may not be drawn on yet."""
        account = self.drawn_on.get(key.digest) or self._untouched.get(key.digest)
        if account is None:
            account = self._untouched[key.digest] = Account(key)
        return account

    def draw_on(self, key: BudgetKey) -> Account:
        """Return the account of a budget, which is drawn on from now on."""
        account = self.drawn_on.get(key.digest)
        if account is None:
            account = self.drawn_on[key.digest] = self.find(key)
            self._untouched.pop(key.digest)
        return account

    def forget_before(self, now_s: float, kept: Container[bytes]) -> None:
        """Forget the budgets of periods that nobody can draw on any more, but for some."""
        for accounts in (self.drawn_on, self._untouched):
            for digest in [
                digest
                for digest, account in accounts.items()
                if self._is_over(account.key, now_s - STEP_BACK_S) and digest not in kept
            ]:
                del accounts[digest]

    def _is_over(self, key: BudgetKey, at_s: float) -> bool:
        """Tell whether nothing looks at a budget any more, also not for what a later period carries."""
        end_s = key.period_end_s
        if end_s is None or end_s >= at_s:
            return False
        quota = self._quota(key.policy.removeprefix(_QUOTA))
        # One of an unknown name may be an earlier name's.
        if quota is not None and quota.rollover is None:
            return True
        return end_s + LENGTHS_KEPT * (end_s - key.period_start_s) < at_s
