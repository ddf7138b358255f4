"""``governor demo``: a day of traffic through the real service, on a throw-away database."""

import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Group

from governor.clients.clock import SystemClock
from governor.clients.gateway import Gateway
from governor.core.decisions.snapshot import Snapshot
from governor.edges.cli.decision_view import budgets_table
from governor.edges.cli.demo_day import DayResult, send_day
from governor.edges.cli.demo_server import DayClock, running_server, wait_for_interrupt
from governor.edges.cli.forecast_view import forecasts_table
from governor.edges.cli.ledger import differences_of
from governor.edges.cli.load_policies import load_snapshot, policy_folder
from governor.edges.cli.mistakes import FINDING
from governor.edges.cli.options import PoliciesOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, progress, say, table
from governor.edges.cli.replay import summary_tables
from governor.services.simulate_day import simulate_day
from governor.settings import load_settings

EXAMPLE = "Example: governor demo --once"
PORT = 8080


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop after the day, instead of serving on.")] = False,
    requests: Annotated[int, typer.Option(min=1, max=1_000_000, help="Calls that people make that day.")] = 2500,
    seed: Annotated[int, typer.Option(help="The same seed makes the same day.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to serve; a free port if it is taken.")] = PORT,
    policies: PoliciesOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Send a made-up working day through the real service, show what came of it, and keep serving.

    A hundred people ask models for help; at 14:00 an agent runs away. The database is thrown away at the end.
    """
    folder = policy_folder(policies)
    snapshot = load_snapshot(folder, SystemClock().now())
    with tempfile.TemporaryDirectory(prefix="governor-demo-") as scratch, _day(snapshot) as midnight:
        settings = load_settings(
            database_url=f"sqlite:///{Path(scratch) / 'demo.db'}",
            policies=folder,
            auth="off",
            host="127.0.0.1",
            port=_free(port),
            log_level="error",
            decide_deadline_ms=10_000,
        )
        clock = DayClock(midnight)
        with running_server(settings, clock) as url:
            began_s = perf_counter()
            result = _send(url, snapshot, midnight, clock, requests=requests, seed=seed)
            seconds = perf_counter() - began_s
            differences = run(differences_of(settings, clock.now()))
            _show(url, result, seconds, differences, output, goes_on=not once)
            if not once:
                clock.release()
                say(f"\nserving on {url} until you press Ctrl-C")
                wait_for_interrupt()
    if differences:
        raise typer.Exit(FINDING)


@contextmanager
def _day(snapshot: Snapshot) -> Iterator[datetime]:
    """Yield the local midnight of the last working day before today."""
    zone = ZoneInfo(snapshot.organization.time_zone)
    day = SystemClock().now().astimezone(zone).date() - timedelta(days=1)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    yield datetime.combine(day, time(), zone)


def _free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _send(url: str, snapshot: Snapshot, midnight: datetime, clock: DayClock, *, requests: int, seed: int) -> DayResult:
    calls = simulate_day(snapshot.organization, midnight.date(), requests=requests, seed=seed)
    result = DayResult()
    with progress() as bar:
        task = bar.add_task("a day of traffic", total=len(calls), note="")
        for at, sent, so_far in send_day(url, calls, snapshot.organization, clock.move_to):
            result = so_far
            bar.update(task, completed=sent, note=f"{at:%H:%M}")
    return result


def _show(url: str, result: DayResult, seconds: float, differences: int, output: Output, *, goes_on: bool) -> None:
    document = result.summary.document(seconds)
    with Gateway(url) as gateway:
        budgets = gateway.get("/budgets?quota=department-monthly-spend")["budgets"]
        foreseen = gateway.get("/forecasts?quota=department-monthly-spend&wait=true")["forecasts"]
        refused = gateway.get(f"/decisions/{result.example}")["answer"]["reasons"] if result.example else []
    if output is Output.JSON:
        print_json(
            {
                **document,
                "clamped": result.clamped,
                "substituted_by": dict(result.substituted_by.most_common()),
                "runaway": {"requests": result.runaway, "denied": result.refused_runaway},
                "forecasts": foreseen,
                "ledger_differences": differences,
                "url": url,
            }
        )
        return
    said = [f"one who was refused was told: {reason['message']}" for reason in refused[:1]]
    console().print(_report(document, (budgets, foreseen), result, [*said, _verdict(differences)]))
    console().print("", table("Where to look", ("for", "do"), _look(url, result) if goes_on else _next()))


def _verdict(differences: int) -> str:
    return (
        f"ledger: {f'{differences} differences!' if differences else 'every balance equals what its records come to'}"
    )


def _look(url: str, result: DayResult) -> list[tuple[str, str]]:
    """Return what to ask the server that goes on."""
    return [
        ("what is left", f"curl {url}/budgets"),
        ("where budgets will end", f"governor forecast --url {url}"),
        ("who spent what", f"curl '{url}/usage/summary?by=department,model'"),
        ("what use cases brought", f"governor report use-cases --period day --url {url}"),
        ("why one was refused", f"curl {url}/decisions/{result.example or 'ID'}"),
        ("what is measured", f"curl {url}/metrics"),
        ("every route", f"{url}/docs"),
    ]


def _next() -> list[tuple[str, str]]:
    """Return what to do after the server has ended."""
    # As it was called: a fresh checkout has it in its virtual environment only.
    called = sys.argv[0]
    governor = called if called.endswith("/governor") and not Path(called).is_absolute() else "governor"
    return [
        ("the same, and look around in it", f"{governor} demo"),
        ("a server of your own", f"GOVERNOR_AUTH=off {governor} serve"),
        ("a question, and why", f"{governor} decide --user mia@acme.example --model claude-opus-4 --can substitute"),
        ("the rules that decided", "policies/, and docs/policies/README.md"),
    ]


def _report(document: dict[str, Any], lists: tuple[list[Any], list[Any]], result: DayResult, said: list[str]) -> Group:
    budgets, foreseen = lists
    shown: list[Any] = [budgets_table(budgets, "Budgets of the departments"), ""] if budgets else []
    shown += [forecasts_table(foreseen, "What is forecast after one day"), ""] if foreseen else []
    given = ((policy, f"{count:,}") for policy, count in result.substituted_by.most_common())
    return Group(
        *summary_tables(document, "The day").renderables,
        "",
        table("Given another model by", ("policy", "requests"), given, right=("requests",)),
        "",
        *shown,
        f"from 14:00 on a runaway agent asked {result.runaway:,} times; {result.refused_runaway:,} were refused",
        f"output limits were lowered {result.clamped:,} times",
        *said,
    )
