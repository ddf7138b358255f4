"""The rules of a policy that a test can make fire, by name."""

from governor.core.policy.kinds import ContextLimit, ModelAllowlist, Policy, Quota, Routing


def rules_of(policy: Policy) -> tuple[str, ...]:
    """Return the names of a policy's rules, as its document names them: ``deny``, ``limits[0]``, ``soft_limit``."""
    match policy:
        case ModelAllowlist():
            stated = {
                "allow": policy.allow is not None,
                "deny": bool(policy.deny),
                "only": policy.only is not None,
                "fallback": bool(policy.fallback),
            }
        case ContextLimit():
            stated = {
                "max_input": policy.max_input is not None,
                "max_output": policy.max_output is not None,
                "max_total": policy.max_total is not None,
                "downgrade": bool(policy.downgrade_to),
            }
        case Routing():
            stated = {"among": True}
        case Quota():
            return _rules_of_quota(policy)
    return tuple(name for name, there in stated.items() if there)


def _rules_of_quota(quota: Quota) -> tuple[str, ...]:
    stated = {
        "soft_limit": quota.soft_limit is not None or quota.soft_limit_percent is not None,
        "downgrade": quota.downgrade is not None,
        "overage": quota.overage is not None,
        "max_share": quota.max_share is not None,
        "pace": quota.burst_percent is not None,
    }
    return (
        "limit",
        *(f"limits[{index}]" for index in range(len(quota.limits))),
        *(f"schedule[{index}]" for index in range(len(quota.schedule))),
        *(name for name, there in stated.items() if there),
    )
