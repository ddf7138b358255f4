"""Many clients at once on several worker processes: what is limited stays limited, and nobody gets an error."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from tests.api.processes import HEADERS, START_S_MAX, served
from tests.api.test_process import differences
from tests.api.world import QUOTAS, question, write_policies

SLOTS = """\
---
apiVersion: governor/v1
kind: Quota
name: calls-at-once
limit: 5 concurrent requests
"""
LIMIT, CLIENTS, ROUNDS = 5, 50, 6
WRITERS = 50
LARGE = QUOTAS.replace("500 requests", "500,000 requests").replace("100 USD", "1M USD").replace("1,000 USD", "2M USD")


class Calls:
    """What is in flight: begun when a gateway was told that it may, over just before it says what was used."""

    def __init__(self) -> None:
        self.now = self.most = self.allowed = self.denied = 0

    async def make(self, client: httpx.AsyncClient, name: str) -> None:
        """Ask; if allowed, call a model for a while, then report."""
        answer = (await client.post("/decide", json=question(model="gpt-4o-mini"))).json()
        if answer["verdict"] == "deny":
            assert ["quota_exceeded"] == [reason["code"] for reason in answer["reasons"]]
            self.denied += 1
            return
        self.allowed += 1
        self.now += 1
        self.most = max(self.most, self.now)
        until = self.allowed + self.denied + 2 * LIMIT
        # The call lasts while others ask; the last ones have nobody to wait for.
        for _ in range(200):
            if self.allowed + self.denied >= until:
                break
            await asyncio.sleep(0)
        self.now -= 1
        report = {"event_id": name, "decision_id": answer["decision_id"], "model": "gpt-4o-mini"}
        settled = await client.post("/usage", json={**report, "usage": {"input_tokens": 10}})
        assert "recorded" == settled.json()["events"][0]["status"]


async def many(address: str, count: int, work: Callable[[httpx.AsyncClient, int], Awaitable[None]]) -> None:
    """Let many clients work at once, on as many connections, which the kernel spreads over the workers."""
    limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)
    async with httpx.AsyncClient(base_url=address, headers=HEADERS, limits=limits, timeout=START_S_MAX) as client:
        await asyncio.gather(*(work(client, number) for number in range(count)))


def test_calls_at_once_are_never_more_than_their_limit(database_url: str, tmp_path: Path) -> None:
    """Four workers, fifty clients, five slots: several are used at once, and never a sixth (litellm#16011)."""
    policies = write_policies(tmp_path / "policies", LARGE + SLOTS)
    calls = Calls()

    async def work(client: httpx.AsyncClient, number: int) -> None:
        for turn in range(ROUNDS):
            await calls.make(client, f"{number}-{turn}")

    with served(database_url, policies, GOVERNOR_WORKERS="4") as (_, address):
        asyncio.run(many(address, CLIENTS, work))
        [slots] = httpx.get(f"{address}/budgets?quota=calls-at-once", headers=HEADERS).json()["budgets"]

    assert 1 < calls.most <= LIMIT
    assert (True, CLIENTS * ROUNDS) == (calls.denied > 0, calls.allowed + calls.denied)
    assert ("0", "0") == (slots["held"], slots["used"])
    assert [] == differences(database_url)


def test_fifty_writers_on_one_file_get_no_error(sqlite_url: str, tmp_path: Path) -> None:
    """Everything that writes at once, from three processes: each waits for its turn, and none is told to come again."""
    policies = write_policies(tmp_path / "policies", LARGE)
    statuses: Counter[tuple[str, int]] = Counter()

    async def work(client: httpx.AsyncClient, number: int) -> None:
        async def write(path: str, body: dict[str, Any]) -> httpx.Response:
            response = await client.post(path, json=body)
            statuses[path, response.status_code] += 1
            return response

        for turn in range(2):
            name = f"{number}-{turn}"
            decided = (await write("/decide", question(model="gpt-4o-mini"))).json()
            used = {"model": "gpt-4o-mini", "usage": {"input_tokens": 100}}
            await write("/usage", {**used, "event_id": name, "decision_id": decided["decision_id"]})
            await write("/usage", {**used, "event_id": f"{name}-x", "subject": {"user": "eve"}})
            await write("/outcomes", {"use_case": "triage", "task": name, "count": 1})
            adjustment = {"quota": "company-spend", "kind": "debit", "amount": "0.01", "reason": "beside the gateway"}
            await write("/adjustments", {**adjustment, "request_id": name})
            target = {"use_case": f"stopped-{name}"}
            await write("/blocks", {"target": target, "reason": "it runs away", "for": "1 hour"})

    with served(sqlite_url, policies, GOVERNOR_WORKERS="3") as (_, address):
        asyncio.run(many(address, WRITERS, work))
        [company] = httpx.get(f"{address}/budgets?quota=company-spend", headers=HEADERS).json()["budgets"]

    assert {200, 201} >= {status for _, status in statuses}, statuses
    assert 6 * 2 * WRITERS == sum(statuses.values())
    assert ("0", "1.003") == (company["held"], company["used"])
    assert [] == differences(sqlite_url)
