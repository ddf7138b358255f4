"""``governor alerts``: what was said about money, to whom, and whether it arrived."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from governor.clients.gateway import Gateway
from governor.core.alerts.alert import AlertKind
from governor.edges.cli.options import DatabaseOption, KeyOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say, table
from governor.edges.cli.workbench import open_store
from governor.services.alerts.reading import page_wire, read_alert_page
from governor.settings import Settings, load_settings

EXAMPLE = "Example: governor alerts --kind unusual_spend"


def alerts(
    *,
    kind: Annotated[AlertKind | None, typer.Option(help="Only this kind.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what was said about money, to whom, and whether it arrived."""
    settings = load_settings(database_url=database)
    asked = kind.value if kind is not None else ""
    page = _from_server(url, key, asked, limit, cursor) if url else run(_read(settings, asked, limit, cursor))
    if output is Output.JSON:
        print_json(page)
        return
    if not page["alerts"]:
        say("nothing was to be said; `alerts` of a Quota say when somebody is told")
        return
    columns = ("when (UTC)", "kind", "what", "why", "to")
    console().print(table("alerts", columns, map(_row, page["alerts"])))
    if page["next"]:
        say(f"there are more: --cursor {page['next']}")


def _from_server(url: str, key: str, kind: str, limit: int, cursor: str) -> dict[str, Any]:
    filters = {"kind": kind, "limit": str(limit), "cursor": cursor}
    with Gateway(url, key) as gateway:
        return gateway.get("/alerts?" + urlencode({name: value for name, value in filters.items() if value}))


async def _read(settings: Settings, kind: str, limit: int, cursor: str) -> dict[str, Any]:
    async with open_store(settings) as database:
        return page_wire(await read_alert_page(database, kind, cursor, limit))


def _row(alert: Mapping[str, Any]) -> tuple[str, ...]:
    to = ", ".join(_delivery(each) for each in alert["deliveries"])
    return (alert["at"][:16].replace("T", " "), alert["kind"], alert["title"], alert["reason"], to)


def _delivery(delivery: Mapping[str, Any]) -> str:
    end = f"{delivery['channel']}:{delivery['address']}" if delivery["address"] else delivery["channel"]
    tries = f" after {delivery['tries']} tries" if delivery["problem"] else ""
    return f"{end} ({delivery['state']}{tries})"
