"""A server with its pages, and people with browsers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from governor.core.keys import Role
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.routes import create_gate
from governor.edges.web.pages import open_pages
from tests.api.world import Server, StandingClock, running, settings_for
from tests.approvals.world import policies_in

FIELDS = {"input", "button", "textarea"}


class Forms(HTMLParser):
    """Reads the forms of a page: where each goes, and its fields with their values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select, self._options = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect forms and fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given["action"], {}))
        elif tag == "select":
            self._select, self._options = given["name"], 0
        elif tag == "option" and "value" in given and self._select:
            if "selected" in given or not self._options:
                self.forms[-1][1][self._select] = given["value"]
            self._options += 1
        elif tag in FIELDS and self.forms and given.get("name") and given.get("type") not in {"checkbox", "radio"}:
            self.forms[-1][1].setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """Note where a choice ends."""
        self._select = "" if tag == "select" else self._select


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, sends the forms that pages hold."""

    client: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return await self.client.get(f"/web{path}")

    async def send(self, page: httpx.Response, action: str, **fields: Any) -> httpx.Response:
        """Fill in the form of a page that goes to an action, and send it."""
        reader = Forms()
        reader.feed(page.text)
        found = [(where, given) for where, given in reader.forms if where.endswith(action)]
        assert found, f"the page has no form to {action}: {[where for where, _ in reader.forms]}"
        where, given = next(one for one in found if one[1].get("verb") == fields.get("verb"))
        return await self.client.post(where, data={**given, **fields})

    async def sign_in(self, key: str, following: str = "/") -> httpx.Response:
        """Sign in with a key."""
        page = await self.client.get("/web/sign-in", params={"next": following})
        return await self.send(page, "/sign-in", key=key)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give the company of the exceptions' tests."""
    return policies_in(tmp_path / "policies")


@pytest.fixture
async def site(sqlite_url: str, policies: Path, standing: StandingClock) -> AsyncIterator[Server]:
    """Give a server with its pages."""
    settings = settings_for(sqlite_url, policies, public_url="https://governor.example")
    async with running(settings, standing) as server:
        gate = create_gate(server.governor, HttpMetrics(CollectorRegistry()), pages=open_pages(server.governor))
        yield replace(server, app=gate)


@pytest.fixture
def standing() -> StandingClock:
    """Give a clock that stands at noon of 2026-11-20."""
    return StandingClock()


@pytest.fixture
async def people(site: Server) -> AsyncIterator[dict[str, Browser]]:
    """Give browsers of people who are signed in: Ada may ask, the others may decide as well; and of a stranger."""
    roles = {"ada": Role.VIEWER, "kim": Role.APPROVER, "fin": Role.APPROVER, "ina": Role.APPROVER, "bob": Role.APPROVER}
    async with AsyncExitStack() as stack:
        browsers = {}
        for name in (*roles, "stranger"):
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(site.app), base_url="https://governor.example", follow_redirects=True
            )
            browsers[name] = Browser(await stack.enter_async_context(client))
        for name, role in roles.items():
            key = await site.make_key(f"{name}-key", role, person=f"{name}@acme.example")
            assert (await browsers[name].sign_in(key)).status_code == 200
        yield browsers
