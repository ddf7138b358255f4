"""Who may call what: the whole matrix, and its documentation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi.openapi.utils import get_openapi

from governor.core.keys import Role
from governor.edges.api.roles import RULES, RouteRule, roles_table
from governor.edges.api.routes import create_framework_app, hot_routes
from tests.api.world import BOOTSTRAP, Server, StandingClock, running, settings_for, write_policies

pytestmark = pytest.mark.asyncio(loop_scope="module")

READERS = {Role.VIEWER, Role.APPROVER, Role.ADMIN}
READ = ("audit", "report", "delegations", "{exception_id}")
ASKED = (
    "preview",
    "break-glass",
    *(f"{{exception_id}}/{verb}" for verb in ("cancel", "revoke", "extend", "ask", "outcome")),
)
DECIDED = (
    "delegations",
    "delegations/end",
    *(f"{{exception_id}}/{verb}" for verb in ("approve", "deny", "withdraw", "review")),
)

GRANTED = {
    ("POST", "/decide"): {Role.GATEWAY, Role.ADMIN},
    ("POST", "/decide/batch"): {Role.GATEWAY, Role.ADMIN},
    ("ANY", "/ext_authz/{path}"): {Role.GATEWAY, Role.ADMIN},
    ("POST", "/usage"): {Role.GATEWAY, Role.ADMIN},
    ("POST", "/outcomes"): {Role.GATEWAY, Role.ADMIN},
    ("POST", "/reservations/{reservation_id}/release"): {Role.GATEWAY, Role.ADMIN},
    ("POST", "/reservations/{reservation_id}/extend"): {Role.GATEWAY, Role.ADMIN},
    ("GET", "/decisions/{decision_id}"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("GET", "/decisions"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("GET", "/budgets"): set(Role),
    ("GET", "/entitlements"): set(Role),
    ("GET", "/usage/summary"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("GET", "/forecasts"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("POST", "/forecasts/scenarios"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("GET", "/use-cases"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("GET", "/alerts"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("GET", "/statements"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("GET", "/policies"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("POST", "/policies/sync"): {Role.ADMIN},
    ("POST", "/adjustments"): {Role.ADMIN},
    ("GET", "/adjustments"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("POST", "/blocks"): {Role.ADMIN},
    ("GET", "/blocks"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    ("DELETE", "/blocks/{block_id}"): {Role.ADMIN},
    ("GET", "/grants"): {Role.VIEWER, Role.APPROVER, Role.ADMIN},
    **{("GET", path): READERS for path in ("/exceptions", *(f"/exceptions/{one}" for one in READ))},
    **{("POST", path): READERS for path in ("/exceptions", *(f"/exceptions/{one}" for one in ASKED))},
    **{("POST", f"/exceptions/{one}"): {Role.APPROVER, Role.ADMIN} for one in DECIDED},
}
OPEN = {"/slack/events", "/healthz", "/readyz", "/metrics", "/docs", "/docs/{file}", "/openapi.json", "/web/{path}"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Give one server for the whole module: nothing here changes it."""
    folder: Path = tmp_path_factory.mktemp("roles")
    policies = write_policies(folder / "policies")
    async with running(settings_for(f"sqlite:///{folder}/governor.db", policies), StandingClock()) as server:
        yield server


async def status(server: Server, rule: RouteRule, role: Role | None, secret: str = "") -> int:
    """Call a route with an empty body and return the status; what only headers ask is asked well."""
    asked = {"x-governor-user": "eve@acme.example", "x-governor-model": "claude-sonnet-4"}
    path = rule.path.replace("{reservation_id}", "x").replace("{decision_id}", "x")
    async with server.client(role, secret=secret) as client:
        return (await client.request(rule.method, path, headers=asked)).status_code


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.method} {rule.path}")
async def test_every_route_lets_in_exactly_the_roles_that_it_should(shared: Server, rule: RouteRule) -> None:
    """The matrix of every route and every role, written down a second time (litellm#37052)."""
    granted = GRANTED.get((rule.method, rule.path))
    statuses = {role: await status(shared, rule, role) for role in Role}

    let_in = {role for role, answered in statuses.items() if answered not in {401, 403}}
    assert let_in == (set(Role) if granted is None else granted)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.method} {rule.path}")
async def test_only_open_routes_answer_without_a_key(shared: Server, rule: RouteRule) -> None:
    """No key, and a made-up one, get 401 everywhere but at the open routes."""
    statuses = [await status(shared, rule, None), await status(shared, rule, None, secret="gov_" + "x" * 43)]

    refused = [401, 401] == statuses
    assert refused == (rule.path not in OPEN)


async def test_every_route_of_the_application_stands_in_the_table(shared: Server) -> None:
    """A route that nobody gave a rule cannot be reached, and this test says so."""
    hot = hot_routes(shared.governor, shared.metrics)
    app = create_framework_app(shared.governor, shared.metrics, hot)
    paths = get_openapi(title="", version="", routes=app.routes)["paths"]
    served = {(method.upper(), path) for path, operations in paths.items() for method in operations}

    assert {(rule.method, rule.path) for rule in RULES} == served | set(hot) | {
        ("ANY", "/ext_authz/{path}"),
        ("ANY", "/web/{path}"),
        ("POST", "/slack/events"),
        ("GET", "/docs"),
        ("GET", "/docs/{file}"),
        ("GET", "/openapi.json"),
    }


async def test_a_refusal_says_which_role_is_needed(shared: Server) -> None:
    """A 403 names the key, its role, and the roles that would do; a 401 names the scheme."""
    async with shared.client(Role.VIEWER) as viewer, shared.client(None) as nobody:
        forbidden = await viewer.post("/decide", json={})
        unknown = await nobody.post("/decide", json={})

    assert (
        "the key `viewer-key` has the role viewer; this route needs gateway, admin"
        == (forbidden.json()["error"]["message"])
    )
    assert (401, 'Bearer realm="governor"') == (unknown.status_code, unknown.headers["www-authenticate"])


async def test_the_bootstrap_key_is_an_admin(shared: Server) -> None:
    """The key from the environment makes the first keys, and is no exception to the rules of its role."""
    async with shared.client(secret=BOOTSTRAP) as client:
        response = await client.get("/policies")

    assert 200 == response.status_code


@pytest.mark.parametrize("header", ["Basic Z292Og==", "Bearer", "bearer ", "gov_x", "Bearer a b"])
async def test_a_broken_authorization_header_is_401(shared: Server, header: str) -> None:
    """Whatever stands there instead of a key is no key."""
    async with shared.client(None, authorization=header) as client:
        response = await client.get("/budgets")

    assert 401 == response.status_code


async def test_the_table_of_roles_is_documented() -> None:
    """``docs/reference/roles.md`` holds the very table that the door uses."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "roles.md").read_text()

    assert roles_table() in page
