"""What is known of later prices: dated lines of the price books that are not in force yet."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from governor.core.decisions.snapshot import Snapshot
from governor.core.settlement.pricing import usage_cost
from governor.core.usage import Usage
from governor.services.forecast.tasks import PriceSteps, Served
from governor.store.database import Database
from governor.store.use_series import MODEL_SUMS, read_use_by_model

RECENT = timedelta(days=28)
"""Use by which a model's price is compared: what share of it is output, cached, and so on."""


async def known_price_changes(
    snapshot: Snapshot, database: Database, now: datetime, until: datetime
) -> Mapping[Served, PriceSteps]:
    """Return for each model that was used lately how much dearer it becomes, and when; models that stay are absent.

    Args:
        snapshot: The prices.
        database: The rollups.
        now: Only what changes after it counts,
        until: and before this.
    """
    dates = [at for at in snapshot.policies.prices.price_epochs if now < at < until]
    if not dates:
        return {}
    from_s, until_s = int((now - RECENT).timestamp()), int(now.timestamp())
    read = partial(read_use_by_model, by=("model", "provider"), from_s=from_s, until_s=until_s)
    changes: dict[Served, PriceSteps] = {}
    for (model, provider), sums in await database.read(read):
        steps = _steps(snapshot, (model, provider), dict(zip(MODEL_SUMS, sums, strict=True)), now, dates)
        if any(factor != 1.0 for _, factor in steps):
            changes[model, provider] = steps
    return changes


def _steps(
    snapshot: Snapshot, served: Served, sums: Mapping[str, int], now: datetime, dates: list[datetime]
) -> PriceSteps:
    requests = max(sums["requests"], 1)
    # Tiers go by the input of one call: that of an average call stands for all.
    price = partial(
        usage_cost,
        snapshot,
        *served,
        Usage(
            input_tokens=sums["input_tokens"],
            cached_input_tokens=sums["cached_input_tokens"],
            cache_write_tokens=sums["cache_write_tokens"],
            cache_write_1h_tokens=sums["cache_write_1h_tokens"],
            output_tokens=sums["output_tokens"],
            reasoning_tokens=sums["reasoning_tokens"],
        ),
        batch=False,
        requests=requests,
        input_size=sums["input_tokens"] // requests,
    )
    present = price(at=now)
    if not present:
        return ()
    later = ((at, price(at=at)) for at in dates)
    return tuple((at, cost / present) for at, cost in later if cost is not None)
