"""``governor db``: the schema of the database, and how long it keeps what."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from governor.clients.clock import clock_from
from governor.edges.cli.mistakes import FINDING, MistakeGroup
from governor.edges.cli.options import DatabaseOption, run
from governor.edges.cli.printing import Output, OutputOption, print_json, progress, say
from governor.edges.cli.workbench import open_store
from governor.services.forget_records import Kept, decisions_to_forget, forget_records
from governor.services.open_database import DatabaseUnavailableError
from governor.settings import Settings, SettingsError, load_settings
from governor.store import migrate
from governor.store.database import Database

app = typer.Typer(
    name="db",
    cls=MistakeGroup,
    help="Look at the schema of the database, bring it up to date, and forget old texts.",
    no_args_is_help=True,
    epilog="Example: governor db upgrade --database postgresql://governor@db.acme.example/governor",
)


@app.command(epilog="Example: governor db upgrade")
def upgrade(database: DatabaseOption = None, output: OutputOption = Output.TABLE) -> None:
    """Bring the schema up to date; several at once do it one after the other."""
    _report(_with(database, change=True), output)


@app.command(epilog="Example: governor db check || governor db upgrade")
def check(database: DatabaseOption = None, output: OutputOption = Output.TABLE) -> None:
    """Say whether the schema is the one that this program needs; exit code 1 if not. Changes nothing."""
    state = _with(database, change=False)
    _report(state, output)
    if not state.is_current:
        raise typer.Exit(FINDING)


@app.command(epilog='Example: governor db forget --older-than "400 days" --dry-run')
def forget(
    *,
    older_than: Annotated[
        str, typer.Option(help="At least 90 days; by default GOVERNOR_KEEP_DECISIONS.", show_default=False)
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many decisions it is about.")] = False,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Forget requests and answers of old decisions; what was used and paid is kept, and every balance stays as it is.

    The scheduler does the same every night where GOVERNOR_KEEP_DECISIONS is set.
    """
    settings = load_settings(database_url=database, keep_decisions=older_than or None)
    if settings.keep_decisions is None:
        raise SettingsError('say what is old: --older-than "400 days", or set GOVERNOR_KEEP_DECISIONS')
    before = clock_from(settings.clock).now() - settings.keep_decisions
    with progress() as bar:
        task = bar.add_task(f"forgetting what is older than {before:%Y-%m-%d}", total=None, note="")

        def show(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        about, kept = run(_forget(settings, before, dry_run=dry_run, show=show))
    if output is Output.JSON:
        print_json({"before": before.isoformat(), "dry_run": dry_run, "looked_at": about, **_counts(kept)})
    elif dry_run:
        say(f"{about:,} decisions before {before:%Y-%m-%d} would be looked at; nothing was changed")
    else:
        say(str(kept))


async def _forget(
    settings: Settings, before: datetime, *, dry_run: bool, show: Callable[[int, int], None]
) -> tuple[int, Kept]:
    async with open_store(settings) as database:
        about = await database.read(lambda connection: decisions_to_forget(connection, before))
        if dry_run:
            return about, Kept(before)
        return about, await forget_records(database, before, on_page=lambda done: show(done, about))


def _counts(kept: Kept) -> dict[str, int]:
    return {"removed": kept.removed, "decisions": kept.decisions, "events": kept.events, "alerts": kept.alerts}


def _with(url: str | None, *, change: bool) -> migrate.SchemaState:
    opened = Database(load_settings(database_url=url).database_url)
    try:
        return migrate.upgrade(opened) if change else opened.read_now(migrate.check)
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise DatabaseUnavailableError(
            f"the database `{opened.name}` cannot be used ({cause[0][:200] if cause else 'no reason given'}); "
            "check --database or GOVERNOR_DATABASE_URL"
        ) from error
    finally:
        run(opened.close())


def _report(state: migrate.SchemaState, output: Output) -> None:
    if output is Output.JSON:
        print_json({"current": state.current or None, "head": state.head, "is_current": state.is_current})
    elif state.is_current:
        say(f"the schema is up to date ({state.head})")
    else:
        say(f"the schema is {state.current or 'empty'} and this program needs {state.head}; run `governor db upgrade`")
