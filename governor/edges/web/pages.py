"""Every page, below ``/web``: the one table of their paths."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from governor.core.errors import NotFoundError
from governor.edges.web.asking import AskingPages
from governor.edges.web.deciding import DecidingPages
from governor.edges.web.doorway import Doorway
from governor.edges.web.rendering import HEADERS, ROOM
from governor.wiring import Governor


def open_pages(governor: Governor) -> ASGIApp:
    """Make the pages of a server; whoever mounts them does so at ``/web``."""
    doorway = Doorway(governor)
    asking, deciding = AskingPages(doorway), DecidingPages(doorway)
    guarded = doorway.guarded

    async def unknown(_request: Request, _error: Exception) -> Response:
        return doorway.refused(NotFoundError("there is no such page"))

    async def style(_request: Request) -> Response:
        return FileResponse(
            ROOM / "style.css", media_type="text/css", headers={**HEADERS, "cache-control": "max-age=3600"}
        )

    routes = [
        Route("/", guarded(deciding.home)),
        Route("/sign-in", doorway.show_sign_in, methods=["GET"]),
        Route("/sign-in", doorway.sign_in, methods=["POST"]),
        Route("/sign-out", guarded(doorway.sign_out), methods=["POST"]),
        Route("/link/{secret}", doorway.show_link, methods=["GET"]),
        Route("/link/{secret}", doorway.follow_link, methods=["POST"]),
        Route("/ask", guarded(asking.show), methods=["GET"]),
        Route("/ask", guarded(asking.send), methods=["POST"]),
        Route("/refused", guarded(asking.refused)),
        Route("/requests/{id}", guarded(deciding.case)),
        Route("/requests/{id}/confirm", guarded(deciding.confirm), methods=["POST"]),
        Route("/requests/{id}/{verb}", guarded(deciding.act), methods=["POST"]),
        Route("/style.css", style),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: unknown})
