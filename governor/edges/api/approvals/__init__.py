"""``/exceptions``: ask, decide, look back, and audit; a known person stands behind every act."""

from fastapi import APIRouter

from governor.edges.api.approvals.acting import acting_routes
from governor.edges.api.approvals.asking import asking_routes
from governor.edges.api.approvals.delegating import delegating_routes
from governor.edges.api.approvals.looking import looking_routes

approval_routes = APIRouter()
# Fixed paths come before those with an id in them.
for routes in (asking_routes, delegating_routes, looking_routes, acting_routes):
    approval_routes.include_router(routes)
