"""``GET /docs``: the interface for people, with nothing loaded from anywhere else.

Everything that the page needs is served beside it, so that it works where no other server is reached; no script stands
in the page itself, so that its content security policy can forbid that.
"""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from governor.edges.api.errors import ApiError

docs_routes = APIRouter(include_in_schema=False)

STATIC = Path(str(files("fastapi_offline"))) / "static"
"""Swagger UI, as a package that does nothing but bring it."""

MEDIA_TYPES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}

HEADERS = {
    # Swagger UI sets the style of what it draws, and draws small images out of its style sheet.
    "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}

# Addresses are relative, so that the page also works below a prefix of somebody's ingress.
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Governor</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"><noscript>Without scripts, see <a href="openapi.json">openapi.json</a>.</noscript></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

START = """\
SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
  defaultModelsExpandDepth: 0});
"""


@docs_routes.get("/docs")
async def docs() -> HTMLResponse:
    """Answer with the page."""
    return HTMLResponse(PAGE, headers=HEADERS)


@docs_routes.get("/docs/{file}")
async def docs_file(file: str) -> Response:
    """Answer with a part of the page."""
    if file == "start.js":
        return Response(START, media_type="text/javascript", headers=HEADERS)
    media_type = MEDIA_TYPES.get(file)
    if media_type is None:
        raise ApiError(f"`{file[:80]}` is not a part of /docs", code="not_found")
    cached = {"cache-control": "public, max-age=3600"}
    return FileResponse(STATIC / file, media_type=media_type, headers={**HEADERS, **cached})
