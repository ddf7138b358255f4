"""``GET /usage/summary``: who used what, and what it cost."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from governor.core.ledger.changes import ROLLUP_SUMS
from governor.core.money import usd_text
from governor.edges.api.access import TheGovernor
from governor.edges.api.parameters import Cursor, Instant, Limit, Parameters, Word
from governor.services.summarise_usage import GROUPINGS, UsageGroup, UsageQuery
from governor.store.usage_sums import DIMENSIONS

summary_routes = APIRouter(tags=["read"])


def _groupings(text: str) -> str:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in GROUPINGS:
            raise ValueError(f"`{name[:40]}` is not a grouping; use {', '.join(GROUPINGS)}")
    if len(set(names)) != len(names):
        raise ValueError("a grouping is named twice")
    return ",".join(names)


class SummaryParameters(Parameters):
    """What is summed."""

    by: Annotated[
        str,
        Field(max_length=256, description=f"Groupings with commas between: {', '.join(GROUPINGS)}."),
        AfterValidator(_groupings),
    ] = ""
    since: Annotated[
        Instant | None, Field(description="From the hour of the organisation's clock with this instant.")
    ] = None
    until: Annotated[Instant | None, Field(description="Up to, and without, the hour with this instant.")] = None
    department: Word = ""
    team: Word = ""
    user: Word = ""
    project: Word = ""
    environment: Word = ""
    use_case: Word = ""
    model: Word = ""
    provider: Word = ""
    cursor: Cursor = ""
    limit: Limit = 100


class SumsWire(BaseModel):
    """Sums of settled usage."""

    requests: int
    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    units: dict[str, int]
    cost_usd: str
    unpriced: int


class GroupWire(SumsWire):
    """Sums of one group."""

    group: dict[str, str]


class SummaryWire(BaseModel):
    """One page of groups, and the totals of all groups, not only of this page."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "groups": [
                        {
                            "group": {"department": "marketing"},
                            "requests": 212,
                            "input_tokens": 1800000,
                            "cached_input_tokens": 900000,
                            "cache_write_tokens": 0,
                            "cache_write_1h_tokens": 0,
                            "output_tokens": 91000,
                            "reasoning_tokens": 12000,
                            "units": {"images": 3},
                            "cost_usd": "6.765000000",
                            "unpriced": 0,
                        }
                    ],
                    "next": None,
                    "totals": {
                        "requests": 212,
                        "input_tokens": 1800000,
                        "cached_input_tokens": 900000,
                        "cache_write_tokens": 0,
                        "cache_write_1h_tokens": 0,
                        "output_tokens": 91000,
                        "reasoning_tokens": 12000,
                        "units": {"images": 3},
                        "cost_usd": "6.765000000",
                        "unpriced": 0,
                    },
                }
            ]
        }
    )

    groups: list[GroupWire]
    next: str | None
    totals: SumsWire


@summary_routes.get("/usage/summary", summary="Usage summed up", response_model=SummaryWire)
async def summary(parameters: Annotated[SummaryParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """Sum up settled usage. ``(none)`` is what a request did not say; a day is one of the organisation's zone.

    ``units`` are what is not counted in tokens (images, audio seconds, ...), ``unpriced`` the events whose price is
    unknown: what they cost is not in ``cost_usd``, or is what was held for them.
    """
    by = [name for name in parameters.by.split(",") if name]
    fields = parameters.model_dump()
    found = await governor.usage.summarise(
        UsageQuery(
            by=by,
            from_at=parameters.since,
            until_at=parameters.until,
            equals={name: cast("str", fields[name]) for name in DIMENSIONS if fields[name]},
            cursor=parameters.cursor,
            limit=parameters.limit,
        )
    )
    groups = [{"group": dict(zip(by, group.values, strict=True)), **_sums(group)} for group in found.groups]
    return {"groups": groups, "next": found.next, "totals": _sums(found.totals)}


def _sums(group: UsageGroup) -> dict[str, Any]:
    named: dict[str, Any] = dict(zip(ROLLUP_SUMS, group.sums, strict=True))
    named |= {"units": dict(group.units), "unpriced": group.unpriced}
    named["cost_usd"] = usd_text(named.pop("cost_nano_usd"))
    return named
