"""``GET /alerts``: what was said about money, to whom, and whether it arrived."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from governor.core.alerts.alert import AlertKind
from governor.edges.api.access import TheGovernor
from governor.edges.api.examples_control import ALERT
from governor.edges.api.parameters import Cursor, Limit, Parameters
from governor.services.alerts.reading import page_wire, read_alert_page

alert_routes = APIRouter(tags=["read"])


class DeliveryWire(BaseModel):
    """The way of an alert to one recipient; `problem` is why the last try failed."""

    channel: str
    address: str
    state: str
    due_at: datetime
    tries: int
    problem: str
    sent_at: datetime | None


class AlertWire(BaseModel):
    """What happened, the numbers that were compared, and what can be done."""

    id: str
    kind: AlertKind
    at: datetime
    policy: str
    scope: dict[str, str]
    title: str
    reason: str
    numbers: dict[str, str]
    ways_out: list[str]
    urgent: bool
    deliveries: list[DeliveryWire]


class AlertsWire(BaseModel):
    """One page of alerts, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"alerts": [ALERT], "next": None}]})

    alerts: list[AlertWire]
    next: str | None


class AlertParameters(Parameters):
    """Which alerts."""

    kind: Annotated[AlertKind | None, Field(description="Only this kind.")] = None
    cursor: Cursor = ""
    limit: Limit = 100


@alert_routes.get("/alerts", summary="Alerts", response_model=AlertsWire)
async def alerts(parameters: Annotated[AlertParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """List alerts with their deliveries, the newest first."""
    kind = parameters.kind or ""
    return page_wire(await read_alert_page(governor.database, kind, parameters.cursor, parameters.limit))
