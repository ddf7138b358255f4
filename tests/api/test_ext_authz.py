"""``/ext_authz``: what proxies that read only status codes and headers are told, and what they can get wrong."""

import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from governor.core.keys import Role
from governor.edges.api.ext_authz_headers import FIELDS, headers_table
from governor.edges.api.wire_answers import ErrorAnswer
from tests.api.world import QUOTAS, Server, StandingClock, running, settings_for, write_policies

EVE = {"x-governor-user": "eve@acme.example"}
ASKED = {**EVE, "x-governor-model": "claude-sonnet-4", "x-governor-input-tokens": "1000"}
CHAT = {"model": "claude-sonnet-4", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}
COMPLETIONS = "/ext_authz/v1/chat/completions"

MINUTE = """\
---
apiVersion: governor/v1
kind: Quota
name: two-a-minute
per: [user]
limit: 2 requests
period: minute
"""
"""A window that reopens soon."""

TINY = """\
---
apiVersion: governor/v1
kind: Quota
name: tiny
limit: 0.001 USD
period: minute
"""
"""A window that is too small for any request, however often it reopens."""


async def ask(
    server: Server,
    headers: dict[str, str] | list[tuple[str | bytes, str | bytes]] | None = None,
    body: bytes | dict[str, Any] = b"",
    *,
    path: str = COMPLETIONS,
    method: str = "POST",
    role: Role | None = Role.GATEWAY,
) -> httpx.Response:
    """Send what a proxy sends; a refusal must have the shape of errors and never be a 5xx."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with server.client(role) as client:
        response = await client.request(method, path, headers=ASKED if headers is None else headers, content=content)
    assert response.status_code in {200, 401, 403, 429}
    if response.status_code != 200 and method != "HEAD":
        msgspec.json.decode(response.content, type=ErrorAnswer)
    return response


async def explained(server: Server, response: httpx.Response) -> dict[str, Any]:
    """Return the stored request of an answer's decision."""
    async with server.client(Role.VIEWER) as viewer:
        kept = await viewer.get(f"/decisions/{response.headers['x-governor-decision-id']}")
    asked: dict[str, Any] = kept.json()["request"]
    return asked


async def held(server: Server) -> dict[str, str]:
    """Return how many requests are held for each person."""
    async with server.client(Role.VIEWER) as viewer:
        budgets = (await viewer.get("/budgets", params={"quota": "user-requests"})).json()["budgets"]
    return {budget["scope"]["user"]: budget["held"] for budget in budgets if budget["held"] != "0"}


async def drop_decisions(server: Server) -> None:
    """Take the ledger its table away."""
    await server.governor.database.write(lambda connection: connection.exec_driver_sql("DROP TABLE decisions"))


async def test_an_allow_carries_what_the_upstream_needs(any_server: Server) -> None:
    """Decision, model and output limit come as headers, and the body says the same for people."""
    response = await ask(any_server)

    assert 200 == response.status_code
    assert "anthropic/claude-sonnet-4" == response.headers["x-governor-model"]
    assert "64000" == response.headers["x-governor-max-output-tokens"]
    assert {
        "decision_id": response.headers["x-governor-decision-id"],
        "verdict": "allow",
        "model": "anthropic/claude-sonnet-4",
        "max_output_tokens": 64000,
        "degraded": False,
    } == response.json()


async def test_a_policys_deny_is_403_and_not_worth_a_retry(server: Server) -> None:
    """The reason is in the body, the decision in a header, and SDKs are told not to come again."""
    response = await ask(server, ASKED | {"x-governor-user": "mia@acme.example"})
    error = response.json()["error"]

    assert (403, "false") == (response.status_code, response.headers["x-should-retry"])
    assert not {"retry-after", "ratelimit", "ratelimit-limit"} & set(response.headers)
    assert ("model_not_allowed", "model_not_allowed") == (error["code"], response.headers["x-governor-reason"])
    assert response.headers["x-governor-decision-id"] == error["details"]["decision_id"]
    assert "x-governor-model" not in response.headers


async def test_a_budget_that_is_gone_is_403(server: Server) -> None:
    """A month is no window to wait for: clients would send a 429 again for days."""
    response = await ask(server, ASKED | {"x-governor-max-output-tokens": "1000", "x-governor-n": "10000"})

    assert (403, "false") == (response.status_code, response.headers["x-should-retry"])
    assert "quota_exceeded" == response.json()["error"]["code"]


