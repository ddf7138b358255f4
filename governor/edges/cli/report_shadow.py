"""``governor report shadow``: what policies on trial would have refused."""

from typing import Annotated, Any

import typer
from rich.console import Group

from governor.core.wording.phrases import counted
from governor.edges.cli.instants import instant_of
from governor.edges.cli.money_words import cents
from governor.edges.cli.options import DatabaseOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, progress, say, table
from governor.services.open_database import open_database
from governor.services.report_shadow import ShadowReport, report_shadow
from governor.settings import load_settings

EXAMPLE = "Example: governor report shadow --since 2026-11-01T00:00:00Z --policy Quota/sales-weekly-spend"
COLUMNS = ("", "requests", "people", "would have saved (USD)")


def shadow(
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help="From here on; by default from the beginning.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Up to here; by default until now.")] = "",
    policy: Annotated[str, typer.Option(metavar="KIND/NAME", help="Only this policy.", show_default=False)] = "",
    top: Annotated[
        int, typer.Option(min=1, help="How many policies, departments, models and people are named; sums have all.")
    ] = 10,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what policies that only warn or write down would have refused, whom, and what that would have saved.

    Promote a policy to `enforcement: enforce` knowing what it does. A request without reported usage counts with what
    was held for it. Outcomes reported of its task would have been lost with it, those without a task in proportion. A
    policy that offers other models would have refused less: `governor plan --since` says how it would have come out.
    """
    begins, ends = (instant_of(text) if text else None for text in (since, until))
    store = run(open_database(load_settings(database_url=database).database_url))
    report = ShadowReport()
    try:
        with progress() as bar:
            task = bar.add_task("reading decisions", total=None, note="")
            for report in report_shadow(store.read_now, begins, ends, policy=policy):
                bar.update(task, note=f"{report.decisions:,} decisions")
    finally:
        run(store.close())
    document = report.document(top)
    if output is Output.JSON:
        print_json(document)
    elif not document["policies"]:
        say(f"nothing on trial would have refused any of {document['decisions'] - document['forgotten']:,} decisions")
        if document["forgotten"]:
            say(_forgotten(document))
    else:
        console().print(_tables(document))


def _tables(document: dict[str, Any]) -> Group:
    would = document["would_refuse"]
    refused = f"[bold]{would['requests']:,} of {document['decisions']:,} decisions would have been refused[/]"
    saved = f"{cents(would['saved_usd'])} of {cents(document['spent_usd'])} USD would have been saved"
    parts: list[Any] = [f"{refused}; {saved}{_lost(would)}"]
    if document["forgotten"]:
        parts.append(_forgotten(document))
    for trial in document["policies"]:
        anyway = f", {trial['refused_anyway']:,} more were refused anyway" if trial["refused_anyway"] else ""
        rows = [_row("in all", trial)]
        for what in ("department", "model", "person"):
            cut = trial[f"by_{what}"]
            rows += [_row(f"  {what} {name}", sums) for name, sums in cut["shown"].items()]
            if cut["left_out"]:
                rows.append((f"  ... and {cut['left_out']:,} more", "", "", ""))
        parts += ["", table(f"{trial['policy']}{anyway}{_lost(trial)}", COLUMNS, rows, right=COLUMNS[1:])]
    if document["policies_left_out"]:
        parts += ["", f"... and {document['policies_left_out']:,} more policies; name one with --policy"]
    return Group(*parts)


def _forgotten(document: dict[str, Any]) -> str:
    return f"{document['forgotten']:,} more decisions are older than their texts are kept: nobody knows of them"


def _lost(sums: dict[str, Any]) -> str:
    """Say what would have been lost, where outcomes were reported."""
    if not sums["lost_outcomes"]:
        return ""
    worth = f" worth {cents(sums['lost_worth_usd'])} USD" if sums["lost_worth_usd"].strip("0.") else ""
    return f"; {counted(sums['lost_outcomes'], 'reported outcome')}{worth} would have been lost"


def _row(name: str, sums: dict[str, Any]) -> tuple[str, ...]:
    return name, f"{sums['requests']:,}", f"{sums['people']:,}", cents(sums["saved_usd"])
