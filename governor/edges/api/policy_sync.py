"""``POST /policies/sync``: look at the branch of the policies now."""

import asyncio
import time

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from governor.edges.api.access import TheCaller, TheGovernor
from governor.edges.api.errors import ApiError
from governor.edges.api.gate import ANYBODY
from governor.edges.api.webhooks import check_webhook
from governor.services.policies.repository import RepositoryPolicies
from governor.services.policies.sync import Found

policy_sync_route = APIRouter(tags=["operate"])

_running: set[asyncio.Task[object]] = set()
"""Looks that a webhook began and nobody waits for: kept here, so that they are not collected in mid-air."""


class SyncWire(BaseModel):
    """What a look at the branch came to.

    ``found`` is `live`, `refused`, `unchanged` or `unreachable`; for a webhook, which does not wait, `accepted`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"found": "live", "commit": "3f1c0d9e5b7a4c2d8e6f1a0b9c8d7e6f5a4b3c2d", "problems": []}]
        }
    )

    found: str
    commit: str = ""
    problems: list[str] = []


@policy_sync_route.post(
    "/policies/sync",
    summary="Look at the branch now",
    response_model=SyncWire,
    responses={202: {"model": SyncWire, "description": "A webhook is accepted, and the branch looked at meanwhile."}},
)
async def sync(request: Request, response: Response, governor: TheGovernor, caller: TheCaller) -> SyncWire:
    """Fetch the branch; its commit goes live if it is valid and passes its own tests.

    An admin waits for the outcome, and a commit that was refused is checked again. A webhook of GitHub or GitLab is
    signed with ``GOVERNOR_POLICIES_WEBHOOK_SECRET`` (GitLab's signing token is one, its secret token will do) and
    answered at once.
    """
    if caller is ANYBODY:
        secret = governor.settings.policies_webhook_secret
        known = secret.get_secret_value() if secret else None
        check_webhook(request.headers, await request.body(), known, time.time())
    policies = governor.publisher
    if not isinstance(policies, RepositoryPolicies):
        raise ApiError(
            "the policies come from a folder, which is watched; set GOVERNOR_POLICIES to `git+https://...` to sync",
            code="not_a_repository",
        )
    if caller is ANYBODY:
        task: asyncio.Task[object] = asyncio.create_task(policies.syncer.sync(), name="policy webhook")
        _running.add(task)
        task.add_done_callback(_running.discard)
        response.status_code = 202
        return SyncWire(found="accepted")
    result = await policies.syncer.sync(again=True)
    if result.found is Found.LIVE:
        await policies.settle()
    return SyncWire(found=result.found, commit=result.commit, problems=list(result.problems))
