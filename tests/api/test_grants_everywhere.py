"""What is granted acts in every process within a second, and what is revoked acts in none."""

import asyncio
import json
from functools import partial
from pathlib import Path

from governor.core.keys import Role
from governor.services.keys import create_key
from governor.store.database import Database
from tests.api.approvals import write_company
from tests.api.processes import WITHIN_S, middle, served, until_all_say
from tests.api.test_blocks_everywhere import WORKERS, governor, verdict_of
from tests.api.world import NOON, question

ROUNDS = 5
ASK = ("exceptions", "request", "--lift", "Quota/department-spend", "--for", "2 hours", "--amount-usd", "2")
WHY = ("--why", "the nightly run over all documents", "--by", "eve@acme.example")


def test_every_process_obeys_a_grant_within_a_second(sqlite_url: str, tmp_path: Path) -> None:
    """Approved and revoked on the command line while two processes serve; ``test_grants`` proves it without a clock."""
    policies = write_company(tmp_path / "policies")
    database = Database(sqlite_url)
    gateway = asyncio.run(create_key(database, name="gateway-key", role=Role.GATEWAY, now=NOON)).secret
    database.engine.dispose()
    here = ("--database", sqlite_url, "--policies", str(policies))
    body = json.dumps(question(dry_run=True)).encode()
    granted_s, revoked_s = [], []
    with served(sqlite_url, policies, GOVERNOR_WORKERS=str(WORKERS)) as (_, address):
        told = partial(verdict_of, address, gateway, body)
        until_all_say(told, "deny", WORKERS)
        for _ in range(ROUNDS):
            request = governor(*ASK, *WHY, *here)
            granted_s.append(until_all_say(told, "allow", WORKERS))
            governor("exceptions", "revoke", request["id"], "--reason", "done", "--by", "eve@acme.example", *here)
            revoked_s.append(until_all_say(told, "deny", WORKERS))

    assert max(middle(granted_s), middle(revoked_s)) < WITHIN_S
