"""Budgets by model, or by tag, in a new period: there with what was carried, before anybody draws on them."""

from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from tests.api.test_alerts import spend, usd
from tests.api.world import Server, StandingClock, running, settings_for, write_policies

QUOTAS = """\
apiVersion: governor/v1
kind: Quota
name: models
per: [model]
limit: 10 USD
period: month
rollover: {unused: {up_to: 100%}, overspend: carry}
---
apiVersion: governor/v1
kind: Quota
name: customers
per: [tags.customer]
limit: 10 USD
period: day
---
apiVersion: governor/v1
kind: Quota
name: bursts
per: [model]
limit: 100 requests
period: minute
"""


async def listed(server: Server, quota: str, **more: Any) -> list[tuple[str, str, str]]:
    """Return the budgets of a quota, page by page: whose, used and ceiling."""
    found: list[tuple[str, str, str]] = []
    cursor = ""
    async with server.client(Role.VIEWER) as viewer:
        while cursor is not None:
            page = (await viewer.get("/budgets", params={"quota": quota, "limit": 1, "cursor": cursor, **more})).json()
            found += [(*one["scope"].values(), one["used"], one["ceiling"]) for one in page["budgets"]]
            cursor = page["next"]
    return found


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give an organisation with budgets that only use makes."""
    return write_policies(tmp_path / "policies", QUOTAS)


async def test_a_budget_of_use_goes_on_in_the_next_period(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """With its rest or its debt at once; after a period in which nobody used it, it is gone."""
    sonnet, mini = "anthropic/claude-sonnet-4", "openai/gpt-4o-mini"
    async with running(settings_for(database_url, policies), standing) as server:
        await spend(server, usd("e-1", 3, tags={"customer": "zoe"}), usd("e-2", 12, tags={"customer": "amy"}))
        other = {"input_tokens": 20_000_000, "output_tokens": 0}
        await spend(server, usd("e-3", 0, model="gpt-4o-mini", tags={"customer": "amy"}) | {"usage": other})
        today = await listed(server, "customers")
        standing.advance(86_400)
        tomorrow = await listed(server, "customers")
        standing.advance(86_400)
        later = await listed(server, "customers")
        standing.advance(10 * 86_400)
        december = await listed(server, "models")
        minutes = await listed(server, "bursts")
        standing.advance(31 * 86_400)
        january = await listed(server, "models")

    assert [("amy", "15", "10"), ("zoe", "3", "10")] == today
    assert [("amy", "0", "10"), ("zoe", "0", "10")] == tomorrow
    assert [] == later
    assert [(sonnet, "0", "5"), (mini, "0", "17")] == december
    assert [] == minutes
    assert [] == january
