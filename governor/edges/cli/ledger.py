"""``governor ledger verify``: the proof that no balance is wrong."""

from dataclasses import asdict
from datetime import datetime

import typer

from governor.clients.clock import clock_from
from governor.edges.cli.mistakes import FINDING, MistakeGroup
from governor.edges.cli.options import DatabaseOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, progress, say, table
from governor.edges.cli.workbench import open_store
from governor.services.verify_ledger import check_ledger
from governor.settings import Settings, load_settings
from governor.store.ledger_checks import LedgerCheck

app = typer.Typer(
    name="ledger",
    cls=MistakeGroup,
    help="Prove that the ledger is right.",
    no_args_is_help=True,
    epilog="Example: governor ledger verify",
)


@app.callback()
def ledger() -> None:
    """Prove that the ledger is right."""


@app.command("verify", epilog="Example: governor ledger verify --database sqlite:///governor.db || page-somebody")
def verify_(database: DatabaseOption = None, output: OutputOption = Output.TABLE) -> None:
    """Recompute every balance from the records; exit code 1 if anything differs.

    Safe beside a running server: it reads one consistent state and changes nothing.
    """
    with progress() as bar:
        bar.add_task("recomputing every balance from the records", total=None, note="")
        settings = load_settings(database_url=database)
        found = run(_verified(settings, clock_from(settings.clock).now()))
    shown, count = found.shown, found.count
    if output is Output.JSON:
        print_json({"differences": count, "shown": [asdict(difference) for difference in shown]})
    elif not count:
        say("the ledger is right: every balance equals what its records come to")
    else:
        rows = [(found.what, found.key, found.stored, found.recomputed) for found in shown]
        title = f"{count:,} differences" + (f", the first {len(shown)}" if count > len(shown) else "")
        console().print(table(title, ("what", "whose", "stored", "recomputed"), rows))
    if count:
        raise typer.Exit(FINDING)


async def differences_of(settings: Settings, now: datetime) -> int:
    """Count the differences of a ledger at an instant; 0 is right."""
    return (await _verified(settings, now)).count


async def _verified(settings: Settings, now: datetime) -> LedgerCheck:
    async with open_store(settings) as database:
        return await database.read(lambda connection: check_ledger(connection, now))
