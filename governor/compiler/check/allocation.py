"""Whether the budgets of departments add up to more than the company has."""

from collections.abc import Sequence
from datetime import datetime

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import Quota
from governor.core.policy.match import selects
from governor.core.units import amount_words


def check_allocation(built: Built, now: datetime, problems: Problems) -> None:
    """Warn if departments may together spend more than the company in the same unit and period."""
    quotas = [quota for quota in built.policies.quotas if _counts(quota)]
    departments = list(built.policies.organization.departments)
    for company in quotas:
        if company.per or company.header.applies_to.terms or company.header.excluded is not None:
            continue
        parts = [quota for quota in quotas if _alike(company, quota) and quota.per == ("department",)]
        if not parts:
            continue
        total = sum(min(_limit(part, department, now) for part in parts) for department in departments)
        limit = _limit(company, "", now)
        if total > limit:
            document = built.documents[parts[0].header.source]
            message = (
                f"the departments' limits add up to {amount_words(total, company.unit)}, "
                f"{company.header.ref} has {amount_words(limit, company.unit)}"
            )
            hint = "lower them, or say in `description` why not everybody will use theirs"
            problems.add(document.problem("over-allocated", message, ("limit",), hint=hint))


def _counts(quota: Quota) -> bool:
    return quota.header.enforcement is Enforcement.ENFORCE and quota.period is not None


def _alike(company: Quota, quota: Quota) -> bool:
    if quota.header.applies_to.terms or quota.period is None or company.period is None:
        return False
    same_time = quota.period.identity() == company.period.identity()
    return same_time and quota.unit is company.unit and quota.counts is company.counts


def _limit(quota: Quota, department: str, now: datetime) -> int:
    """Return the limit of a department at an instant, as a decision would find it."""
    for item in quota.limits:
        if department and selects(item.selector, {"department": department}):
            return item.limit
    dated: Sequence[int] = [item.limit for item in quota.schedule if item.from_at <= now]
    return dated[-1] if dated else quota.limit
