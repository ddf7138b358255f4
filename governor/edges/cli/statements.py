"""``governor statements``: what each budget's periods came to."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from governor.clients.gateway import Gateway
from governor.edges.cli.instants import instant_of
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption, run
from governor.edges.cli.printing import console, print_json, say, table
from governor.edges.cli.workbench import open_workbench
from governor.services.statement_wire import csv_text, page_wire
from governor.services.statements import StatementQuery, StatementReader
from governor.settings import Settings, load_settings

EXAMPLE = "Example: governor statements --department marketing --since 2026-01-01T00:00:00Z --output csv"

_COLUMNS = ("quota", "scope", "period (UTC)", "limit", "carried in", "used", "over", "surcharge", "carried out", "")
_MISSING = "no period has ended yet, or its statement is not written: `governor jobs` shows how close-periods goes"


class StatementOutput(StrEnum):
    """What is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def statements(
    *,
    quota: Annotated[str, typer.Option(help="Only this quota.", show_default=False)] = "",
    department: Annotated[str, typer.Option(help="Only this department's, its teams' and its people's.")] = "",
    team: Annotated[str, typer.Option(help="Only this team's, and its people's.")] = "",
    user: Annotated[str, typer.Option(help="Only this person's.")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Periods that end after this time.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Periods that end at this time or before.")] = "",
    empty: Annotated[bool, typer.Option("--empty", help="Also periods in which nothing was used.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: Annotated[
        StatementOutput, typer.Option("--output", "-o", help="A table for people, JSON for programs, or CSV.")
    ] = StatementOutput.TABLE,
) -> None:
    """Show what each budget's periods came to, with dated corrections."""
    from_at, until_at = (instant_of(text) if text else None for text in (since, until))
    query = StatementQuery(quota, department, team, user, from_at, until_at, empty, cursor, limit)
    settings = load_settings(policies=policies, database_url=database)
    page = _from_server(url, key, query) if url else run(_from_database(query, settings))
    if output is StatementOutput.JSON:
        print_json(page)
    elif output is StatementOutput.CSV:
        sys.stdout.write(csv_text(page["statements"]))
    elif page["statements"]:
        console().print(table("statements", _COLUMNS, map(_row, page["statements"]), right=_COLUMNS[3:9]))
    else:
        say(_MISSING)
    if page["next"] and output is not StatementOutput.JSON:
        # Not among the lines of a file that somebody keeps.
        console(stderr=output is StatementOutput.CSV).print(f"there are more: --cursor {page['next']}", soft_wrap=True)


def _from_server(url: str, key: str, query: StatementQuery) -> dict[str, Any]:
    filters = {
        "quota": query.quota,
        "department": query.department,
        "team": query.team,
        "user": query.user,
        "since": query.from_at.isoformat() if query.from_at is not None else "",
        "until": query.until_at.isoformat() if query.until_at is not None else "",
        "empty": "true" if query.empty else "",
        "cursor": query.cursor,
        "limit": str(query.limit),
    }
    with Gateway(url, key) as gateway:
        return gateway.get("/statements?" + urlencode({name: value for name, value in filters.items() if value}))


async def _from_database(query: StatementQuery, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        return page_wire(await StatementReader(bench.snapshots, bench.database).page(query, bench.now))


def _row(statement: Mapping[str, Any]) -> tuple[str, ...]:
    final, period = statement["final"], statement["period"]
    corrected = len(statement["corrections"])
    note = "nothing used" if statement["derived"] else f"corrected {corrected} times" if corrected else ""
    return (
        statement["policy"].removeprefix("Quota/"),
        ", ".join(statement["scope"].values()) or "everyone",
        f"{period['start'][:16]} to {period['end'][:16]}".replace("T", " "),
        f"{final['limit']} {statement['unit']}",
        *(final[name] for name in ("carried_in", "used", "over", "surcharge", "carried_out")),
        note,
    )
