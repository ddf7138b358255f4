"""A budget's identity and its balance."""

from hashlib import blake2b

from governor.core.scopes import Scope
from governor.core.units import Unit
from governor.core.values import hot_value


@hot_value
class BudgetKey:
    """One quota for one scope in one period: the identity of a counter.

    Attributes:
        digest: 16 bytes over everything that makes the identity; see ``budget_digest``.
        policy: The quota's present name as answers give it (``Quota/x``); not part of the identity.
        scope: Whose budget it is.
        unit: Unit of its amounts.
        period_start_s: First second of the period, Unix time.
        period_end_s: First second after the period, or None for a lifetime and for concurrent requests.
    """

    digest: bytes
    policy: str
    scope: Scope
    unit: Unit
    period_start_s: int
    period_end_s: int | None


def budget_digest(identity: str, scope: Scope, period_start_s: int) -> bytes:
    """Return the 16-byte identity of a budget.

    Args:
        identity: The quota's own identity: lineage name, unit, ``counts``, ``per`` and period definition.
        scope: Whose budget it is.
        period_start_s: First second of its period.
    """
    # The separators cannot occur in names and values: control characters are refused at every door.
    text = "\x1e".join((identity, str(period_start_s), *(f"{key}\x1f{value}" for key, value in scope)))
    return blake2b(text.encode(), digest_size=16).digest()


@hot_value
class Balance:
    """What a budget has used and holds at an instant, in its unit."""

    used: int
    held: int

    @property
    def taken(self) -> int:
        """What is no longer free: used plus held."""
        return self.used + self.held


EMPTY = Balance(0, 0)
