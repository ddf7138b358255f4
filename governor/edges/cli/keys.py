"""``governor keys``: who may call the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from governor.clients.clock import clock_from
from governor.core.errors import InvalidRequestError
from governor.core.keys import Key, Role
from governor.edges.cli.mistakes import MistakeGroup
from governor.edges.cli.options import DatabaseOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say, table
from governor.edges.cli.workbench import open_store
from governor.services.keys import NewKey, create_key, list_keys, revoke_key, rotate_key
from governor.settings import load_settings
from governor.store.database import Database

app = typer.Typer(
    name="keys",
    cls=MistakeGroup,
    help="Make, list, rotate and revoke the keys that callers need.",
    no_args_is_help=True,
    epilog="Example: governor keys create --name gw1 --role gateway",
)

NameOption = Annotated[str, typer.Option("--name", metavar="NAME", help="The client's name; it survives rotation.")]


@app.command(epilog="Example: governor keys create --name gw1 --role gateway --subject user=mia@acme.example")
def create(
    *,
    name: NameOption,
    role: Annotated[Role, typer.Option("--role", help="What the key may do.")],
    subject: Annotated[
        str,
        typer.Option(metavar="user=NAME | service_account=NAME", help="Bind every request of this key to a subject."),
    ] = "",
    person: Annotated[str, typer.Option(metavar="USER", help="Who holds the key; needed to approve.")] = "",
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make a key and print it once; only a digest is kept."""
    user, service_account = _subject(subject)

    async def work() -> NewKey:
        async with _database(database) as (opened, now):
            return await create_key(
                opened, name=name, role=role, now=now, user=user, service_account=service_account, person=person
            )

    _show_once(run(work()), output)


@app.command("list", epilog="Example: governor keys list --output json")
def list_(database: DatabaseOption = None, output: OutputOption = Output.TABLE) -> None:
    """List all keys, also those that have ended; the keys themselves are known to their holders only."""

    async def work() -> tuple[list[Key], datetime]:
        async with _database(database) as (opened, now):
            return await list_keys(opened), now

    keys, now = run(work())
    if output is Output.JSON:
        print_json([_document(key, now) for key in keys])
        return
    columns = ("name", "role", "for", "held by", "made", "state")
    rows = [
        (
            key.name,
            key.role.value,
            key.user or key.service_account or "anybody",
            key.person,
            f"{key.created_at:%Y-%m-%d %H:%M}",
            _state(key, now),
        )
        for key in keys
    ]
    console().print(table("Keys", columns, rows) if rows else "no keys yet; make one with `governor keys create`")


@app.command(epilog="Example: governor keys rotate --name gw1 --grace-hours 2")
def rotate(
    name: NameOption,
    grace_hours: Annotated[
        int, typer.Option(min=0, max=24 * 30, help="How long the old key still works; 0 ends it at once.")
    ] = 24,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make a new key under the same name; balances and usage go on as before."""

    async def work() -> NewKey:
        async with _database(database) as (opened, now):
            return await rotate_key(opened, name, now, grace=timedelta(hours=grace_hours))

    _show_once(run(work()), output)


@app.command(epilog="Example: governor keys revoke --name gw1")
def revoke(name: NameOption, database: DatabaseOption = None, output: OutputOption = Output.TABLE) -> None:
    """End a key at once, on every worker within a second."""

    async def work() -> int:
        async with _database(database) as (opened, now):
            return await revoke_key(opened, name, now)

    ended = run(work())
    if output is Output.JSON:
        print_json({"name": name, "revoked": ended})
    else:
        say(f"revoked {name}: {ended} {'key has' if ended == 1 else 'keys have'} ended")


@asynccontextmanager
async def _database(url: str | None) -> AsyncIterator[tuple[Database, datetime]]:
    settings = load_settings(database_url=url)
    async with open_store(settings) as opened:
        yield opened, clock_from(settings.clock).now()


def _subject(text: str) -> tuple[str, str]:
    if not text:
        return "", ""
    kind, _, name = text.partition("=")
    if kind not in {"user", "service_account"} or not name:
        raise InvalidRequestError(
            f"`{text}` is not a subject; write user=mia@acme.example or service_account=triage-bot", field="subject"
        )
    return (name, "") if kind == "user" else ("", name)


def _show_once(made: NewKey, output: Output) -> None:
    if output is Output.JSON:
        print_json({"key": made.secret, **_document(made.key, made.key.created_at)})
        return
    say(f"{made.key.role.value} key for {made.key.name}; it is shown only now:")
    say(made.secret)


def _state(key: Key, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    if key.valid_until_at is not None:
        return f"{'until' if key.valid_at(now) else 'ended'} {key.valid_until_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    return "valid"


def _document(key: Key, now: datetime) -> dict[str, Any]:
    return {
        "name": key.name,
        "role": key.role.value,
        "user": key.user or None,
        "service_account": key.service_account or None,
        "person": key.person or None,
        "created_at": key.created_at.isoformat().replace("+00:00", "Z"),
        "valid": key.valid_at(now),
        "state": _state(key, now),
    }
