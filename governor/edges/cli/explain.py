"""``governor explain``: an old decision, with the policy text of its time."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Group
from rich.markup import escape
from rich.padding import Padding
from rich.syntax import Syntax

from governor.clients.clock import clock_from
from governor.clients.gateway import Gateway
from governor.core.ledger.entry import Entry
from governor.core.money import usd_text
from governor.edges.cli.decision_view import decision_view
from governor.edges.cli.options import DatabaseOption, KeyOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json
from governor.edges.cli.workbench import open_store
from governor.services.explain import Explainer, Explanation
from governor.settings import Settings, load_settings

EXAMPLE = "Example: governor explain 0199f3a2-7c1e-7b55-9d0a-3f1c2b4a5d6e"


def explain(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="The decision's id, from an answer or a log.")],
    url: UrlOption = "",
    key: KeyOption = "",
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what was asked, what was answered and why, what became of it, and the policies as they were then."""
    if url:
        with Gateway(url, key) as gateway:
            print_json(gateway.get(f"/decisions/{quote(decision_id, safe='')}"))
        return
    found = run(_explained(decision_id, load_settings(database_url=database)))
    if output is Output.JSON:
        print_json(_document(found))
    else:
        console().print(_view(found))


async def _explained(decision_id: str, settings: Settings) -> Explanation:
    async with open_store(settings) as database:
        return await Explainer(database, clock_from(settings.clock).time).explain(decision_id)


def _document(found: Explanation) -> dict[str, Any]:
    return {
        "state": found.state.value,
        "client": found.reservation.client,
        "attributes": dict(found.reservation.facts.attributes),
        "request": json.loads(found.reservation.request),
        "answer": json.loads(found.reservation.answer),
        "usage": [_usage(entry) for entry in found.entries],
        "policies": [
            {"policy": excerpt.policy, "file": excerpt.file, "line": excerpt.line, "text": excerpt.text}
            for excerpt in found.policies
        ],
    }


def _usage(entry: Entry) -> dict[str, Any]:
    return {
        "event_id": entry.event_id,
        "source": entry.source,
        "kind": entry.kind.value,
        "model": entry.model,
        "input_tokens": entry.usage.input_tokens,
        "output_tokens": entry.usage.output_tokens,
        "cost_usd": usd_text(entry.cost_nano_usd),
    }


def _view(found: Explanation) -> Group:
    reservation = found.reservation
    who = " ".join(f"{name}={value}" for name, value in sorted(reservation.facts.attributes.items()))
    parts: list[Any] = [
        f"[bold]Decision for {escape(reservation.client)}[/], now {found.state.value}",
        f"  {escape(who)}",
        "",
        decision_view(json.loads(reservation.answer)),
    ]
    if found.entries:
        parts += ["", "[bold]Usage[/]"]
        parts += [
            f"  {entry.kind.value:<11} {escape(entry.event_id)}: {entry.usage.input_tokens:,} in, "
            f"{entry.usage.output_tokens:,} out, {usd_text(entry.cost_nano_usd)} USD"
            for entry in found.entries
        ]
    for excerpt in found.policies:
        place = f"{excerpt.file}:{excerpt.line}" if excerpt.file else "its text was not kept"
        parts += ["", f"[bold]{escape(excerpt.policy)}[/] [dim]{escape(place)}[/]"]
        parts.append(Padding(Syntax(excerpt.text.strip(), "yaml", background_color="default"), (0, 0, 0, 2)))
    return Group(*parts)
