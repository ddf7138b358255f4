"""The small organisation with leads, finance, and a rule that says who decides about exceptions."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from governor.core.keys import Role
from tests.api.world import POLICIES, QUOTAS, Server, write_policies

PEOPLE = """\
  - {user: kim@acme.example, department: engineering}
  - {user: fin@acme.example, department: engineering}
  - {user: fay@acme.example, department: engineering}
groups:
  - {name: finance, members: [fin@acme.example, fay@acme.example]}
"""
RULE = """\
---
apiVersion: governor/v1
kind: ApprovalRule
name: everybody
routes:
  - {up_to: 10 USD, approve: automatic, at_most: 25 USD per month per department}
  - {up_to: 1k USD, require: [{group: department-leads, instead: finance}]}
  - {up_to: 5k USD, require: [{group: finance, at_least: 1}], decide_in: web}
justification: {at_least: 20 characters}
break_glass: {group: finance, up_to: 50 USD, for: 2 hours, at_most: 2 per week per person, review_within: 48 hours}
delegation: allowed
"""
LEADS = "  - {name: engineering, leads: [kim@acme.example], teams: [{name: platform}"


def write_company(folder: Path) -> Path:
    """Write its policies into a folder; engineering's budget is nearly nothing."""
    write_policies(folder)
    organization = POLICIES.replace("service_accounts:", f"{PEOPLE}service_accounts:")
    organization = organization.replace("  - {name: engineering, teams: [{name: platform}", LEADS)
    (folder / "organization.yaml").write_text(organization)
    (folder / "quotas.yaml").write_text(QUOTAS.replace("limit: 100 USD", "limit: 0.001 USD") + RULE)
    return folder


@asynccontextmanager
async def clients_of(server: Server) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Open a client for each person: Eve may ask, the others may decide as well."""
    roles = {"eve": Role.VIEWER, "kim": Role.APPROVER, "fin": Role.APPROVER, "fay": Role.APPROVER}
    async with AsyncExitStack() as stack:
        clients = {}
        for name, role in roles.items():
            secret = await server.make_key(f"{name}-key", role, person=f"{name}@acme.example")
            clients[name] = await stack.enter_async_context(server.client(secret=secret))
        yield clients


def asked(**changes: Any) -> dict[str, Any]:
    """Return a request for more of engineering's budget, with changes; a change to None leaves the field out."""
    body = {
        "kind": "budget",
        "lifts": ["Quota/department-spend"],
        "for": "10 days",
        "amount_usd": "200",
        "justification": "the migration needs one more run",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}
