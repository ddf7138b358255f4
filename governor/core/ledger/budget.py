"""A budget's identity and its balance."""

from collections.abc import Callable
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
    return digests_of(identity, scope)(period_start_s)


def digests_of(identity: str, scope: Scope) -> Callable[[int], bytes]:
    """Return ``budget_digest`` of one quota and scope, for the first second of each of its periods."""
    # The separators cannot occur in names and values: control characters are refused at every door.
    rest = "".join([f"\x1e{key}\x1f{value}" for key, value in scope])

    def digest(period_start_s: int) -> bytes:
        return blake2b(f"{identity}\x1e{period_start_s}{rest}".encode(), digest_size=16).digest()

    return digest


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
