"""Who is at the door: sessions in a cookie, sign-in by key or by a link from Slack, and what a mistake looks like."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from governor.core.errors import ForbiddenError, GovernorError, NotFoundError
from governor.core.policy.organization import Organization
from governor.edges.web.forms import check_guard, read_form
from governor.edges.web.rendering import HEADERS, Renderer, sentence
from governor.services.approvals.sign_in import (
    SESSION_LASTS,
    Session,
    begin_session,
    end_session,
    session_of,
    use_link,
)
from governor.wiring import Governor

COOKIE = "governor_session"
SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in.

    Attributes:
        now: The door's instant.
    """

    request: Request
    session: Session
    now: datetime


Page = Callable[[Visit], Awaitable[Response]]


class Doorway:
    """Lets people in.

    Args:
        governor: The server.
    """

    def __init__(self, governor: Governor) -> None:
        self.governor = governor
        address = urlsplit(governor.settings.public_url)
        self.base = f"{address.path.rstrip('/')}/web"
        self._secure = address.scheme == "https"
        self._open = governor.settings.auth == "off"
        self._renderer = Renderer(self.base)

    @property
    def organization(self) -> Organization:
        """The organisation as it is now."""
        return self.governor.publisher.snapshots.current.organization

    def render(self, name: str, *, status: int = 200, session: Session | None = None, **facts: Any) -> Response:
        """Render a page in the organisation's time zone."""
        return self._renderer.page(name, self.organization.time_zone, status=status, session=session, **facts)

    def go(self, path: str) -> Response:
        """Lead on to another of our pages."""
        return RedirectResponse(self.base + path, SEE_OTHER, HEADERS)

    def guarded(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Make an endpoint of a page for people who are signed in; others are led to where they can."""

        async def endpoint(request: Request) -> Response:
            session = await self.session(request)
            if session is None:
                back = request.url.path.removeprefix("/web") + (f"?{request.url.query}" if request.url.query else "")
                wanted = back if request.method == "GET" else "/"
                return self.go(f"/sign-in?next={quote(wanted, safe='')}")
            visit = Visit(request, session, self.governor.clock.now())
            try:
                return await page(visit)
            except GovernorError as error:
                return self.refused(error, session)

        return endpoint

    async def session(self, request: Request) -> Session | None:
        """Return who is signed in, or None."""
        secret = request.cookies.get(COOKIE, "")
        now = self.governor.clock.now()
        return await session_of(self.governor.database, self.organization, secret, now, open_door=self._open)

    def refused(self, error: GovernorError, session: Session | None = None) -> Response:
        """Say what was wrong, on a page of its own."""
        status = 404 if isinstance(error, NotFoundError) else 403 if isinstance(error, ForbiddenError) else 422
        headings = {404: "Not found", 403: "Not possible"}
        heading = headings.get(status, "That did not work")
        return self.render(
            "message.html", status=status, session=session, heading=heading, text=sentence(error.message)
        )

    async def show_sign_in(self, request: Request) -> Response:
        """Ask for a key."""
        following = _inside(request.query_params.get("next", "/"))
        return self.render("sign_in.html", next=following, open_door=self._open)

    async def sign_in(self, request: Request) -> Response:
        """Begin a session for the person who holds a key."""
        wanted = "/"
        try:
            form = await read_form(request)
            wanted = _inside(form.get("next", "/"))
            given = form.get("key", "").strip()
            identity = self.governor.doorkeeper.identify(given.encode())
            if identity is None:
                raise ForbiddenError("no valid key is like this one; look whether it was copied whole")
            if self._open:
                # Everybody is let in and nobody has a key: whoever comes says who they are.
                identity = replace(identity, person=given)
            now = self.governor.clock.now()
            secret = await begin_session(self.governor.database, self.organization, identity, now)
        except GovernorError as error:
            return self.render(
                "sign_in.html", status=403, next=wanted, problem=sentence(error.message), open_door=self._open
            )
        return self._with_session(self.go(wanted), secret)

    async def show_link(self, request: Request) -> Response:
        """Ask for a click: what previews links must not use one up."""
        return self.render("link.html", secret=request.path_params["secret"])

    async def follow_link(self, request: Request) -> Response:
        """Use a link from Slack up, and begin a session."""
        try:
            await read_form(request)
            now = self.governor.clock.now()
            secret, leads_to = await use_link(
                self.governor.database, self.organization, request.path_params["secret"], now
            )
        except GovernorError as error:
            return self.refused(error)
        return self._with_session(self.go(_inside(leads_to)), secret)

    async def sign_out(self, visit: Visit) -> Response:
        """End the session."""
        check_guard(visit.session, await read_form(visit.request))
        await end_session(self.governor.database, visit.request.cookies[COOKIE], visit.now)
        response = self.go("/sign-in")
        response.delete_cookie(COOKIE, path=self.base)
        return response

    def _with_session(self, response: Response, secret: str) -> Response:
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(SESSION_LASTS.total_seconds()),
            path=self.base,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return response


def _inside(path: str) -> str:
    """Return a path of ours: a link may not lead people to another site."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
