"""Former names: a quota keeps its balance under its oldest name, so no two quotas may share one."""

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems


def check_lineage(built: Built, problems: Problems) -> None:
    """Refuse a former name that another quota has, or has had."""
    names = {quota.header.name: quota.header.ref for quota in built.policies.quotas}
    formers = {quota.header.name: quota.header.formerly for quota in built.policies.quotas}
    claimed: dict[str, str] = {}
    for quota in built.policies.quotas:
        reference = quota.header.ref
        for index, former in enumerate(quota.header.formerly):
            other = names.get(former) or claimed.get(former)
            claimed.setdefault(former, reference)
            if other is None:
                continue
            if former == quota.header.name:
                message, hint = f"`{former}` is its name now", "list only names of the past"
            elif other == reference:
                message, hint = f"`{former}` is listed twice", "keep one of them"
            else:
                message = f"`{former}` is a name of {other}: both would draw on one balance"
                hint = "give the new quota a name that was never used"
                if quota.header.name in formers.get(former, ()):
                    hint = "names are swapped in three versions, by way of a third name"
            document = built.documents[quota.header.source]
            problems.add(document.problem("formerly-conflict", message, ("formerly", index), hint=hint))
