"""An organisation whose budgets carry over, cost a surcharge and end in several zones; and how its periods close."""

import asyncio
from typing import Any

from governor.core.keys import Role
from tests.api.test_usage import event, report
from tests.api.world import Server
from tests.scheduler.workers import ALWAYS, worker

QUOTAS = """\
apiVersion: governor/v1
kind: Quota
name: company
limit: 1,000 USD
period: month
max_share: {per: team, percent: 90}
pace: {per: day, burst: 20}
---
apiVersion: governor/v1
kind: Quota
name: department
per: [department]
limit: 10 USD
period: month
rollover: {unused: {up_to: 50%}, overspend: carry}
---
apiVersion: governor/v1
kind: Quota
name: paid-overage
per: [team]
limit: 0.001 USD
period: month
when_reached: {overage: {up_to: 100 USD, surcharge: 20%}}
---
apiVersion: governor/v1
kind: Quota
name: tokyo-requests
limit: 100 requests
period: {every: day, time_zone: Asia/Tokyo}
"""

DECEMBER_S = 10 * 86_400 + 11 * 3600
"""From the world's noon of 2026-11-20 UTC to the first of December, 00:00 in Berlin."""

BOOKED_S = 120
"""After this, everything is booked for good."""


async def close(server: Server, *others: Server) -> None:
    """Let the job that closes periods run, on several workers at once if they are given."""
    runners = [
        worker(each.governor.database, each.governor.clock.now, each.governor.closer.close, trigger=ALWAYS)
        for each in (server, *others)
    ]
    await asyncio.gather(*(runner.run_due() for runner in runners))


async def listed(server: Server, query: str = "") -> list[dict[str, Any]]:
    """Return the statements that a viewer sees."""
    async with server.client(Role.VIEWER) as client:
        response = await client.get(f"/statements?{query}")
    assert 200 == response.status_code, response.text
    statements: list[dict[str, Any]] = response.json()["statements"]
    return statements


async def one(server: Server, quota: str, query: str = "") -> dict[str, Any]:
    """Return the only statement of a quota."""
    [statement] = await listed(server, f"quota={quota}&{query}")
    return statement


async def spend(server: Server, *events: dict[str, Any]) -> None:
    """Report usage that nobody asked for beforehand; by default 0.00375 USD of engineering's platform team."""
    async with server.client() as client:
        results = await report(client, list(events) or [event()])
    assert {"recorded"} == {result["status"] for result in results}, results


def amounts(statement: dict[str, Any], *names: str) -> tuple[str, ...]:
    """Return some figures."""
    return tuple(statement[name] for name in names)


def parts(statement: dict[str, Any], dimension: str) -> dict[str, str]:
    """Return who used how much."""
    return {part["name"]: part["amount"] for part in statement[f"by_{dimension}"]}
