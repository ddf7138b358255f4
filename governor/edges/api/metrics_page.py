"""``GET /metrics``: what was counted, and the state of this moment."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from governor.edges.api.access import TheGovernor
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.observe import families, observe


def metrics_route(metrics: HttpMetrics) -> APIRouter:
    """Make the route that renders an application's metrics."""
    router = APIRouter(tags=["operate"])

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def page(governor: TheGovernor) -> Response:
        """Render all metrics in Prometheus's text format."""
        observe(governor, metrics)
        return Response(metrics.exposition(await families(governor)), media_type=CONTENT_TYPE_LATEST)

    return router
