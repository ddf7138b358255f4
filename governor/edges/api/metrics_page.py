"""``GET /metrics``: what was counted, and the state of this moment."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from governor.edges.api.access import TheGovernor
from governor.edges.api.metrics import HttpMetrics


def metrics_route(metrics: HttpMetrics) -> APIRouter:
    """Make the route that renders an application's metrics."""
    router = APIRouter(tags=["operate"])

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def page(governor: TheGovernor) -> Response:
        """Render all metrics in Prometheus's text format."""
        now = governor.clock.now()
        publisher = governor.publisher
        metrics.policies(publisher.state.version, publisher.age_s(now), valid=publisher.state.valid)
        return Response(metrics.exposition([]), media_type=CONTENT_TYPE_LATEST)

    return router
