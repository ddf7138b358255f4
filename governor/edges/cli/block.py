"""``governor block``: stop at once, see what is stopped, and let go on."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
import typer

from governor.clients.gateway import Gateway
from governor.core.decisions.blocks import BlockKind
from governor.core.errors import InvalidRequestError
from governor.edges.cli.identity import ByOption, operator
from governor.edges.cli.instants import instant_of
from governor.edges.cli.mistakes import MistakeGroup
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say, table
from governor.edges.cli.workbench import open_workbench
from governor.services.block_wire import block_wire
from governor.services.blocks import BlockQuery, BlockWish, end_of, lift_a_block, list_blocks, place_block
from governor.settings import Settings, load_settings

app = typer.Typer(
    name="block",
    cls=MistakeGroup,
    help="Stop a user, service account, key, team, use case or model at once, and let it go on.",
    no_args_is_help=True,
    epilog='Example: governor block create --user mia@acme.example --for "2 hours" --reason "runaway agent"',
)


@app.command(epilog='Example: governor block create --user mia@acme.example --for "2 hours" --reason "runaway agent"')
def create(
    *,
    reason: Annotated[str, typer.Option(help="Why; whoever is stopped reads it.")],
    user: Annotated[str, typer.Option(help="A person, or `(unknown)`: everybody whom nobody lists.")] = "",
    service_account: Annotated[str, typer.Option(help="A machine.")] = "",
    api_key: Annotated[str, typer.Option("--api-key", metavar="NAME", help="A key, by its name.")] = "",
    team: Annotated[str, typer.Option(help="A team.")] = "",
    use_case: Annotated[str, typer.Option(help="A use case.")] = "",
    model: Annotated[str, typer.Option(help="A model, by any of its names.")] = "",
    length: Annotated[str, typer.Option("--for", metavar="LENGTH", help="How long from now, like `2 hours`.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="When it ends, like 2026-11-20T09:00:00Z.")] = "",
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop something on every worker within a second, until a stated time. Exactly one thing is named."""
    names = (user, service_account, api_key, team, use_case, model)
    target = {str(kind): name for kind, name in zip(BlockKind, names, strict=True) if name}
    if len(target) != 1:
        raise InvalidRequestError("a block stops exactly one thing; name a user, a team, a model, ...")
    if url:
        body = {"target": target, "reason": reason, "for": length or None, "until": until or None}
        with Gateway(url, key) as gateway:
            _show(gateway.post("/blocks", body), output)
        return
    [(kind, name)] = target.items()
    settings = load_settings(policies=policies, database_url=database)

    async def work() -> dict[str, Any]:
        async with open_workbench(settings) as bench:
            end_at = end_of(instant_of(until) if until else None, length, bench.now)
            wish = BlockWish(BlockKind(kind), name, reason, end_at)
            placed = await place_block(bench.database, bench.snapshots.current, wish, operator(by), bench.now)
            return _document(block_wire(placed.block, bench.now, placed.note))

    _show(run(work()), output)


@app.command("list", epilog="Example: governor block list --all")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that ended or were lifted.")] = False,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what is stopped, newest first, with who, when and why."""
    query = BlockQuery(in_force=not every, cursor=cursor, limit=limit)
    page = (
        _from_server(url, key, query)
        if url
        else run(_from_database(query, load_settings(policies=policies, database_url=database)))
    )
    if output is Output.JSON:
        print_json(page)
        return
    if not page["blocks"]:
        say("nothing is stopped" if not every else "nothing was ever stopped")
        return
    columns = ("id", "stops", "state", "until", "by", "why", "lifted by")
    console().print(table("Blocks", columns, map(_row, page["blocks"])))
    if page["next"]:
        say(f"there are more: --cursor {page['next']}")


@app.command(epilog="Example: governor block lift 01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e --reason mended")
def lift(
    *,
    block_id: Annotated[str, typer.Argument(metavar="ID", help="The block's id, from `governor block list`.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let something go on before its block ends, on every worker within a second."""
    if url:
        path = f"/blocks/{quote(block_id, safe='')}" + (f"?{urlencode({'reason': reason})}" if reason else "")
        with Gateway(url, key) as gateway:
            _show(gateway.delete(path), output)
        return
    settings = load_settings(policies=policies, database_url=database)

    async def work() -> dict[str, Any]:
        async with open_workbench(settings) as bench:
            organization = bench.snapshots.current.organization
            block = await lift_a_block(
                bench.database, organization, block_id, reason=reason, identity=operator(by), now=bench.now
            )
            return _document(block_wire(block, bench.now))

    _show(run(work()), output)


def _from_server(url: str, key: str, query: BlockQuery) -> dict[str, Any]:
    state = "in_force" if query.in_force else "all"
    asked = {"state": state, "limit": query.limit, **({"cursor": query.cursor} if query.cursor else {})}
    with Gateway(url, key) as gateway:
        return gateway.get("/blocks?" + urlencode(asked))


async def _from_database(query: BlockQuery, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        organization = bench.snapshots.current.organization
        page = await list_blocks(bench.database, organization, query, operator(""), bench.now)
        return _document({"blocks": [block_wire(block, bench.now) for block in page.blocks], "next": page.next})


def _document(wire: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(msgspec.json.encode(wire))
    return document


def _show(block: Mapping[str, Any], output: Output) -> None:
    if output is Output.JSON:
        print_json(block)
        return
    [(kind, name)] = block["target"].items()
    if block["state"] == "in_force":
        say(f"stopped the {kind.replace('_', ' ')} {name} until {block['until']}: {block['reason']}")
        say(f"let it go on before that with: governor block lift {block['id']}")
    else:
        say(f"the block on the {kind.replace('_', ' ')} {name} is {block['state']}")
    if block["note"]:
        say(f"note: {block['note']}")


def _row(block: Mapping[str, Any]) -> tuple[str, ...]:
    [(kind, name)] = block["target"].items()
    return (
        block["id"],
        f"{kind.replace('_', ' ')} {name}",
        block["state"].replace("_", " "),
        _minute(block["until"]),
        block["placed_by"],
        block["reason"],
        block["lifted_by"] or "",
    )


def _minute(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
