"""``governor forecast``: where budgets will end, what if, and how good such forecasts are."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from governor.clients.gateway import Gateway
from governor.core.errors import InvalidRequestError
from governor.edges.cli.forecast_scenario import Shown, compare_scenario
from governor.edges.cli.forecast_series import Cutting, backtest_file
from governor.edges.cli.forecast_view import forecasts_table, record_tables, say_pending
from governor.edges.cli.foresight import Foresight
from governor.edges.cli.instants import instant_of
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, progress, say, steps
from governor.edges.cli.workbench import open_workbench
from governor.services.budgets import BudgetQuery
from governor.services.forecast.series_jobs import Cut
from governor.services.forecast.wire import page_wire, record_wire
from governor.settings import Settings, load_settings

EXAMPLE = "Example: governor forecast --department marketing --plot marketing.png"


def forecast(
    *,
    quota: Annotated[str, typer.Option(help="Only this quota.", show_default=False)] = "",
    department: Annotated[str, typer.Option(help="Only this department's, its teams' and its people's.")] = "",
    team: Annotated[str, typer.Option(help="Only this team's, and its people's.")] = "",
    user: Annotated[str, typer.Option(help="Only this person's.")] = "",
    at: Annotated[
        str, typer.Option(metavar="TIME", help="What was forecast by this time, and what then happened.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    scenario: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE", help="What if: a scenario of the policies, or a JSON file.", show_default=False
        ),
    ] = "",
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the first one (with --scenario: its periods with and without); .png or .svg.",
        ),
    ] = None,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Forecast the past again, and show how good that was.")
    ] = False,
    series: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="With --backtest: the series of a CSV file, not the budgets."),
    ] = None,
    value: Annotated[
        str, typer.Option(metavar="COLUMN", help="With --series: the column of values.", show_default=False)
    ] = "",
    period: Annotated[
        Cut | None,
        typer.Option(help="With --series: how it is cut; by default whole, and months from 60 days on."),
    ] = None,
    departments: Annotated[
        int, typer.Option(min=0, max=1000, help="With --series: sums of its series that are forecast, too.")
    ] = 8,
    interval: Annotated[int, typer.Option(min=50, max=99, help="With --series: the interval in percent.")] = 80,
    holidays: Annotated[
        str,
        typer.Option(
            metavar="COUNTRY", help="With --series: whose holidays count, like DE or DE-BE.", show_default=False
        ),
    ] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show where budgets will end, how surely, and how good such forecasts are; compare scenarios; draw.

    Without a filter every budget is forecast anew, and the forecasts are kept.
    """
    if series is not None:
        if not backtest:
            raise InvalidRequestError("`--series` is for backtests: add --backtest", field="series")
        backtest_file(series, value, Cutting(period, departments, interval, holidays), output)
        return
    query = BudgetQuery(quota, department, team, user, instant_of(at) if at else None, cursor, limit)
    settings = load_settings(policies=policies, database_url=database)
    if backtest and url:
        raise InvalidRequestError("`--backtest` reads the database: leave out --url, or add --series FILE", field="url")
    if backtest:
        _show_record(run(_backtest(settings)), output)
        return
    if scenario:
        compare_scenario(scenario, query, settings, (url, key), Shown(output, plot))
        return
    page = _from_server(url, key, query) if url else run(_from_database(query, settings))
    if plot is not None and page["forecasts"]:
        from governor.edges.cli.forecast_plot import draw_forecast  # noqa: PLC0415 - matplotlib takes a second

        draw_forecast(page["forecasts"][0], plot)
    _show(page, output, plot)


def _show(page: dict[str, Any], output: Output, plot: Path | None) -> None:
    if output is Output.JSON:
        print_json(page)
        return
    if not page["forecasts"]:
        say("no budget matches; without filters all are listed")
        return
    console().print(forecasts_table(page["forecasts"]))
    if page["next"]:
        say(f"there are more: --cursor {page['next']}")
    say_pending(page)
    if plot is not None:
        say(f"drawn: {plot}")


def _show_record(document: dict[str, Any], output: Output) -> None:
    if output is Output.JSON:
        print_json(document)
        return
    if not document["backtest"]:
        say("no period of a budget with use behind it is over yet; --series FILE backtests recorded series")
        return
    console().print(record_tables(document))


def _from_server(url: str, key: str, query: BudgetQuery) -> dict[str, Any]:
    filters = {
        "quota": query.quota,
        "department": query.department,
        "team": query.team,
        "user": query.user,
        "at": query.at.isoformat() if query.at is not None else "",
        "cursor": query.cursor,
        "limit": query.limit,
        "path": "true",
    }
    with Gateway(url, key) as gateway:
        page: dict[str, Any] = gateway.get("/forecasts?" + urlencode({k: v for k, v in filters.items() if v}))
    return page


async def _from_database(query: BudgetQuery, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        foresight = Foresight(bench)
        filtered = any((query.quota, query.department, query.team, query.user, query.at, query.cursor))
        try:
            with progress() as shown:
                told = steps(shown, "forecasting")
                if not filtered:
                    await foresight.forecaster.run(bench.now, progress=told)
                elif query.at is None:
                    await foresight.forecaster.refresh(query, bench.now, told)
            page = await foresight.forecaster.page(query, bench.now)
            record = await foresight.judge.record(bench.now)
        finally:
            await foresight.close()
    return page_wire(page, record, path=True)


async def _backtest(settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        foresight = Foresight(bench)
        try:
            with progress() as shown:
                await foresight.judge.backtest(bench.now, progress=steps(shown, "forecasting the past"))
            return record_wire(await foresight.judge.record(bench.now))
        finally:
            await foresight.close()
