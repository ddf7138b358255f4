"""``GET /policies``: what is in force."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from governor.core.policy.header import Header
from governor.edges.api.access import TheGovernor

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
    """The policies that decide, and how fresh they are."""

    version: str
    published_at: datetime
    age_s: float
    folder_valid: bool
    problems: list[str]
    policies: list[PolicyWire]


@policies_route.get("/policies", summary="The policies in force", response_model=PoliciesWire)
async def policies(governor: TheGovernor) -> PoliciesWire:
    """List every policy of the version that decides."""
    now = governor.clock.now()
    state = governor.publisher.state
    headers = governor.publisher.snapshots.current.policies.headers
    return PoliciesWire(
        version=state.version,
        published_at=state.published_at,
        age_s=round(governor.publisher.age_s(now), 1),
        folder_valid=state.valid,
        problems=[str(problem) for problem in state.problems],
        policies=[_wire(header, now) for header in headers],
    )


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
