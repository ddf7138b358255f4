"""``GET /healthz`` and ``GET /readyz``: alive, and fit to decide."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from governor.edges.api.access import TheGovernor

health_routes = APIRouter(tags=["operate"])


class Alive(BaseModel):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: str


class CheckWire(BaseModel):
    """One part of readiness, with the facts behind it; without one that does not decide, a worker is ready."""

    ok: bool
    decides: bool
    facts: dict[str, Any]


class Readiness(BaseModel):
    """Whether this worker should get traffic, whether anything is wrong all the same, and with what."""

    ready: bool
    degraded: bool
    checks: dict[str, CheckWire]


@health_routes.get("/healthz", summary="Alive", response_model=Alive)
async def healthz() -> Alive:
    """Answer as long as the process can; looks at nothing else, so that a database's trouble restarts no worker."""
    return Alive(status="ok")


@health_routes.get(
    "/readyz",
    summary="Ready to decide",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not ready; `checks` says which part."}},
)
async def readyz(governor: TheGovernor, response: Response) -> Readiness:
    """Look at database, clock, policies and jobs; 503 if one that decisions need is not fit.

    Policies that are refused leave a worker ready, by the last good version, and ``degraded``: otherwise one broken
    commit would take every worker out of service.
    """
    checks = await governor.health.check()
    ready = all(check.ok or not check.decides for check in checks)
    degraded = not all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    wires = {check.name: CheckWire(ok=check.ok, decides=check.decides, facts=check.facts) for check in checks}
    return Readiness(ready=ready, degraded=degraded, checks=wires)
