"""Where a command acts: on the database beside it, as a known person, or on a running server with their key."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
import typer

from governor.clients.gateway import Gateway, ServerError
from governor.core.approvals.request import Actor, Door
from governor.core.errors import AmountError, ForbiddenError, InvalidRequestError
from governor.core.ledger.port import Ledger
from governor.core.money import nano_from_text
from governor.edges.cli.approvals.placing import Place
from governor.edges.cli.identity import operator
from governor.edges.cli.instants import instant_of
from governor.edges.cli.options import run
from governor.edges.cli.workbench import open_workbench
from governor.services.approvals.actors import actor_of
from governor.services.approvals.desk import Acted, Desk, OnRequest
from governor.services.approvals.ends import end_of
from governor.services.approvals.facts import FactFinder
from governor.services.approvals.refused import RefusalReader
from governor.services.approvals.wire import request_wire
from governor.services.budgets import BudgetReader
from governor.services.entitlements import EntitlementReader
from governor.settings import load_settings

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The request's id, from `governor exceptions list`.")]
ForOption = Annotated[str, typer.Option("--for", metavar="LENGTH", help="How long from now, like `10 days`.")]
UntilOption = Annotated[str, typer.Option(metavar="TIME", help="When it ends, like 2026-12-01T00:00:00Z.")]


@dataclass(frozen=True, slots=True)
class Work:
    """What a command works with, beside the database."""

    desk: Desk
    ledger: Ledger
    now: datetime
    by: str

    @property
    def actor(self) -> Actor:
        """Who acts: a known person stands behind every act, also on the command line.

        Raises:
            ForbiddenError: If the Organization does not know them.
        """
        organization = self.desk.snapshots.current.organization
        try:
            return actor_of(organization, operator(self.by), Door.CLI, self.now)
        except ForbiddenError as error:
            raise ForbiddenError(f"{error.message}; say who you are with --by USER", **error.details) from error

    def on(self, request_id: str) -> OnRequest:
        """Return what every act on a request begins with."""
        return OnRequest(self.desk, request_id, self.actor, self.now)

    @property
    def facts(self) -> FactFinder:
        """What puts together what is known about a request."""
        snapshots, database = self.desk.snapshots, self.desk.database
        budgets = BudgetReader(snapshots, self.ledger, database)
        entitlements = EntitlementReader(snapshots, self.ledger)
        return FactFinder(self.desk, budgets, entitlements, RefusalReader(database), ledger=self.ledger)


def acted(place: Place, path: str, body: dict[str, Any], work: Callable[[Work], Awaitable[Any]]) -> Any:
    """Do something, here or on a server; return the answer as JSON has it.

    Args:
        place: Where.
        path: Below ``/exceptions``.
        body: What the server is sent; fields that are None are left out.
        work: What is done here.
    """
    if place.url:
        with Gateway(place.url, place.key) as gateway:
            return gateway.post(f"/exceptions{path}", _given(body))
    return here(place, work)


def sent_once(
    place: Place, path: str, body: dict[str, Any], work: Callable[[Work], Awaitable[Any]], request_id: str
) -> Any:
    """Send something that must not be made twice, as ``acted`` does; whose answer is lost is told how to send it again.

    Args:
        place: Where.
        path: Below ``/exceptions``.
        body: What the server is sent, beside the id.
        work: What is done here.
        request_id: Under which it is sent.

    Raises:
        ServerError: If the server does not answer, or refuses.
    """
    try:
        return acted(place, path, {**body, "request_id": request_id}, work)
    except ServerError as error:
        if "status" in error.details:
            raise
        again = f"if it runs, it may have it: send it again with --request-id {request_id}, and it is made once"
        raise ServerError(f"{error.message}; {again}") from error


def act_on(
    place: Place, request_id: str, verb: str, body: dict[str, Any], act: Callable[[OnRequest], Awaitable[Acted]]
) -> Any:
    """Do something to a request, here or on a server, and return the request as JSON has it."""

    async def work(work: Work) -> Any:
        return request_wire((await act(work.on(request_id))).request, work.now)

    return acted(place, part(request_id, verb), body, work)


def looked(
    place: Place,
    path: str,
    query: dict[str, Any],
    work: Callable[[Work], Awaitable[Any]],
    *,
    root: str = "/exceptions",
) -> Any:
    """Read something, here or from a server, where it is below ``root``."""
    if place.url:
        asked = _given(query)
        with Gateway(place.url, place.key) as gateway:
            return gateway.get(f"{root}{path}" + (f"?{urlencode(asked)}" if asked else ""))
    return here(place, work)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def here(place: Place, work: Callable[[Work], Awaitable[Any]]) -> Any:
    """Do something on the database itself."""
    settings = load_settings(policies=place.policies, database_url=place.database)

    async def working() -> Any:
        async with open_workbench(settings) as bench:
            done = await work(Work(Desk(bench.snapshots, bench.database), bench.ledger, bench.now, place.by))
            return json.loads(msgspec.json.encode(done))

    return run(working())


def part(request_id: str, verb: str = "") -> str:
    """Return the path of a request below ``/exceptions``."""
    return f"/{quote(request_id, safe='')}" + (f"/{verb}" if verb else "")


def end(until: str, length: str, now: datetime) -> datetime:
    """Return when something ends that was given an end or a length.

    Raises:
        InvalidRequestError: If not exactly one of them was.
    """
    return end_of(instant_of(until) if until else None, length, now)


def usd(text: str, option: str) -> int | None:
    """Read an amount of USD as nano-USD, or None where nothing is given.

    Raises:
        InvalidRequestError: If it is no amount.
    """
    if not text:
        return None
    try:
        return nano_from_text(text)
    except AmountError as error:
        raise InvalidRequestError(f"{option}: {error.message}") from error


def minute(text: str | None) -> str:
    """Shorten an instant for a table."""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M}" if text else ""
