"""``GET /policies``: what is in force."""

import re
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from governor.core.policy.header import Header
from governor.edges.api.access import TheGovernor
from governor.edges.api.parameters import Cursor, Limit, Parameters
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor

policies_route = APIRouter(tags=["read"])


class PolicyWire(BaseModel):
    """The envelope of one policy."""

    policy: str
    kind: str
    name: str
    source: str
    enforcement: str
    in_force: bool
    description: str
    owner: str
    reason: str
    review_by: date | None
    effective_from: datetime | None
    effective_until: datetime | None


class PoliciesWire(BaseModel):
    """One page of the policies that decide, and how fresh they are.

    ``version`` is the commit, or the digest of the folder; ``refused`` is a commit that is not served because of
    ``problems``.
    """

    version: str
    published_at: datetime
    age_s: float
    source: str
    digest: str
    folder_valid: bool
    problems: list[str]
    refused: str
    policies: list[PolicyWire]
    next: str | None


class PolicyParameters(Parameters):
    """Which page."""

    cursor: Cursor = ""
    limit: Limit = 100


@policies_route.get("/policies", summary="The policies in force", response_model=PoliciesWire)
async def policies(parameters: Annotated[PolicyParameters, Query()], governor: TheGovernor) -> PoliciesWire:
    """List the policies of the version that decides. Its pages end with it: a cursor of another version is refused."""
    now = governor.clock.now()
    state = governor.publisher.state
    current = governor.publisher.snapshots.current.policies
    begin = _position(parameters.cursor, current.version)
    end = begin + parameters.limit
    return PoliciesWire(
        version=state.version,
        published_at=state.published_at,
        age_s=round(governor.publisher.snapshots.age_s(now), 1),
        source=state.source,
        digest=state.digest,
        folder_valid=state.valid,
        problems=list(state.problems),
        refused=state.refused,
        policies=[_wire(header, now) for header in current.headers[begin:end]],
        next=encode_cursor(current.version, str(end)) if end < len(current.headers) else None,
    )


def _position(cursor: str, version: str) -> int:
    if not cursor:
        return 0
    of_version, position = decode_cursor(cursor, 2)
    if of_version != version or not re.fullmatch(r"\d{1,9}", position, re.ASCII):
        raise wrong_cursor()
    return int(position)


def _wire(header: Header, now: datetime) -> PolicyWire:
    return PolicyWire(
        policy=header.ref,
        kind=header.kind,
        name=header.name,
        source=str(header.source),
        enforcement=header.enforcement,
        in_force=header.in_force(now),
        description=header.description,
        owner=header.owner,
        reason=header.reason,
        review_by=header.review_by,
        effective_from=header.effective_from,
        effective_until=header.effective_until,
    )
