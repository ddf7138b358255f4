"""``governor adjust``: dated, audited entries on budgets."""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import typer

from governor.clients.gateway import Gateway
from governor.core.errors import InvalidRequestError
from governor.core.ledger.adjustments import AdjustmentKind
from governor.edges.cli.decision_view import budgets_table
from governor.edges.cli.identity import ByOption, operator
from governor.edges.cli.instants import instant_of
from governor.edges.cli.mistakes import MistakeGroup
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say, table
from governor.edges.cli.workbench import open_workbench
from governor.services.adjust import Adjuster, AdjustmentWish
from governor.services.answers import budget_wire
from governor.settings import Settings, load_settings

EXAMPLE = "--quota department-monthly-spend --scope department=marketing"

app = typer.Typer(
    name="adjust",
    cls=MistakeGroup,
    help="Post a credit, a debit or an opening balance on a budget, with a reason; an entry, never an edit.",
    no_args_is_help=True,
    epilog=f'Example: governor adjust credit {EXAMPLE} --amount 50 --reason "refund of invoice 311"',
)

QuotaOption = Annotated[str, typer.Option("--quota", metavar="NAME", help="The quota whose budget is adjusted.")]
ScopeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        metavar="NAME=VALUE",
        help="Whose budget, by the quota's `per` (and whose share of it); may be repeated.",
    ),
]
AmountOption = Annotated[str, typer.Option("--amount", help="A number in the quota's unit, like 50 or 12.75.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the audit.")]
AtOption = Annotated[
    str, typer.Option("--at", metavar="TIME", help="The period that contains this time; by default now.")
]
IdOption = Annotated[
    str,
    typer.Option("--id", help="Posts once under this id; by default the same adjustment again posts nothing."),
]


@app.command(epilog=f'Example: governor adjust credit {EXAMPLE} --amount 50 --reason "refund of invoice 311"')
def credit(
    *,
    quota: QuotaOption,
    amount: AmountOption,
    reason: ReasonOption,
    scope: ScopeOption = None,
    at: AtOption = "",
    request_id: IdOption = "",
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give back what a budget has used, at most all of it: a refund, a charge that was wrong."""
    wish = _wish(AdjustmentKind.CREDIT, quota, amount, reason, scope=scope, at=at, request_id=request_id)
    settings = load_settings(policies=policies, database_url=database)
    _show(_post(wish, by, url, key, settings), output)


@app.command(epilog=f'Example: governor adjust debit {EXAMPLE} --amount 50 --reason "calls outside the gateway"')
def debit(
    *,
    quota: QuotaOption,
    amount: AmountOption,
    reason: ReasonOption,
    scope: ScopeOption = None,
    at: AtOption = "",
    request_id: IdOption = "",
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Add to what a budget has used: what was spent beside Governor. Never refused for lack of room."""
    wish = _wish(AdjustmentKind.DEBIT, quota, amount, reason, scope=scope, at=at, request_id=request_id)
    settings = load_settings(policies=policies, database_url=database)
    _show(_post(wish, by, url, key, settings), output)


@app.command(
    "opening-balance",
    epilog=f'Example: governor adjust opening-balance {EXAMPLE} --amount 4120.50 --reason "spent before the move"',
)
def opening_balance(
    *,
    quota: QuotaOption,
    amount: AmountOption,
    reason: ReasonOption,
    scope: ScopeOption = None,
    at: AtOption = "",
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Add what was used of a budget before Governor counted it: once for each budget."""
    wish = _wish(AdjustmentKind.OPENING_BALANCE, quota, amount, reason, scope=scope, at=at)
    settings = load_settings(policies=policies, database_url=database)
    _show(_post(wish, by, url, key, settings), output)


@app.command("list", epilog="Example: governor adjust list --output json")
def list_(
    *,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List adjustments, newest first, with who, when and why."""
    if url:
        asked = urlencode({"limit": limit, **({"cursor": cursor} if cursor else {})})
        with Gateway(url, key) as gateway:
            page = gateway.get(f"/adjustments?{asked}")
    else:
        page = run(_listed(cursor, limit, load_settings(policies=policies, database_url=database)))
    if output is Output.JSON:
        print_json(page)
        return
    if not page["adjustments"]:
        say("nothing was ever adjusted")
        return
    columns = ("posted", "kind", "amount", "unit", "quota", "for", "by", "why")
    console().print(table("Adjustments", columns, map(_row, page["adjustments"]), right=("amount",)))
    if page["next"]:
        say(f"there are more: --cursor {page['next']}")


def _wish(
    kind: AdjustmentKind,
    quota: str,
    amount: str,
    reason: str,
    *,
    scope: list[str] | None,
    at: str,
    request_id: str = "",
) -> AdjustmentWish:
    named = dict(_pair(text) for text in scope or ())
    asked = json.dumps([kind, quota, sorted(named.items()), at, amount, reason])
    made = f"cli-{blake2b(asked.encode(), digest_size=12).hexdigest()}"
    return AdjustmentWish(request_id or made, kind, quota, named, instant_of(at) if at else None, amount, reason)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name or not value:
        raise InvalidRequestError(f"`{text[:80]}` names no budget; write --scope department=marketing")
    return name, value


def _post(wish: AdjustmentWish, by: str, url: str, key: str, settings: Settings) -> dict[str, Any]:
    if not url:
        return run(_posted(wish, by, settings))
    body = {
        "request_id": wish.request_id,
        "kind": wish.kind,
        "quota": wish.quota,
        "scope": dict(wish.scope),
        "amount": wish.amount,
        "reason": wish.reason,
        **({"at": wish.at.isoformat()} if wish.at is not None else {}),
    }
    with Gateway(url, key) as gateway:
        return gateway.post("/adjustments", body)


async def _posted(wish: AdjustmentWish, by: str, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        adjuster = Adjuster(bench.snapshots, bench.ledger, bench.database)
        adjusted = await adjuster.adjust(wish, operator(by), bench.now)
    budget: dict[str, Any] = json.loads(msgspec.json.encode(budget_wire(adjusted.view)))
    return {"adjustment": adjusted.record, "duplicate": adjusted.duplicate, "budget": budget}


async def _listed(cursor: str, limit: int, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        page = await Adjuster(bench.snapshots, bench.ledger, bench.database).page(cursor, limit)
    return {"adjustments": list(page.records), "next": page.next}


def _show(answer: Mapping[str, Any], output: Output) -> None:
    if output is Output.JSON:
        print_json(answer)
        return
    posted = answer["adjustment"]
    done = "posted before, and not again" if answer["duplicate"] else "posted"
    say(f"{done}: {posted['kind'].replace('_', ' ')} of {posted['amount']} {posted['unit']} by {posted['posted_by']}")
    console().print(budgets_table([answer["budget"]], "The budget now"))


def _row(posted: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        posted["posted_at"][:16].replace("T", " "),
        posted["kind"].replace("_", " "),
        posted["amount"],
        posted["unit"],
        posted["quota"],
        ", ".join(posted["scope"].values()) or "everyone",
        posted["posted_by"],
        posted["reason"],
    )
