"""``governor prices``: what a corrected price changes of usage that was recorded before."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Group

from governor.core.errors import InvalidRequestError
from governor.core.ledger.budget import BudgetKey
from governor.core.money import usd_text
from governor.core.scopes import scope_text
from governor.edges.cli.identity import ByOption, operator
from governor.edges.cli.instants import instant_of
from governor.edges.cli.mistakes import MistakeGroup
from governor.edges.cli.options import DatabaseOption, PoliciesOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, progress, say, table
from governor.edges.cli.workbench import open_workbench
from governor.services.rerate import RerateQuery, Rerater, RerateSummary, Tally
from governor.settings import Settings, load_settings

EXAMPLE = "Example: governor prices rerate --from 2026-11-01 --until 2026-12-01 --model claude-sonnet-4 --dry-run"

app = typer.Typer(
    name="prices",
    cls=MistakeGroup,
    help="Re-rate recorded usage after a price was corrected.",
    no_args_is_help=True,
    epilog=EXAMPLE,
)


@app.callback()
def prices() -> None:
    """Re-rate recorded usage after a price was corrected."""


@app.command(epilog=EXAMPLE)
def rerate(
    *,
    begin: Annotated[
        str,
        typer.Option("--from", metavar="TIME", help="Usage from this day, in the Organization's zone, or instant on."),
    ],
    until: Annotated[str, typer.Option(metavar="TIME", help="The first day, or instant, that is left out.")],
    model: Annotated[str, typer.Option(metavar="ID", help="Only this model, by any of its names.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "price correction",
    by: ByOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Price recorded usage at the prices of now, each event at its own time, and post the differences.

    Every difference is a dated entry on the budgets and in the hour of its event; nothing is changed in place, and
    doing it again posts nothing. Usage that was charged at what was held, because nobody reported it, is left alone.
    """
    settings = load_settings(policies=policies, database_url=database)
    document = run(_rerated(settings, begin, until, model, dry_run=dry_run, reason=reason, by=by))
    if output is Output.JSON:
        print_json(document)
        return
    console().print(_tables(document))
    if not document["changed"]:
        say("no price of this usage has changed")
    elif dry_run:
        say("nothing was posted; leave --dry-run out to post it")


async def _rerated(
    settings: Settings, begin: str, until: str, model: str, *, dry_run: bool, reason: str, by: str
) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        snapshot = bench.snapshots.current
        zone = snapshot.organization.time_zone
        query = RerateQuery(_moment(begin, zone), _moment(until, zone), model, dry_run, reason)
        if query.from_at >= query.until_at:
            raise InvalidRequestError("`--until` is the first day that is left out; it comes after `--from`")
        rerater = Rerater(snapshot, bench.ledger, bench.database)
        with progress() as bar:
            task = bar.add_task("pricing recorded usage", total=None, note="")
            summary = await rerater.run(
                query, operator(by), bench.now, lambda events: bar.update(task, note=f"{events:,} events")
            )
    return _document(query, snapshot.version, summary)


def _moment(text: str, zone: str) -> datetime:
    """Read an instant, or the first instant of a day in a zone."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(zone)).astimezone(UTC)
        except ValueError as error:
            raise InvalidRequestError(f"`{text}` is no day; write it like 2026-11-01") from error
    return instant_of(text)


def _document(query: RerateQuery, version: str, summary: RerateSummary) -> dict[str, Any]:
    return {
        "dry_run": query.dry_run,
        "policy_version": version,
        "from": query.from_at.isoformat().replace("+00:00", "Z"),
        "until": query.until_at.isoformat().replace("+00:00", "Z"),
        "events": summary.events,
        "changed": summary.total.events,
        "unpriced": summary.unpriced,
        "held_amount": summary.held_amount,
        **_money(summary.total),
        "by_model": {
            model: {"events": tally.events, **_money(tally)} for model, tally in sorted(summary.by_model.items())
        },
        "by_budget": [_budget(key, change) for key, change in sorted(summary.by_budget.items(), key=_order)],
    }


def _order(item: tuple[BudgetKey, int]) -> tuple[str, Any, int]:
    key, _ = item
    return key.policy, key.scope, key.period_start_s


def _money(tally: Tally) -> dict[str, str]:
    return {
        "before_usd": usd_text(tally.before_nano_usd),
        "after_usd": usd_text(tally.after_nano_usd),
        "difference_usd": usd_text(tally.after_nano_usd - tally.before_nano_usd),
    }


def _budget(key: BudgetKey, change_nano_usd: int) -> dict[str, Any]:
    start = datetime.fromtimestamp(key.period_start_s, UTC).isoformat().replace("+00:00", "Z")
    return {
        "policy": key.policy,
        "scope": dict(key.scope),
        "period_start": start if key.period_end_s is not None else None,
        "difference_usd": usd_text(change_nano_usd),
    }


def _tables(document: dict[str, Any]) -> Group:
    done = "would change" if document["dry_run"] else "changed"
    money = ("before (USD)", "after (USD)", "difference (USD)")
    title = f"{document['changed']:,} of {document['events']:,} events {done}"
    left = [
        f"{document[name]:,} {words}"
        for name, words in (("unpriced", "have no price"), ("held_amount", "were charged at what was held"))
        if document[name]
    ]
    rows = [
        *((name, f"{sums['events']:,}", *_cells(sums)) for name, sums in document["by_model"].items()),
        ("in all", f"{document['changed']:,}", *_cells(document)),
    ]
    parts: list[Any] = [table(title, ("model", "events", *money), rows, right=("events", *money))]
    if document["by_budget"]:
        budgets = [
            (
                one["policy"],
                scope_text(tuple(one["scope"].items())),
                (one["period_start"] or "")[:16].replace("T", " "),
                one["difference_usd"],
            )
            for one in document["by_budget"]
        ]
        columns = ("policy", "for", "period from", "difference (USD)")
        parts += ["", table("On budgets", columns, budgets, right=("difference (USD)",))]
    if left:
        parts += ["", f"left alone: {', '.join(left)}"]
    return Group(*parts)


def _cells(sums: dict[str, Any]) -> tuple[str, ...]:
    return sums["before_usd"], sums["after_usd"], sums["difference_usd"]
