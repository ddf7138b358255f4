"""``governor explain``: an old decision, with the policy text of its time."""

import json
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer
from rich.console import Group
from rich.markup import escape
from rich.padding import Padding
from rich.syntax import Syntax

from governor.clients.clock import clock_from
from governor.clients.gateway import Gateway
from governor.edges.cli.decision_view import decision_view
from governor.edges.cli.options import DatabaseOption, KeyOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json
from governor.edges.cli.workbench import open_store
from governor.services.explain import Explainer
from governor.services.explanation_wire import explanation_wire
from governor.settings import load_settings

_FORGOTTEN = "  request and answer were forgotten (GOVERNOR_KEEP_DECISIONS); what was held and used is kept"

EXAMPLE = "Example: governor explain 0199f3a2-7c1e-7b55-9d0a-3f1c2b4a5d6e"


def explain(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="The decision's id, from an answer or a log.")],
    url: UrlOption = "",
    key: KeyOption = "",
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what was asked, what was answered and why, what became of it, and the policies as they were then."""
    document = _from_server(url, key, decision_id) if url else run(_explained(decision_id, database))
    if output is Output.JSON:
        print_json(document)
    else:
        console().print(_view(document))


def _from_server(url: str, key: str, decision_id: str) -> dict[str, Any]:
    with Gateway(url, key) as gateway:
        return gateway.get(f"/decisions/{quote(decision_id, safe='')}")


async def _explained(decision_id: str, database_url: str | None) -> dict[str, Any]:
    settings = load_settings(database_url=database_url)
    clock = clock_from(settings.clock)
    async with open_store(settings) as database:
        found = await Explainer(database, clock.time).explain(decision_id)
    document: dict[str, Any] = json.loads(msgspec.json.encode(explanation_wire(found, clock.now())))
    return document


def _view(found: dict[str, Any]) -> Group:
    who = " ".join(f"{name}={value}" for name, value in sorted(found["attributes"].items()))
    parts: list[Any] = [
        f"[bold]Decision for {escape(found['client'])}[/] of {found['decided_at']}, now {found['state']}",
        f"  {escape(who)}",
        *_parent(found["request"] or {}),
        "",
        decision_view(found["answer"]) if found["answer"] else _FORGOTTEN,
    ]
    if found["usage"]:
        parts += ["", "[bold]Usage[/]", *map(_used, found["usage"])]
    parts += [part for block in found["blocks"] for part in ("", *_blocked(block))]
    parts += [part for grant in found["grants"] for part in ("", *_granted(grant))]
    for policy in found["policies"]:
        place = policy["source"] or "its text was not kept"
        parts += ["", f"[bold]{escape(policy['policy'])}[/] [dim]{escape(place)}[/]"]
        text = (policy["text"] or "").strip()
        parts.append(Padding(Syntax(text, "yaml", background_color="default"), (0, 0, 0, 2)))
    return Group(*parts)


def _parent(request: dict[str, Any]) -> Iterator[str]:
    parent = request.get("parent_decision_id")
    if parent:
        yield f"  follows from the decision {escape(parent)}"


def _granted(grant: dict[str, Any]) -> Iterator[str]:
    who = ", ".join(grant["scope"].values())
    yield f"[bold]Grant {grant['id']}[/] for {escape(who)}, now {grant['state'].replace('_', ' ')}"
    yield f"  lifts {escape(', '.join(grant['lifts']))}; {grant['left_usd']} of {grant['amount_usd']} USD left"
    yield f"  from {grant['starts_at']} until {grant['ends_at']}, exception {escape(grant['exception_id'])}"
    if grant["revoked_at"]:
        why = f"{escape(grant['revoked_by'])} at {grant['revoked_at']}: {escape(grant['revoke_reason'])}"
        yield f"  revoked by {why}"


def _blocked(block: dict[str, Any]) -> Iterator[str]:
    [(kind, name)] = block["target"].items()
    yield f"[bold]Block {block['id']}[/] on the {kind.replace('_', ' ')} {escape(name)}: {escape(block['reason'])}"
    yield f"  placed by {escape(block['placed_by'])} at {block['placed_at']}, until {block['until']}"
    if block["lifted_at"]:
        why = f": {escape(block['lift_reason'])}" if block["lift_reason"] else ""
        yield f"  lifted by {escape(block['lifted_by'])} at {block['lifted_at']}{why}"


def _used(event: dict[str, Any]) -> str:
    tokens = event["tokens"]
    return (
        f"  {event['kind']:<11} {escape(event['event_id'])}: {tokens['input_tokens']:,} in, "
        f"{tokens['output_tokens']:,} out, {event['cost_usd']} USD"
    )
