"""The records of exceptions: a chain in which every edit, insertion and deletion shows."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from governor.services.approvals.audit import head_text, verify_audit
from tests.api.approvals import asked, clients_of, write_company
from tests.api.world import Server


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give the small organisation with leads, finance, and a rule."""
    return write_company(tmp_path / "policies")


@pytest.fixture
async def people(any_server: Server) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Give a client for each person."""
    async with clients_of(any_server) as clients:
        yield clients


async def test_the_audit_is_a_chain_that_shows_tampering(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """Pages of records, and a head to note."""
    for amount in ("6", "200"):
        await people["eve"].post("/exceptions", json=asked(amount_usd=amount))
    first = (await people["fin"].get("/exceptions/audit", params={"limit": 2})).json()
    rest = (await people["fin"].get("/exceptions/audit", params={"cursor": first["next"]})).json()

    assert [1, 2, 3, 4, 5] == [one["seq"] for one in (*first["records"], *rest["records"])]
    assert (2, None, "5") == (len(first["records"]), rest["next"], rest["head"].split(":")[0])


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE exceptions SET amount_nano_usd = 1",
        "UPDATE exceptions SET state = 'active'",
        "UPDATE exceptions SET document = (SELECT body FROM exception_records WHERE seq = 1)",
        "DELETE FROM exceptions",
        "DELETE FROM exception_records WHERE seq = 1",
        "DELETE FROM exception_records WHERE seq = (SELECT max(seq) FROM exception_records)",
        "UPDATE exception_records SET actor = 'kim@acme.example' WHERE seq = 1",
        "UPDATE exception_records SET at_ms = at_ms + 1 WHERE seq = 2",
        "UPDATE exception_records SET body = (SELECT body FROM exception_records WHERE seq = 1) WHERE seq = 2",
        "UPDATE exception_records SET previous = digest WHERE seq = 2",
        "UPDATE exception_delegations SET delegate = 'eve@acme.example'",
        "DELETE FROM exception_delegations",
    ],
)
async def test_any_tampering_is_found(any_server: Server, people: dict[str, httpx.AsyncClient], tampering: str) -> None:
    """Whatever row is edited, inserted or taken out."""
    for answer in (
        await people["eve"].post("/exceptions", json=asked(amount_usd="200")),
        await people["kim"].post("/exceptions/delegations", json={"to": "fay@acme.example", "for": "5 days"}),
        await people["eve"].post("/exceptions", json=asked(amount_usd="6", lifts=["Quota/company-spend"])),
    ):
        # Where nothing was written there is nothing to tamper with: then this says so, and why.
        assert answer.is_success, answer.text
    governor = any_server.governor
    before = await verify_audit(governor.desk, governor.clock.now())
    await governor.database.write(lambda connection: connection.execute(text(tampering)))
    after = await verify_audit(governor.desk, governor.clock.now())

    assert () == before.faults
    assert after.faults


async def test_a_chain_that_was_written_anew_is_found_by_its_noted_head(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """Who can write everything can write everything anew: a head that was noted elsewhere tells."""
    await people["eve"].post("/exceptions", json=asked(amount_usd="200"))
    governor = any_server.governor
    noted = head_text((await verify_audit(governor.desk, governor.clock.now())).head)
    await people["eve"].post("/exceptions", json=asked(amount_usd="6", lifts=["Quota/company-spend"]))
    grown = await verify_audit(governor.desk, governor.clock.now(), expected=noted)
    for table in ("exceptions", "exception_records"):
        await governor.database.write(lambda connection, name=table: connection.execute(text(f"DELETE FROM {name}")))
    await people["eve"].post("/exceptions", json=asked(amount_usd="300"))
    anew = await verify_audit(governor.desk, governor.clock.now(), expected=noted)

    assert () == grown.faults
    assert ["is not the one that was noted: the chain was cut or written anew"] == [one.what for one in anew.faults]
