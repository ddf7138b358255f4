"""``/docs`` works where no other server can be reached, and says so to the browser."""

import re
from urllib.parse import urljoin

import pytest

from governor.edges.api.docs_page import MEDIA_TYPES
from tests.api.world import Server


async def test_the_page_and_all_that_it_needs_come_from_here(server: Server) -> None:
    """Every address in the page is relative and answered with what a browser expects of it."""
    async with server.client(None) as client:
        page = await client.get("/docs")
        addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        parts = {address: await client.get(urljoin("/docs", address)) for address in addresses}

    assert (200, "text/html; charset=utf-8") == (page.status_code, page.headers["content-type"])
    assert {*(f"docs/{name}" for name in MEDIA_TYPES), "docs/start.js", "openapi.json"} == set(addresses)
    assert {200} == {part.status_code for part in parts.values()}
    assert {name: parts[f"docs/{name}"].headers["content-type"].split(";")[0] for name in MEDIA_TYPES} == MEDIA_TYPES
    assert [] == re.findall(r"https?:|//", page.text.replace("</", "").replace("/>", ""))


async def test_a_browser_may_load_nothing_from_elsewhere(server: Server) -> None:
    """The policy of the page forbids other servers and scripts in the page, and there are none."""
    async with server.client(None) as client:
        page = await client.get("/docs")
        start = await client.get("/docs/start.js")
    policy = page.headers["content-security-policy"]

    assert "default-src 'none'; script-src 'self'; connect-src 'self'" in policy
    assert "http" not in policy
    assert [] == re.findall(r"<script>|<script [^>]*>[^<]|<style|\son\w+=|\sstyle=", page.text)
    assert 'url: "openapi.json"' in start.text


@pytest.mark.parametrize("file", ["x.js", "redoc.standalone.js", "..%2f__init__.py", "%2e%2e%2fcore.py", "%00"])
async def test_other_files_are_not_served(server: Server, file: str) -> None:
    """Only what the page is made of, in whatever way a path is spelt."""
    async with server.client(None) as client:
        response = await client.get(f"/docs/{file}")

    assert (404, "not_found") == (response.status_code, response.json()["error"]["code"])