@pytest.mark.parametrize(("at_s", "wait_s"), [(0.0, 60), (18.5, 42), (59.9, 1)])
async def test_a_window_that_reopens_soon_is_429_with_the_wait(
    sqlite_url: str, tmp_path: Path, at_s: float, wait_s: int
) -> None:
    """``Retry-After`` is rounded up, and the draft's fields say the same, in its newest and its older words."""
    clock = StandingClock()
    policies = write_policies(tmp_path / "policies", QUOTAS + MINUTE)
    async with running(settings_for(sqlite_url, policies), clock) as server:
        clock.advance(at_s)
        statuses = [(await ask(server)).status_code for _ in range(2)]
        response = await ask(server)
        clock.advance(wait_s)
        after = await ask(server)

    assert [200, 200, 429, 200] == [*statuses, response.status_code, after.status_code]
    assert {
        "retry-after": str(wait_s),
        "ratelimit-policy": '"Quota/two-a-minute";q=2;qu="requests";w=60',
        "ratelimit": f'"Quota/two-a-minute";r=0;t={wait_s}',
        "ratelimit-limit": "2",
        "ratelimit-remaining": "0",
        "ratelimit-reset": str(wait_s),
    } == {name: value for name, value in response.headers.items() if name.startswith(("retry", "ratelimit"))}
    assert "x-should-retry" not in response.headers


@pytest.mark.parametrize(
    ("before_midnight_s", "status"), [(121, 403), (120, 429), (1, 429)], ids=["too-late", "just", "soon"]
)
async def test_two_minutes_are_the_limit(sqlite_url: str, tmp_path: Path, before_midnight_s: int, status: int) -> None:
    """A day's window is worth waiting for in its last two minutes only (midnight in Berlin is 23:00 UTC)."""
    clock = StandingClock()
    policies = write_policies(tmp_path / "policies", QUOTAS.replace("500 requests", "1 request"))
    async with running(settings_for(sqlite_url, policies), clock) as server:
        clock.advance(11 * 3600 - before_midnight_s)
        await ask(server)
        response = await ask(server)

    assert status == response.status_code


async def test_waiting_for_a_window_that_is_too_small_is_not_proposed(sqlite_url: str, tmp_path: Path) -> None:
    """A minute that can never hold the request is a 403, although it reopens at once."""
    policies = write_policies(tmp_path / "policies", QUOTAS + TINY)
    async with running(settings_for(sqlite_url, policies), StandingClock()) as server:
        response = await ask(server)

    assert (403, "false") == (response.status_code, response.headers["x-should-retry"])


async def test_money_is_told_in_whole_micro_dollars(sqlite_url: str, tmp_path: Path) -> None:
    """Structured fields have integers of at most fifteen digits."""
    policies = write_policies(tmp_path / "policies", QUOTAS + TINY.replace("0.001 USD", "1.5 USD"))
    async with running(settings_for(sqlite_url, policies), StandingClock()) as server:
        await ask(server)
        response = await ask(server)

    assert 429 == response.status_code
    assert '"Quota/tiny";q=1500000;qu="micro-usd";w=60' == response.headers["ratelimit-policy"]
    assert '"Quota/tiny";r=537000;t=60' == response.headers["ratelimit"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "PROPFIND"])
