"""``governor budgets``: what is used, held and free."""

import json
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import typer

from governor.clients.gateway import Gateway
from governor.edges.cli.decision_view import budgets_table, grants_table
from governor.edges.cli.instants import instant_of
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say
from governor.edges.cli.workbench import open_workbench
from governor.services.budget_page_wire import budget_page_wire
from governor.services.budgets import BudgetQuery, BudgetReader
from governor.settings import Settings, load_settings

EXAMPLE = "Example: governor budgets --department marketing"


def budgets(
    *,
    quota: Annotated[str, typer.Option(help="Only this quota.", show_default=False)] = "",
    department: Annotated[str, typer.Option(help="Only this department's, its teams' and its people's.")] = "",
    team: Annotated[str, typer.Option(help="Only this team's, and its people's.")] = "",
    user: Annotated[str, typer.Option(help="Only this person's.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="The periods that contain this time; by default now.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show budgets with what is used, held and free, from the database or, with --url, from a server."""
    query = BudgetQuery(quota, department, team, user, instant_of(at) if at else None, cursor, limit, parts=True)
    settings = load_settings(policies=policies, database_url=database)
    page = _from_server(url, key, query) if url else run(_from_database(query, settings))
    if output is Output.JSON:
        print_json(page)
        return
    if page["grants"]:
        console().print(grants_table(page["grants"]))
    if not page["budgets"]:
        say("no budget matches; without filters all are listed")
        return
    console().print(budgets_table(page["budgets"]))
    if page["next"]:
        say(f"there are more: --cursor {page['next']}")


def _from_server(url: str, key: str, query: BudgetQuery) -> dict[str, Any]:
    filters = {
        "quota": query.quota,
        "department": query.department,
        "team": query.team,
        "user": query.user,
        "at": query.at.isoformat() if query.at is not None else "",
        "cursor": query.cursor,
        "limit": str(query.limit),
    }
    with Gateway(url, key) as gateway:
        return gateway.get("/budgets?" + urlencode({name: value for name, value in filters.items() if value}))


async def _from_database(query: BudgetQuery, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        page = await BudgetReader(bench.snapshots, bench.ledger, bench.database).page(query, bench.now)
    document: dict[str, Any] = json.loads(msgspec.json.encode(budget_page_wire(page)))
    return document
