"""What if: ``governor forecast --scenario NAME|FILE``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Group

from governor.clients.gateway import Gateway
from governor.core.errors import InvalidRequestError
from governor.edges.cli.forecast_view import amount, say_pending
from governor.edges.cli.foresight import Foresight
from governor.edges.cli.options import run
from governor.edges.cli.printing import Output, console, print_json, progress, say, steps, table
from governor.edges.cli.workbench import open_workbench
from governor.services.budgets import BudgetQuery
from governor.services.forecast.scenario_request import ScenarioWire
from governor.services.forecast.scenario_wire import comparison_wire
from governor.settings import Settings

_COLUMNS = ("budget", "whose", "limit", "forecast", "under it", "between", "breaks on")
_RIGHT = ("limit", "forecast", "under it", "between")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a comparison is shown: as a table or JSON, and in a picture of the budget that breaks first, or in none."""

    output: Output
    plot: Path | None


def compare_scenario(text: str, query: BudgetQuery, settings: Settings, server: tuple[str, str], shown: Shown) -> None:
    """Compare a scenario with the forecast, and print which budgets break when.

    Args:
        text: A scenario of the policies by its name, or a JSON file with a body of ``POST /forecasts/scenarios``.
        query: Which budgets.
        settings: Where database and policies are.
        server: URL and key of a server that is asked instead; the URL may be ``""``.
        shown: As a table or JSON, and perhaps a picture.

    Raises:
        InvalidRequestError: If there is no such scenario, or the file says something else.
    """
    asked = _read(text, query)
    document = _from_server(asked, *server) if server[0] else run(_from_database(asked, settings))
    if shown.plot is not None and document["budgets"]:
        from governor.edges.cli.scenario_plot import draw_scenario  # noqa: PLC0415 - matplotlib takes a second

        draw_scenario(document, shown.plot)
    if shown.output is Output.JSON:
        print_json(document)
        return
    rows = [_row(budget) for budget in document["budgets"]]
    assumed = [f"- {sentence}" for sentence in document["assumes"]]
    numbers = [f"{name}: {_words(numbers)}" for name, numbers in document["numbers"].items()]
    console().print(
        Group(
            table(f"Scenario {document['scenario']}", _COLUMNS, rows, right=_RIGHT), "", "assumes:", *assumed, *numbers
        )
    )
    say_pending(document)
    if shown.plot is not None:
        say(f"drawn: {shown.plot}" if document["budgets"] else "nothing to draw: no budget matches")


def _read(text: str, query: BudgetQuery) -> ScenarioWire:
    path = Path(text)
    asked = _from_file(path) if path.suffix == ".json" or path.is_file() else ScenarioWire(name=text)
    given = {"quota": query.quota, "department": query.department, "team": query.team, "user": query.user}
    chosen = {name: value for name, value in given.items() if value}
    return msgspec.structs.replace(asked, **chosen, cursor=query.cursor, limit=query.limit)


def _from_file(path: Path) -> ScenarioWire:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ScenarioWire)
    except OSError as error:
        raise InvalidRequestError(f"`{path}` cannot be read: {error.strerror}", field="scenario") from error
    except msgspec.DecodeError as error:
        raise InvalidRequestError(f"`{path.name}` is no scenario: {error}", field="scenario") from error


def _from_server(asked: ScenarioWire, url: str, key: str) -> dict[str, Any]:
    with Gateway(url, key) as gateway:
        document: dict[str, Any] = gateway.post("/forecasts/scenarios", msgspec.to_builtins(asked))
    return document


async def _from_database(asked: ScenarioWire, settings: Settings) -> dict[str, Any]:
    async with open_workbench(settings) as bench:
        foresight = Foresight(bench)
        try:
            scenario = asked.scenario(foresight.comparer, bench.now)
            with progress() as shown:
                await foresight.forecaster.refresh(asked.query(), bench.now, steps(shown, "forecasting"))
            return comparison_wire(await foresight.comparer.compare(scenario, asked.query(), bench.now))
        finally:
            await foresight.close()


def _row(budget: Mapping[str, Any]) -> tuple[str, ...]:
    unit, total = budget["unit"], budget["total"]
    return (
        budget["policy"].removeprefix("Quota/"),
        ", ".join(budget["scope"].values()) or "everyone",
        "" if budget["limit"] is None else amount(budget["limit"], unit),
        amount(budget["forecast"]["median"], unit),
        amount(total["median"], unit),
        f"{amount(total['lower'], unit)} - {amount(total['upper'], unit)}",
        (budget["breaks_at"] or "")[:10],
    )


def _words(numbers: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())
