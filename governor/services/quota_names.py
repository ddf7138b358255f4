"""Quotas by every name that they have or had: rows keep the name of their time."""

from governor.core.decisions.snapshot import PolicySet
from governor.core.policy.kinds import Quota


class QuotaNames:
    """Finds quotas by the name that a budget's row has; worked out once for each version of the policies."""

    def __init__(self) -> None:
        self._named: tuple[PolicySet, dict[str, list[Quota]]] | None = None

    def find(self, policies: PolicySet, policy: str) -> list[Quota]:
        """Return the quotas that are or were called so (``Quota/x``); a budget's identity tells which one it is."""
        if self._named is None or self._named[0] is not policies:
            named: dict[str, list[Quota]] = {}
            for quota in policies.quotas:
                for name in names_of(quota):
                    named.setdefault(f"Quota/{name}", []).append(quota)
            self._named = (policies, named)
        return self._named[1].get(policy, [])


def names_of(quota: Quota) -> tuple[str, ...]:
    """Return every name that a quota has or had."""
    return tuple(dict.fromkeys((quota.header.name, *quota.header.formerly, quota.root)))
