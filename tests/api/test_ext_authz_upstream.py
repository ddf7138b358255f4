"""``/ext_authz`` with policies that answer with another model, another limit, or wait for somebody else."""

from pathlib import Path

import httpx

from governor.core.keys import Role
from tests.api.world import QUOTAS, Server, StandingClock, running, settings_for, write_policies

ASKED = {
    "x-governor-user": "mia@acme.example",
    "x-governor-model": "claude-sonnet-4",
    "x-governor-input-tokens": "1000",
    "x-governor-max-output-tokens": "5000",
}

CLAMP = """\
---
apiVersion: governor/v1
kind: ContextLimit
name: short-answers
max_output: 800 tokens
when_over: clamp
"""

CONCURRENT = """\
---
apiVersion: governor/v1
kind: Quota
name: one-at-a-time
per: [user]
limit: 1 concurrent request
"""


def policies_with(folder: Path, quotas: str = QUOTAS) -> Path:
    """Write policies whose allowlist has a fallback."""
    policies = write_policies(folder / "policies", quotas)
    path = policies / "organization.yaml"
    allow = "allow: [openai/gpt-4o-mini]"
    path.write_text(path.read_text().replace(allow, f"{allow}\nfallback: [openai/gpt-4o-mini]"))
    return policies


async def ask(server: Server, *, secret: str = "", **changes: str) -> httpx.Response:
    """Ask with changed headers; an empty one is absent."""
    headers = ASKED | {f"x-governor-{name.replace('_', '-')}": value for name, value in changes.items()}
    async with server.client(Role.GATEWAY, secret=secret) as client:
        return await client.get("/ext_authz/", headers=headers)


async def test_a_substitute_is_sent_on_only_where_the_upstream_takes_it(sqlite_url: str, tmp_path: Path) -> None:
    """``x-governor-can`` says what the headers for the upstream may change; else the same is a remedy."""
    async with running(settings_for(sqlite_url, policies_with(tmp_path)), StandingClock()) as server:
        able = await ask(server, can="substitute")
        unable = await ask(server)

    assert (200, "openai/gpt-4o-mini") == (able.status_code, able.headers["x-governor-model"])
    assert 403 == unable.status_code
    assert {"type": "use_model", "model": "openai/gpt-4o-mini"} in unable.json()["error"]["details"]["remedies"]


async def test_a_clamped_limit_is_sent_on(sqlite_url: str, tmp_path: Path) -> None:
    """The upstream is told the output limit that was held."""
    policies = policies_with(tmp_path, QUOTAS + CLAMP)
    async with running(settings_for(sqlite_url, policies), StandingClock()) as server:
        able = await ask(server, model="gpt-4o-mini", can="clamp")
        unable = await ask(server, model="gpt-4o-mini")

    assert (200, "800") == (able.status_code, able.headers["x-governor-max-output-tokens"])
    assert (403, "output_too_large") == (unable.status_code, unable.headers["x-governor-reason"])


async def test_a_full_limit_of_concurrent_requests_is_403(sqlite_url: str, tmp_path: Path) -> None:
    """Nobody knows when one of them ends: there is no window that reopens."""
    policies = policies_with(tmp_path, QUOTAS + CONCURRENT)
    async with running(settings_for(sqlite_url, policies), StandingClock()) as server:
        first = await ask(server, model="gpt-4o-mini")
        second = await ask(server, model="gpt-4o-mini")
        async with server.client() as gateway:
            await gateway.post(f"/reservations/{first.headers['x-governor-decision-id']}/release")
        third = await ask(server, model="gpt-4o-mini")

    assert [200, 403, 200] == [each.status_code for each in (first, second, third)]
    assert ("quota_exceeded", "false") == (second.headers["x-governor-reason"], second.headers["x-should-retry"])


async def test_a_key_that_is_bound_to_somebody_needs_no_user(sqlite_url: str, tmp_path: Path) -> None:
    """A proxy of one service account says nothing of users; what it says all the same does not count."""
    async with running(settings_for(sqlite_url, policies_with(tmp_path)), StandingClock()) as server:
        secret = await server.make_key("bot-proxy", service_account="triage-bot")
        silent = await ask(server, secret=secret, user="")
        claimed = await ask(server, secret=secret, user="mia@acme.example")

    assert [200, 200] == [silent.status_code, claimed.status_code]


async def test_the_decision_id_settles_what_was_passed_on(sqlite_url: str, tmp_path: Path) -> None:
    """Whoever reads the proxy's log reports usage with the id that the upstream was given."""
    async with running(settings_for(sqlite_url, policies_with(tmp_path)), StandingClock()) as server:
        decision_id = (await ask(server, model="gpt-4o-mini")).headers["x-governor-decision-id"]
        event = {
            "event_id": "log-1",
            "decision_id": decision_id,
            "model": "gpt-4o-mini",
            "usage": {"input_tokens": 1000, "output_tokens": 100},
        }
        async with server.client() as gateway, server.client(Role.VIEWER) as viewer:
            recorded = (await gateway.post("/usage", json=event)).json()["events"][0]
            state = (await viewer.get(f"/decisions/{decision_id}")).json()["state"]

    assert ("recorded", "0.000210000", "settled") == (recorded["status"], recorded["cost_usd"], state)
