"""Whether what moves a quota's ceiling fits its period, its unit and the other quotas."""

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems
from governor.compiler.source import Document
from governor.core.models import ModelCatalog
from governor.core.periods import Every
from governor.core.policy.kinds import Overage, Quota, Routing, WhenReached
from governor.core.units import Unit

_WITHIN_A_DAY = frozenset({Every.MINUTE, Every.HOUR, Every.DAY})


def check_ceilings(built: Built, problems: Problems) -> None:
    """Refuse rollover, pace, proration and overage where they mean nothing, and warn of routings without a model."""
    quotas = {quota.header.name: quota for quota in built.policies.quotas}
    for quota in built.policies.quotas:
        document = built.documents[quota.header.source]
        _check_period(quota, document, problems)
        if quota.overage is not None:
            _check_overage(quota, quota.overage, quotas, document, problems)
    for routing in built.policies.routings:
        _check_routing(routing, built.policies.catalog, built.documents[routing.header.source], problems)


def _check_period(quota: Quota, document: Document, problems: Problems) -> None:
    def refuse(field: str, message: str, hint: str) -> None:
        problems.add(document.problem("period-conflict", message, (field,), hint=hint))

    moved = [
        name
        for name, there in (("rollover", quota.rollover is not None), ("pace", quota.burst_percent is not None))
        if there
    ]
    for name in moved:
        if quota.period is None:
            refuse(name, f"a limit of concurrent requests has no period, so no `{name}`", f"leave `{name}` out")
        elif quota.period.every is Every.ONCE:
            refuse(name, f"a lifetime has no period before or after it, so no `{name}`", f"leave `{name}` out")
    if quota.burst_percent is not None and quota.period is not None and quota.period.every in _WITHIN_A_DAY:
        refuse("pace", "this period is no longer than the day that `pace` cuts it into", "leave `pace` out")
    if quota.count_existing and quota.period is None:
        message = "concurrent requests are never used up, so there is nothing to count"
        refuse("count_existing", message, "leave `count_existing` out")
    if quota.prorated:
        if quota.period is None or quota.period.every in {*_WITHIN_A_DAY, Every.ONCE}:
            refuse("first_period", "only periods of several days can begin in the middle", "leave `first_period` out")
        elif quota.header.effective_from is None:
            hint = "write effective_from: 2026-10-15"
            message = "`first_period: prorated` needs the day on which the quota begins"
            problems.add(document.problem("missing-field", message, ("first_period",), hint=hint))


def _check_overage(
    quota: Quota, overage: Overage, quotas: dict[str, Quota], document: Document, problems: Problems
) -> None:
    path = ("when_reached", "overage")
    if quota.unit is Unit.CONCURRENT:
        message = "concurrent requests are never used up, so there is no overage"
        problems.add(document.problem("wrong-unit", message, path, hint="raise the limit instead"))
    if not overage.fund:
        return
    fund = quotas.get(overage.fund)
    if fund is None:
        hint = f"known are {', '.join(sorted(quotas)[:8])}"
        message = f"`Quota/{overage.fund}` is not a quota of this folder"
        problems.add(document.problem("unknown-reference", message, (*path, "from"), hint=hint))
    elif fund is quota:
        message = "a budget cannot pay for its own overage"
        problems.add(document.problem("wrong-value", message, (*path, "from"), hint="leave `from` out"))
    elif (fund.unit, fund.counts) != (quota.unit, quota.counts):
        message = f"{fund.header.ref} counts {fund.unit}, this quota {quota.unit}"
        problems.add(document.problem("wrong-unit", message, (*path, "from"), hint="name a fund in the same unit"))
    elif fund.when_reached is not WhenReached.DENY:
        message = f"{fund.header.ref} does not end at its limit, so it is no fund"
        problems.add(
            document.problem("wrong-value", message, (*path, "from"), hint="name a quota with `when_reached: deny`")
        )


def _check_routing(routing: Routing, catalog: ModelCatalog, document: Document, problems: Problems) -> None:
    listed = catalog.models
    known = [listed[name] for name in routing.among if name in listed]
    # A model that only the price catalogue knows may have what it takes: a decision asks it.
    if len(known) < len(routing.among):
        return
    able = [
        model
        for model in known
        if routing.capabilities <= model.capabilities and (routing.context_window or 0) <= (model.context_window or 0)
    ]
    if not able:
        message = "no model of `among` has what this routing requires, so it never chooses one"
        hint = "state `capabilities` and `context_window` in a ModelCatalog, or require less"
        problems.add(document.problem("routing-without-model", message, ("requires",), hint=hint))
