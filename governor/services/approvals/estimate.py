"""What an exception would cost, from what its scope used lately and from prices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from governor.core.approvals.terms import Terms
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import GrantKind, UnitAmount
from governor.core.ledger.changes import ROLLUP_SUMS
from governor.core.money import Rounding, divide
from governor.core.prices import Price, dearest, held_nano_usd
from governor.core.scopes import Scope
from governor.core.units import Unit
from governor.store.database import Database
from governor.store.usage_sums import UsageFilter, read_usage_sums

LOOKS_BACK = timedelta(days=28)
"""Four whole weeks: every day of the week counts alike."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is expected.

    Attributes:
        cost_nano_usd: None: there is nothing to tell from.
        basis: What it was made of, in words.
    """

    cost_nano_usd: int | None
    basis: str


@dataclass(frozen=True, slots=True)
class _Past:
    """What a scope used in the time that is looked back on."""

    requests: int
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int
    models: tuple[tuple[str, str], ...]

    def amount(self, unit: Unit) -> int:
        """Return how much was used of a unit."""
        match unit:
            case Unit.TOKENS:
                return self.input_tokens + self.output_tokens
            case Unit.USD:
                return self.cost_nano_usd
            case _:
                return self.requests


async def estimate_cost(
    database: Database, snapshot: Snapshot, kind: GrantKind, scope: Scope, *, terms: Terms, now: datetime
) -> Estimate:
    """Estimate what an exception would cost between its beginning and its end.

    More budget costs what the scope spends at its pace of the last four weeks, or, where a quota counts tokens or
    requests, what so many cost there. A model costs what the scope's requests would have cost with it. Larger requests
    cost what they would if every one were as large as is asked for: an upper bound.

    Args:
        database: Past usage.
        snapshot: Prices.
        kind: What is asked for.
        scope: For whom.
        terms: What is asked; the amount of money in them plays no part.
        now: The door's instant.
    """
    past = await _past(database, scope, now)
    start_at = terms.starts_at or now
    length_s = max(int((terms.ends_at - start_at).total_seconds()), 1)
    match kind:
        case GrantKind.BUDGET:
            return _more_budget(past, terms.amounts, length_s)
        case GrantKind.MODEL:
            price = dearest(snapshot.price(model, "", now) for model in terms.models)
            words = f"the scope's requests of the last four weeks, at the price of {', '.join(terms.models)}"
            return _priced(past, price, past.input_tokens, past.output_tokens, length_s=length_s, basis=words)
        case GrantKind.CONTEXT:
            price = dearest(snapshot.price(model, provider, now) for model, provider in past.models)
            inputs, outputs = _largest(past, terms)
            words = "the scope's requests of the last four weeks, if all were as large as asked"
            return _priced(past, price, inputs, outputs, length_s=length_s, basis=words)


async def _past(database: Database, scope: Scope, now: datetime) -> _Past:
    now_s = int(now.timestamp())
    wanted = UsageFilter(now_s - int(LOOKS_BACK.total_seconds()), now_s, dict(scope))
    by = ("model", "provider")
    rows = await database.read(lambda connection: read_usage_sums(connection, wanted, by, hourly=False))
    sums = {name: sum(row[2][index] for row in rows) for index, name in enumerate(ROLLUP_SUMS)}
    return _Past(
        requests=sums["requests"],
        input_tokens=sums["input_tokens"],
        output_tokens=sums["output_tokens"],
        cost_nano_usd=sums["cost_nano_usd"],
        models=tuple((keys[0], keys[1]) for _, keys, _ in rows),
    )


def _more_budget(past: _Past, amounts: Iterable[UnitAmount], length_s: int) -> Estimate:
    costs = [
        divide(past.cost_nano_usd * one.amount, used, Rounding.UP) for one in amounts if (used := past.amount(one.unit))
    ]
    if costs:
        return Estimate(max(costs), "what so much cost the scope in the last four weeks")
    if not past.cost_nano_usd:
        return NOTHING_USED
    return Estimate(_for(past.cost_nano_usd, length_s), "the scope's spend of the last four weeks, for that long")


def _largest(past: _Past, terms: Terms) -> tuple[int, int]:
    """Return input and output of the past requests, had each been as large as is asked for."""
    inputs, outputs = past.input_tokens, past.output_tokens
    if terms.input_tokens_max is not None:
        inputs = past.requests * terms.input_tokens_max
    if terms.output_tokens_max is not None:
        outputs = past.requests * terms.output_tokens_max
    if terms.total_tokens_max is not None:
        inputs = max(inputs, past.requests * terms.total_tokens_max - outputs)
    return inputs, outputs


def _priced(
    past: _Past, price: Price | None, input_tokens: int, output_tokens: int, *, length_s: int, basis: str
) -> Estimate:
    if not past.requests:
        return NOTHING_USED
    # One request at a time: all together would look like one that is beyond every tier of the price.
    each = [divide(tokens, past.requests, Rounding.UP) for tokens in (input_tokens, output_tokens)]
    cost = held_nano_usd(price, each[0], each[1]) if price is not None else None
    if cost is None:
        return Estimate(None, "nothing says what it costs")
    return Estimate(_for(cost * past.requests, length_s), basis)


def _for(cost_nano_usd: int, length_s: int) -> int:
    return divide(cost_nano_usd * length_s, int(LOOKS_BACK.total_seconds()), Rounding.UP)


NOTHING_USED = Estimate(None, "the scope used nothing in the last four weeks")
