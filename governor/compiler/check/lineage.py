"""Former names: a quota, and what is used for a use case, keeps its balance under its oldest name.

So no two of a kind may share one.
"""

from collections.abc import Iterable

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems
from governor.core.policy.header import Header


def check_lineage(built: Built, problems: Problems) -> None:
    """Refuse a former name that another quota, or another use case, has or has had."""
    policies = built.policies
    _check(built, [quota.header for quota in policies.quotas], "quota", problems)
    _check(built, [use_case.header for use_case in policies.organization.use_cases.values()], "use case", problems)


def _check(built: Built, headers: Iterable[Header], kind: str, problems: Problems) -> None:
    headers = list(headers)
    names = {header.name: header.ref for header in headers}
    formers = {header.name: header.formerly for header in headers}
    claimed: dict[str, str] = {}
    for header in headers:
        for index, former in enumerate(header.formerly):
            other = names.get(former) or claimed.get(former)
            claimed.setdefault(former, header.ref)
            if other is None:
                continue
            if former == header.name:
                message, hint = f"`{former}` is its name now", "list only names of the past"
            elif other == header.ref:
                message, hint = f"`{former}` is listed twice", "keep one of them"
            else:
                message = f"`{former}` is a name of {other}: both would draw on one balance"
                hint = f"give the new {kind} a name that was never used"
                if header.name in formers.get(former, ()):
                    hint = "names are swapped in three versions, by way of a third name"
            document = built.documents[header.source]
            problems.add(document.problem("formerly-conflict", message, ("formerly", index), hint=hint))
