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
    """One part of readiness, with the facts behind it."""

    ok: bool
    facts: dict[str, Any]


class Readiness(BaseModel):
    """Whether this worker should get traffic, and which part says no."""

    ready: bool
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
    """Look at database, clock and policies; 503 if one of them is not fit."""
    checks = await governor.health.check()
    ready = all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, checks={check.name: CheckWire(ok=check.ok, facts=check.facts) for check in checks})
