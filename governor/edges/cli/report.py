"""``governor report``: what models were used for, what it cost and what came of it."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from governor.clients.gateway import Gateway
from governor.core.money import Rounding, divide
from governor.edges.cli.instants import instant_of
from governor.edges.cli.mistakes import MistakeGroup
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say, table
from governor.edges.cli.report_shadow import EXAMPLE as SHADOW_EXAMPLE
from governor.edges.cli.report_shadow import shadow
from governor.edges.cli.workbench import open_workbench
from governor.services.report_use_cases import ReportPeriod, UseCaseQuery, UseCaseReporter
from governor.services.use_case_wire import report_wire
from governor.settings import Settings, load_settings

app = typer.Typer(
    name="report",
    cls=MistakeGroup,
    help="Report what models were used for, what it cost and what came of it.",
    no_args_is_help=True,
    epilog="Example: governor report use-cases --period quarter",
)

PAGE_MAX = 1000
_COLUMNS = ("use case", "stage", "cost", "outcomes", "cost each", "expected", "worth each", "worth less cost")
_CENT = 10_000_000
"""Nano-USD."""


@app.callback()
def report() -> None:
    """Report what models were used for, what it cost and what came of it."""


app.command("shadow", epilog=SHADOW_EXAMPLE)(shadow)


@app.command("use-cases", epilog="Example: governor report use-cases --period quarter --at 2026-09-30T12:00:00Z")
def use_cases(
    *,
    period: Annotated[
        ReportPeriod | None,
        typer.Option(help="A period of the organisation's calendar; by default the month.", show_default=False),
    ] = None,
    at: Annotated[str, typer.Option(metavar="TIME", help="An instant of that period; by default now.")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Instead of a period: from the hour of this time.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Up to, and without, the hour of this time.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what each use case cost and what came of it, against what was expected and what it is worth."""
    query = UseCaseQuery(period, _instant(at), _instant(since), _instant(until))
    settings = load_settings(policies=policies, database_url=database)
    document = _from_server(url, key, query) if url else run(_from_database(query, settings))
    if output is Output.JSON:
        print_json(document)
        return
    if not document["use_cases"]:
        say("no use case is registered, and nothing was used; write a UseCase policy, and name it in requests")
        return
    _show(document)


def _instant(text: str) -> datetime | None:
    return instant_of(text) if text else None


def _from_server(url: str, key: str, query: UseCaseQuery) -> dict[str, Any]:
    """Ask a server for all pages."""
    instants = {"at": query.at, "since": query.from_at, "until": query.until_at}
    parameters = {name: at.isoformat() for name, at in instants.items() if at is not None}
    if query.period is not None:
        parameters["period"] = query.period.value
    with Gateway(url, key) as gateway:
        document = gateway.get("/use-cases?" + urlencode({**parameters, "limit": PAGE_MAX}))
        while document["next"] is not None:
            page = gateway.get("/use-cases?" + urlencode({**parameters, "limit": PAGE_MAX, "cursor": document["next"]}))
            document["use_cases"] += page["use_cases"]
            document["next"] = page["next"]
    return document


async def _from_database(query: UseCaseQuery, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        reporter = UseCaseReporter(bench.snapshots, bench.database)
        return report_wire(await reporter.report(replace(query, limit=sys.maxsize), bench.now))


def _show(document: Mapping[str, Any]) -> None:
    start, end = (document["period"][name] for name in ("start", "end"))
    title = f"Use cases from {_day(start) or 'the beginning'} to {_day(end) or 'now'} UTC, in USD"
    rows = [_row(line) for line in document["use_cases"]]
    console().print(table(title, _COLUMNS, [*rows, _total(document["totals"])], right=_COLUMNS[2:]))
    unvalued = sum(line["outcomes"] - line["valued_outcomes"] for line in document["use_cases"])
    if unvalued:
        say(f"{unvalued:,} outcomes have no worth: add `outcome_worth` to their UseCase, or report `worth_usd`")


def _row(line: Mapping[str, Any]) -> tuple[str, ...]:
    stage = line["stage"] or ("" if not line["use_case"] else "unregistered")
    return (
        line["use_case"] or "(none)",
        stage,
        _money(line["cost_usd"]),
        f"{line['outcomes']:,}",
        _money(line["cost_per_outcome_usd"]),
        _money(line["expected_cost_per_outcome_usd"]),
        _money(line["worth_per_outcome_usd"]),
        _money(line["net_usd"]),
    )


def _total(totals: Mapping[str, Any]) -> tuple[str, ...]:
    outcomes = f"{totals['outcomes']:,}"
    return ("all", "", _money(totals["cost_usd"]), outcomes, "", "", "", _money(totals["net_usd"]))


def _money(usd: str | None) -> str:
    """Round to the cent, and below a dollar to a hundredth of one, so that what an outcome costs can be seen."""
    if usd is None:
        return ""
    sign = "-" if usd.startswith("-") else ""
    whole, _, fraction = usd.lstrip("-").partition(".")
    nano = int(whole) * 10**9 + int(fraction)
    if nano >= 10**9:
        cents = divide(nano, _CENT, Rounding.HALF_UP)
        return f"{sign}{cents // 100:,}.{cents % 100:02d}"
    return f"{sign}0.{divide(nano, _CENT // 100, Rounding.HALF_UP):04d}" if nano else "0"


def _day(instant: str | None) -> str:
    return instant[:16].replace("T", " ") if instant else ""
