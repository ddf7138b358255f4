"""``governor decide``: what the service would answer, for people."""

import json
from typing import Annotated, Any
from uuid import uuid4

import typer

from governor.clients.gateway import Gateway
from governor.core.decisions.caller import Caller
from governor.core.decisions.request import Ability, DecideRequest, Operation, Subject
from governor.core.errors import InvalidRequestError
from governor.edges.cli.decision_view import decision_view
from governor.edges.cli.mistakes import FINDING
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json
from governor.edges.cli.workbench import open_workbench
from governor.services.decide import Decider
from governor.settings import Settings, load_settings

EXAMPLE = "Example: governor decide --user mia@acme.example --model claude-sonnet-4 --input-tokens 1800"
CALLER = Caller("cli")

PATIENCE_MS = 10_000
"""How long a person waits for the ledger: the deadline of the settings is for gateways, whose callers wait."""


def decide(
    *,
    model: Annotated[str, typer.Option("--model", help="The model, by any of its names.")],
    user: Annotated[str, typer.Option(help="Who asks.", show_default=False)] = "",
    service_account: Annotated[str, typer.Option(help="Which machine asks.", show_default=False)] = "",
    team: Annotated[str, typer.Option(show_default=False)] = "",
    department: Annotated[str, typer.Option(show_default=False)] = "",
    project: Annotated[str, typer.Option(show_default=False)] = "",
    environment: Annotated[str, typer.Option(show_default=False)] = "",
    use_case: Annotated[str, typer.Option(show_default=False)] = "",
    provider: Annotated[str, typer.Option(help="Who serves it, like bedrock.", show_default=False)] = "",
    operation: Annotated[Operation, typer.Option(help="The kind of request.")] = Operation.CHAT,
    input_tokens: Annotated[int, typer.Option(min=0, help="Tokens of input.")] = 1000,
    max_output_tokens: Annotated[
        int | None, typer.Option(min=1, help="The most it may answer.", show_default=False)
    ] = None,
    can: Annotated[list[Ability] | None, typer.Option(help="What the caller can do; may be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="May be repeated.")] = None,
    hold: Annotated[bool, typer.Option("--hold", help="Really hold the budget, instead of only asking.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask whether a model request may be made, and why; exit code 1 if not.

    Reads the policies and the balances of the database and changes nothing, unless --hold is given. With --url a
    running server is asked.
    """
    subject = {
        "user": user,
        "service_account": service_account,
        "team": team,
        "department": department,
        "project": project,
        "environment": environment,
    }
    wire = {
        "request_id": uuid4().hex,
        "subject": {name: value for name, value in subject.items() if value},
        "model": model,
        **({"provider": provider} if provider else {}),
        "operation": operation.value,
        **({"use_case": use_case} if use_case else {}),
        "input_tokens": input_tokens,
        **({"max_output_tokens": max_output_tokens} if max_output_tokens is not None else {}),
        "can": sorted({ability.value for ability in can or ()}),
        "tags": dict(_tag(text) for text in tag or ()),
        "dry_run": not hold,
    }
    if not wire["subject"] and not (url and key):
        raise InvalidRequestError("somebody must ask; name them with --user or --service-account")
    answer = (
        _ask_server(url, key, wire) if url else _ask_here(wire, load_settings(policies=policies, database_url=database))
    )
    if output is Output.JSON:
        print_json(answer)
    else:
        console().print(decision_view(answer))
    if answer["verdict"] != "allow":
        raise typer.Exit(FINDING)


def _tag(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise InvalidRequestError(f"`{text}` is not a tag; write --tag customer=c-17")
    return name, value


def _ask_server(url: str, key: str, wire: dict[str, Any]) -> dict[str, Any]:
    with Gateway(url, key) as gateway:
        return gateway.decide(wire)


def _ask_here(wire: dict[str, Any], settings: Settings) -> dict[str, Any]:
    request = DecideRequest(
        request_id=wire["request_id"],
        subject=Subject(**wire["subject"]),
        model=wire["model"],
        provider=wire.get("provider", ""),
        operation=Operation(wire["operation"]),
        use_case=wire.get("use_case", ""),
        input_tokens=wire["input_tokens"],
        max_output_tokens=wire.get("max_output_tokens"),
        can=frozenset(map(Ability, wire["can"])),
        tags=wire["tags"],
        dry_run=wire["dry_run"],
    )
    return run(_decided(request, json.dumps(wire).encode(), settings))


async def _decided(request: DecideRequest, body: bytes, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        url = settings.public_url
        decider = Decider(bench.snapshots, bench.ledger, deadline_ms=PATIENCE_MS, public_url=url)
        answered = await decider.decide(request, CALLER, body, bench.now)
    document: dict[str, Any] = json.loads(answered.body)
    return document
