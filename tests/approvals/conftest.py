"""A desk on each kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from governor.services.approvals.desk import Desk
from governor.store.approval_audit import audit_chain
from governor.store.database import Database
from tests.approvals.world import Office, policies_in, snapshots_of


@pytest.fixture
async def office(database: Database, tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk; afterwards the records must be whole."""
    office = Office(Desk(snapshots_of(policies_in(tmp_path / "policies")), database))
    yield office
    _, faults = await database.read(audit_chain)

    assert [] == faults
