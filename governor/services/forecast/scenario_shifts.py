"""Traffic that goes to another model: what leaves a budget, what stays in it at another price, and what comes to it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from governor.core.decisions.snapshot import Snapshot
from governor.core.forecasts.scenarios import Addition, Departure
from governor.core.policy.kinds import Quota
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.scopes import Scope
from governor.core.units import Counts
from governor.core.usage import Usage
from governor.services.budget_scopes import may_concern
from governor.services.forecast.scenario_productions import draws_on
from governor.store.usage_sums import DIMENSIONS
from governor.store.use_series import DAY_S, MODEL_SUMS, read_use_by_model, read_use_steps

RECENT_DAYS = 28
"""Days whose use tells how much there is to shift."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A shift with its models resolved.

    Attributes:
        source: Canonical id.
        target: Canonical id.
        provider: Who the target's name says serves it, or ``""``.
        part: How much of the traffic goes, from 0 to 1.
        ratio: How many times as much it costs there.
        ratio_of: The same of some use: models differ in what they ask for input, output and what comes from a cache.
    """

    source: str
    target: str
    provider: str
    part: float
    ratio: float
    ratio_of: Callable[[Usage], float]

    def of(self, traffic: Iterable["Traffic"]) -> "Moved":
        """Return the same shift of some traffic, at the ratio that it has; where there is none, at that of all."""
        usage = total_usage(row for row in traffic if row.attributes["model"] == self.source)
        return self if usage == Usage() else replace(self, ratio=self.ratio_of(usage))

    def provider_after(self, provider: str) -> str:
        """Return who serves what somebody served so far: whoever the name says, else the same if he can."""
        vendor = self.target.partition("/")[0]
        stays = provider and vendor == self.source.partition("/")[0]
        return self.provider or (provider if stays else vendor)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a model was lately used for by somebody, on an average day.

    Attributes:
        attributes: By ``applies_to`` key, as far as the rollups tell.
        usage: Of all days together.
    """

    attributes: Mapping[str, str]
    nano_usd: float
    requests: float
    tokens: Mapping[Counts, float]
    usage: Usage


def total_usage(traffic: Iterable[Traffic]) -> Usage:
    """Add up what was used; units and modalities are not told by the rollups."""
    usages = [row.usage for row in traffic]
    return _usage({name: sum(getattr(usage, name) for usage in usages) for name in _USED})


_USED = tuple(name for name in MODEL_SUMS if name not in {"cost_nano_usd", "requests"})


def _usage(amounts: Mapping[str, int]) -> Usage:
    return msgspec.convert({name: amounts[name] for name in _USED}, Usage)


def read_traffic(
    connection: Connection, snapshot: Snapshot, models: Collection[str], keys: frozenset[str], now: datetime
) -> list[Traffic]:
    """Return what some models were used for on an average day of the last four weeks, since their first use.

    Args:
        connection: A reading connection.
        snapshot: Knows people and use cases.
        models: Canonical ids; empty: all.
        keys: What quotas select and are cut by: traffic that differs only in something else is added up.
        now: Nothing after it is known.
    """
    until_s = int(now.timestamp()) + 1
    only = {"model": models} if models else {}
    steps = read_use_steps(connection, ("model",), until_s=until_s, steps=RECENT_DAYS, step_s=DAY_S, only=only)
    days: dict[str, int] = {}
    for back, (model,), _ in steps:
        days[model] = max(days.get(model, 0), back + 1)
    by = tuple(name for name in DIMENSIONS if name in keys | {"model", "provider"})
    found = []
    rows = read_use_by_model(connection, by, from_s=until_s - RECENT_DAYS * DAY_S, until_s=until_s, only=only)
    for values, sums in rows:
        named = {name: value for name, value in zip(by, values, strict=True) if value}
        amounts = dict(zip(MODEL_SUMS, sums, strict=True))
        each = 1 / days[named["model"]]
        tokens = {
            Counts.ALL: (amounts["input_tokens"] + amounts["output_tokens"]) * each,
            Counts.INPUT: amounts["input_tokens"] * each,
            Counts.OUTPUT: amounts["output_tokens"] * each,
            Counts.REASONING: amounts["reasoning_tokens"] * each,
        }
        attributes = scope_attributes(tuple(named.items()), snapshot.organization, now)
        nano_usd, requests = amounts["cost_nano_usd"] * each, amounts["requests"] * each
        found.append(Traffic(attributes, nano_usd, requests, tokens, _usage(amounts)))
    return found


def keys_of(quotas: Sequence[Quota]) -> frozenset[str]:
    """Return the dimensions that tell some quotas' budgets apart; a person's kind is known of the person."""
    keys = {key for quota in quotas for key in quota.per}
    for quota in quotas:
        selectors = (quota.header.applies_to, *((quota.header.excluded,) if quota.header.excluded else ()))
        keys |= {key for selector in selectors for key, _ in selector.terms}
    derived = {"kind": "user", "stage": "use_case", "audience": "use_case"}
    return frozenset(derived.get(key, key) for key in keys)


def departures(
    moved: Sequence[Moved], quota: Quota, scope: Scope, served: Sequence[tuple[str, str]], known: Mapping[str, str]
) -> list[Departure]:
    """Return what leaves a budget, or stays in it at another price.

    Args:
        moved: The shifts.
        quota: Whose budget.
        scope: Of the budget.
        served: The models on which it was spent, and who served them.
        known: What is known of its scope.
    """
    found = []
    for one in moved:
        for model, provider in served:
            if model != one.source:
                continue
            after = {"model": one.target, "provider": one.provider_after(provider)}
            stays = all(after.get(key, value) == value for key, value in scope) and may_concern(
                quota.header, {**known, **after}
            )
            departure = Departure(model, provider, one.part, one.ratio, stays, one.target, after["provider"])
            found.append(departure)
    return found


def arrivals(moved: Sequence[Moved], quota: Quota, scope: Scope, traffic: Sequence[Traffic]) -> list[Addition]:
    """Return what comes to a budget that did not count it so far: of whoever it is for, as they lately used it."""
    found = []
    for one in moved:
        nano_usd = tokens = requests = 0.0
        provider = ""
        for row in traffic:
            if row.attributes["model"] != one.source or draws_on(row.attributes, quota, scope):
                continue
            after = one.provider_after(row.attributes.get("provider", ""))
            if draws_on({**row.attributes, "model": one.target, "provider": after}, quota, scope):
                nano_usd += row.nano_usd * one.part * one.of([row]).ratio
                tokens += row.tokens[quota.counts] * one.part
                requests += row.requests * one.part
                provider = after
        if requests:
            found.append(Addition(nano_usd, tokens, requests, model=one.target, provider=provider, grows=True))
    return found
