"""``governor exceptions grants``: what was granted, what it has paid, and what nobody uses."""

import json
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import typer

from governor.clients.gateway import Gateway
from governor.core.grants import GrantState
from governor.edges.cli.decision_view import grants_table
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say
from governor.edges.cli.workbench import open_workbench
from governor.services.grants import GrantKeeper
from governor.services.list_grants import GrantQuery, Use, list_grants, listed_wire
from governor.settings import Settings, load_settings


def granted_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("grants", epilog="Example: governor exceptions grants --use never_matched")(grants)


def grants(
    *,
    state: Annotated[GrantState | None, typer.Option(help="Only those in this state now.")] = None,
    use: Annotated[Use | None, typer.Option(help="Only those of which this has been made.")] = None,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what was granted, newest first: what each has paid, and which nobody has used or could use."""
    query = GrantQuery(state, use, "", cursor, limit)
    settings = load_settings(policies=policies, database_url=database)
    page = _from_server(url, key, query) if url else run(_from_database(query, settings))
    if output is Output.JSON:
        print_json(page)
        return
    if not page["grants"]:
        say("no grant matches")
        return
    console().print(grants_table(page["grants"]))
    for grant in page["grants"]:
        if grant["use"] != Use.DRAWN:
            say(f"{grant['id']}: {grant['use'].replace('_', ' ')}")
    if page["next"]:
        say(f"there are more: --cursor {page['next']}")


def _from_server(url: str, key: str, query: GrantQuery) -> dict[str, Any]:
    asked = {"state": query.state, "use": query.use, "cursor": query.cursor, "limit": query.limit}
    with Gateway(url, key) as gateway:
        return gateway.get("/grants?" + urlencode({name: value for name, value in asked.items() if value}))


async def _from_database(query: GrantQuery, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        keeper = GrantKeeper(bench.snapshots, bench.ledger, bench.database)
        page = await list_grants(keeper, bench.database, query, bench.now)
    document: dict[str, Any] = json.loads(msgspec.json.encode(listed_wire(page)))
    return document