async def test_any_method_is_decided(server: Server, method: str) -> None:
    """The proxy sends its client's method; what is decided is the same."""
    response = await ask(server, method=method)

    assert 200 == response.status_code
    assert response.headers["x-governor-decision-id"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_the_body_is_read_whatever_the_method(server: Server, method: str) -> None:
    """A body is no privilege of POST."""
    response = await ask(server, EVE, CHAT, method=method)

    assert (200, "100") == (response.status_code, response.headers["x-governor-max-output-tokens"])


@pytest.mark.parametrize("path", ["/ext_authz/", "/ext_authz/a/b/c", "/ext_authz//x", "/ext_authz/%2e%2e/decide?a=b&c"])
async def test_any_path_is_decided(server: Server, path: str) -> None:
    """Nothing behind ``/ext_authz/`` leads to another route; the query is not looked at."""
    response = await ask(server, path=path)

    assert (200, "chat") == (response.status_code, (await explained(server, response)).get("operation", "chat"))


async def test_the_question_is_kept_without_the_prompt(server: Server) -> None:
    """What is stored are the fields of ``/decide``; what the client wrote to the model is not among them."""
    body = CHAT | {"stream": True, "n": 2}
    response = await ask(server, EVE, body)

    assert {
        "subject": {"user": "eve@acme.example"},
        "operation": "chat",
        "model": "claude-sonnet-4",
        "max_output_tokens": 100,
        "n": 2,
        "tags": {"stream": "true"},
        "input_bytes": len(json.dumps(body)),
    } == await explained(server, response)


async def test_every_header_of_the_table_becomes_its_field(server: Server) -> None:
    """The table is the truth: each header's value arrives where the table says."""
    key = await server.make_key("proxy")
    headers = {
        **ASKED,
        "x-governor-team": "platform",
        "x-governor-department": "engineering",
        "x-governor-project": "spring",
        "x-governor-environment": "dev",
        "x-governor-task": "run-1",
        "x-governor-asserted-by": "gateway",
        "x-governor-provider": "anthropic",
        "x-governor-region": "eu-central-1",
        "x-governor-service-tier": "standard",
        "x-governor-operation": "responses",
        "x-governor-use-case": "triage",
        "x-governor-input-bytes": "4000",
        "x-governor-cached-input-tokens": "10",
        "x-governor-max-output-tokens": "50",
        "x-governor-n": "2",
        "x-governor-can": "substitute, clamp",
        "x-governor-hold-for": "5 minutes",
        "x-governor-request-id": "r-1",
        "x-governor-attempt": "2",
        "x-governor-parent-decision-id": "p-1",
        "x-governor-tag-customer": "c-17",
        "x-governor-unit-audio-seconds": "3",
        "x-governor-key": key,
    }
    response = await ask(server, headers)
    asked = await explained(server, response)
    untold = {"service-account", "requests"}

    for field in FIELDS:
        *parents, last = field.path
        told = asked[parents[0]] if parents else asked
        assert (last in told) == (field.header not in untold), field.header
    assert (["substitute", "clamp"], {"customer": "c-17"}, {"audio_seconds": 3}) == (
        asked["can"],
        asked["tags"],
        asked["units"],
    )


async def test_headers_beat_the_path_and_the_path_beats_the_body(server: Server) -> None:
    """The proxy is trusted before its client; where the provider reads the path, the body's model means nothing."""
    path = "/ext_authz/openai/deployments/gpt-4o-mini/chat/completions?api-version=1"
    from_header = await ask(server, ASKED | {"x-governor-max-output-tokens": "7"}, CHAT | {"model": "no-such"})
    from_path = await ask(server, EVE, CHAT | {"model": "claude-sonnet-4"}, path=path)

    assert ("anthropic/claude-sonnet-4", "7") == (
        from_header.headers["x-governor-model"],
        from_header.headers["x-governor-max-output-tokens"],
    )
    assert "gpt-4o-mini" == (await explained(server, from_path))["model"]


async def test_a_proxy_that_cannot_append_the_path_names_it(server: Server) -> None:
    """Traefik asks one address and sends ``X-Forwarded-Uri``; a path of its own beats that header."""
    forwarded = ASKED | {"x-forwarded-uri": "/v1/embeddings?x=/v1/rerank"}
    told = await ask(server, forwarded, path="/ext_authz/")
    own = await ask(server, forwarded)

    assert "embeddings" == (await explained(server, told))["operation"]
    assert "chat" == (await explained(server, own))["operation"]


async def test_the_key_may_come_beside_the_clients_authorization(server: Server) -> None:
    """The proxy's own header decides, so that a client's credentials neither help nor disturb."""
    key = await server.make_key("proxy")
    viewer = server.keys[Role.VIEWER]
    client_own = {"authorization": "Bearer sk-of-the-client"}
    own = await ask(server, ASKED | client_own | {"x-governor-key": key}, role=None)
    beaten = await ask(server, ASKED | {"authorization": f"Bearer {key}", "x-governor-key": viewer}, role=None)
    missing = await ask(server, ASKED | client_own, role=None)
    twice = await ask(server, [*ASKED.items(), ("x-governor-key", key), ("x-governor-key", key)], role=None)

    assert [200, 403, 401, 401] == [each.status_code for each in (own, beaten, missing, twice)]
    async with server.client(None) as nobody:
        elsewhere = await nobody.get("/budgets", headers={"x-governor-key": key})
    assert 401 == elsewhere.status_code


async def test_a_retry_with_the_proxys_own_id_is_answered_as_before(any_server: Server) -> None:
    """One hold, one decision; a new attempt is a new hold; other words under the same id are refused."""
    asked = ASKED | {"x-governor-request-id": "envoy-1"}
    first, again = await ask(any_server, asked), await ask(any_server, asked)
    once = await held(any_server)
    attempt = await ask(any_server, asked | {"x-governor-attempt": "2"})
    other = await ask(any_server, asked | {"x-governor-model": "gpt-4o-mini"})

    assert first.headers["x-governor-decision-id"] == again.headers["x-governor-decision-id"]
    assert first.headers["x-governor-decision-id"] != attempt.headers["x-governor-decision-id"]
    assert [200, 200, 200, 403] == [each.status_code for each in (first, again, attempt, other)]
    assert ({"eve@acme.example": "1"}, {"eve@acme.example": "2"}) == (once, await held(any_server))
    assert "conflict" == other.json()["error"]["code"]


async def test_an_id_whose_call_has_ended_allows_nothing_more(server: Server) -> None:
    """A replayed allow is worth its hold: without one, it would be a free call (interfaces, ``replayed``)."""
    asked = ASKED | {"x-governor-request-id": "envoy-2"}
    first = await ask(server, asked)
    async with server.client() as gateway:
        await gateway.post(f"/reservations/{first.headers['x-governor-decision-id']}/release")
    again = await ask(server, asked)

    assert (403, "not_held", "false") == (
        again.status_code,
        again.json()["error"]["code"],
        again.headers["x-should-retry"],
    )


async def test_an_id_that_a_client_may_have_chosen_replays_nothing(server: Server) -> None:
    """``x-request-id`` is often the client's own: the same one again is a new attempt with a hold of its own."""
    asked = ASKED | {"x-request-id": "always-the-same"}
    ids = {(await ask(server, asked)).headers["x-governor-decision-id"] for _ in range(3)}

    assert (3, {"eve@acme.example": "3"}) == (len(ids), await held(server))


async def test_without_the_ledger_the_policies_decide(server: Server) -> None:
    """A deny for want of a ledger is no 5xx, which proxies may let pass, and is worth a retry."""
    await drop_decisions(server)
    response = await ask(server)

    assert (403, "true", "1") == (
        response.status_code,
        response.headers["x-should-retry"],
        response.headers["retry-after"],
    )
    assert "ledger_unavailable" == response.json()["error"]["code"]
    assert "x-governor-decision-id" not in response.headers


async def test_a_degraded_allow_says_so(sqlite_url: str, tmp_path: Path) -> None:
    """Where policies let requests pass without the ledger, the upstream is told that nothing was held."""
    open_quotas = QUOTAS.replace("period:", "on_ledger_failure: allow\nperiod:")
    policies = write_policies(tmp_path / "policies", open_quotas)
    async with running(settings_for(sqlite_url, policies), StandingClock()) as server:
        await drop_decisions(server)
        response = await ask(server)

    assert (200, "true") == (response.status_code, response.headers["x-governor-degraded"])
    assert "x-governor-decision-id" not in response.headers


async def test_decisions_are_counted_like_those_of_decide(server: Server) -> None:
    """The same metrics: one allow, one deny, and the route under its template."""
    await ask(server)
    await ask(server, ASKED | {"x-governor-user": "mia@acme.example"})
    async with server.client() as client:
        page = (await client.get("/metrics")).text

    assert 'governor_decisions_total{code="",verdict="allow"} 1.0' in page
    assert 'governor_decisions_total{code="model_not_allowed",verdict="deny"} 1.0' in page
    assert 'governor_http_requests_total{method="POST",route="/ext_authz/{path}",status="403"} 1.0' in page
    assert 'governor_decide_stage_seconds_count{stage="ledger"} 2.0' in page


async def test_the_table_of_headers_is_documented() -> None:
    """``docs/integration.md`` holds the very table that the door uses."""
    page = (Path(__file__).parents[2] / "docs" / "integration.md").read_text()

    assert headers_table() in page
