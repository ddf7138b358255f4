"""What the budgets of a quota were kept by before it was edited."""

from collections.abc import Sequence
from datetime import datetime

from governor.core.decisions.budget_keys import identity_fields
from governor.core.policy.as_of import with_past
from governor.core.policy.kinds import Quota


def with_former_terms(quota: Quota, said: Sequence[tuple[datetime, Quota]]) -> Quota:
    """Return a quota with what it said before of the same budgets.

    Where an edit made other budgets meanwhile, what was said last of these stands until it is said of them again.

    Args:
        quota: As it is now, with its root.
        said: What its lineage said and since when, the oldest first; the last one is the quota as it is now.
    """
    identity = identity_fields(quota)
    of_these = [(at, then) for at, then in said if identity_fields(then) == identity]
    return with_past(quota, of_these) if len(of_these) > 1 else quota
