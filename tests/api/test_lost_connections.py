"""A PostgreSQL whose connections are cut, as a failover or an administrator does: nobody notices, nothing is lost."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from governor.store.verify import verify
from tests.api.world import Server, StandingClock, question, running, settings_for, write_policies

GATEWAYS, CALLS, CUT_EVERY = 8, 25, 6


def cut_connections(database_url: str) -> int:
    """End every connection to the database, in the middle of whatever it does; return how many there were."""
    base, _, name = database_url.rpartition("/")
    with psycopg.connect(f"{base}/postgres", autocommit=True) as administrator:
        cut = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
        return len(administrator.execute(cut.format(sql.Literal(name))).fetchall())


async def call(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    """Ask, report, and look at a budget, each once: a gateway that repeats nothing."""
    asked = await client.post("/decide", json=question(request_id=name, model="gpt-4o-mini"))
    decision = asked.json()
    assert (200, "allow", False) == (asked.status_code, decision["verdict"], decision["degraded"])
    report = {"event_id": name, "decision_id": decision["decision_id"], "model": "gpt-4o-mini"}
    settled = await client.post("/usage", json={**report, "usage": {"input_tokens": 1000, "output_tokens": 10}})
    assert "recorded" == settled.json()["events"][0]["status"], settled.text
    return decision


async def gateway(server: Server, number: int) -> list[str]:
    """Make calls one after the other."""
    async with server.client() as client:
        return [(await call(client, f"gateway-{number}-{count}"))["decision_id"] for count in range(CALLS)]


async def saboteur(server: Server, database_url: str) -> int:
    """Make calls too, and cut all connections every few of them."""
    cut = 0
    async with server.client() as client:
        for count in range(CALLS):
            await call(client, f"saboteur-{count}")
            if not count % CUT_EVERY:
                cut += await asyncio.to_thread(cut_connections, database_url)
    return cut


async def test_cut_connections_are_made_again_and_lose_nothing(
    postgres_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """Every call is allowed, settled and counted once, whenever the connections were cut."""
    settings = settings_for(postgres_url, write_policies(tmp_path / "policies"))
    async with running(settings, standing) as server:
        cut, *made = await asyncio.gather(
            saboteur(server, postgres_url), *(gateway(server, number) for number in range(GATEWAYS))
        )
        async with server.client() as client:
            page = (await client.get("/budgets", params={"quota": "user-requests", "user": "eve@acme.example"})).json()
        found = await server.governor.database.read(
            lambda connection: list(verify(connection, server.governor.clock.time()))
        )

    calls = (GATEWAYS + 1) * CALLS
    assert cut >= CALLS // CUT_EVERY
    assert GATEWAYS * CALLS == len({decision_id for one in made for decision_id in one})
    assert [(str(calls), "0")] == [(budget["used"], budget["held"]) for budget in page["budgets"]]
    assert [] == found
