"""All routes of one application, behind one gate."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from governor import __version__
from governor.core.errors import GovernorError
from governor.edges.api.adjustments import adjustment_routes
from governor.edges.api.alerts import alert_routes
from governor.edges.api.approvals import approval_routes
from governor.edges.api.blocks import block_routes
from governor.edges.api.budgets import budget_routes
from governor.edges.api.decide import DecideRoute
from governor.edges.api.decide_batch import DecideBatchRoute
from governor.edges.api.decisions import decision_routes
from governor.edges.api.docs_page import docs_routes
from governor.edges.api.ext_authz import ExtAuthz
from governor.edges.api.failures import (
    on_defect,
    on_domain_error,
    on_http_error,
    on_invalid_parameters,
    on_storage_error,
)
from governor.edges.api.forecasts import forecast_routes
from governor.edges.api.gate import Gate, HotRoute
from governor.edges.api.grants import grant_routes
from governor.edges.api.head import HeadAsGet
from governor.edges.api.health import health_routes
from governor.edges.api.hot import HotEndpoint
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.metrics_page import metrics_route
from governor.edges.api.openapi import openapi_of
from governor.edges.api.outcomes import outcomes_route
from governor.edges.api.policies import policies_route
from governor.edges.api.policy_sync import policy_sync_route
from governor.edges.api.reservations import reservation_routes
from governor.edges.api.slack_events import SlackEvents, SlackReceiver
from governor.edges.api.statements import statement_routes
from governor.edges.api.usage import UsageRoute
from governor.edges.api.usage_summary import summary_routes
from governor.edges.api.use_cases import use_case_routes
from governor.wiring import Governor


def create_gate(
    governor: Governor, metrics: HttpMetrics, slack: SlackReceiver | None = None, pages: ASGIApp | None = None
) -> Gate:
    """Make the application of a server that was put together.

    Args:
        governor: The server.
        metrics: Where requests are counted.
        slack: Takes what Slack sends.
        pages: Answers below ``/web``.
    """
    governor.ledger.on_batch = metrics.ledger_batch
    hot = hot_routes(governor, metrics)
    app = create_framework_app(governor, metrics, hot, slack)
    if pages is not None:
        app.mount("/web", pages)
    settings = governor.settings
    return Gate(
        HeadAsGet(app), governor.doorkeeper, hot, metrics, settings.request_size_max, open_port=settings.open_port
    )


def hot_routes(governor: Governor, metrics: HttpMetrics) -> dict[tuple[str, str], HotRoute]:
    """Make the routes that are answered without the framework, by method and path."""
    clock, size_max = governor.clock, governor.settings.request_size_max
    return {
        ("POST", "/decide"): DecideRoute(governor.decider, clock, metrics, size_max),
        ("POST", "/decide/batch"): DecideBatchRoute(governor.decider, clock, metrics, size_max),
        ("POST", "/usage"): UsageRoute(governor.settler, clock, metrics, size_max),
    }


def create_framework_app(
    governor: Governor,
    metrics: HttpMetrics,
    hot: dict[tuple[str, str], HotRoute],
    slack: SlackReceiver | None = None,
) -> FastAPI:
    """Make the FastAPI application; the hot routes stand in it too, so that it is complete without the gate."""
    app = FastAPI(
        title="Governor",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        routes=[
            *(Route(path, HotEndpoint(route), methods=[method]) for (method, path), route in hot.items()),
            Route("/ext_authz/{path:path}", ExtAuthz(metrics)),
            Route("/slack/events", SlackEvents(slack), methods=["POST"]),
        ],
    )
    app.state.governor = governor
    app.add_exception_handler(GovernorError, on_domain_error)
    app.add_exception_handler(SQLAlchemyError, on_storage_error)
    app.add_exception_handler(Exception, on_defect)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_parameters)
    app.include_router(health_routes)
    app.include_router(docs_routes)
    app.include_router(reservation_routes)
    app.include_router(budget_routes)
    app.include_router(forecast_routes)
    app.include_router(decision_routes)
    app.include_router(summary_routes)
    app.include_router(statement_routes)
    app.include_router(alert_routes)
    app.include_router(outcomes_route(metrics))
    app.include_router(use_case_routes)
    app.include_router(policies_route)
    app.include_router(policy_sync_route)
    app.include_router(adjustment_routes)
    app.include_router(block_routes)
    app.include_router(approval_routes)
    app.include_router(grant_routes)
    app.include_router(metrics_route(metrics))
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app
