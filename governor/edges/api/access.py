"""What a route of the framework may ask for: the server, and who calls."""

from typing import Annotated, cast

from fastapi import Depends, Request

from governor.services.keys import Identity
from governor.wiring import Governor


def _governor(request: Request) -> Governor:
    return cast("Governor", request.app.state.governor)


def _identity(request: Request) -> Identity:
    return cast("Identity", request.state.identity)


TheGovernor = Annotated[Governor, Depends(_governor)]
"""The server that answers."""

TheCaller = Annotated[Identity, Depends(_identity)]
"""Who calls; the gate has checked key and role."""
