"""``governor jobs``: what runs as the clock moves, and how it went."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from governor.clients.clock import clock_from
from governor.core.jobs import JobRecord, JobState
from governor.edges.cli.mistakes import FINDING
from governor.edges.cli.options import DatabaseOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say, table
from governor.edges.cli.workbench import open_store
from governor.settings import Settings, load_settings
from governor.store.jobs import read_jobs

EXAMPLE = "Example: governor jobs --check || page-somebody"

_BAD = frozenset({JobState.LATE, JobState.FAILING})


def jobs(
    *,
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 if a job is late or failing.")] = False,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show every job of the scheduler: when it is due, who runs it, when it last ran and what came of it."""
    settings = load_settings(database_url=database)
    now = clock_from(settings.clock).now()
    records = run(_read(settings))
    if output is Output.JSON:
        print_json({"jobs": [_wire(record, now) for record in records]})
    elif not records:
        say("no scheduler has run on this database yet; `governor serve` runs one, and so does `governor scheduler`")
    else:
        columns = ("job", "when", "state", "last ended", "took", "result", "next")
        console().print(table("jobs", columns, [_row(record, now) for record in records], right=("took",)))
    if check and (not records or any(record.state(now) in _BAD for record in records)):
        raise typer.Exit(FINDING)


async def _read(settings: Settings) -> list[JobRecord]:
    async with open_store(settings) as database:
        return await database.read(read_jobs)


def _row(record: JobRecord, now: datetime) -> tuple[str, ...]:
    took = f"{record.took_ms / 1000:.1f} s" if record.runs else ""
    state = record.state(now)
    shown = f"{state} ({record.failing} times)" if state is JobState.FAILING else str(state)
    return (record.name, record.trigger, shown, _text(record.finished_at), took, record.result, _text(record.next_at))


def _text(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else "never"


def _wire(record: JobRecord, now: datetime) -> dict[str, Any]:
    wire = {name: _json(value) for name, value in asdict(record).items()}
    return {**wire, "state": str(record.state(now))}


def _json(value: object) -> object:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
