"""``governor db``: the schema of the database."""

import typer
from sqlalchemy.exc import SQLAlchemyError

from governor.edges.cli.mistakes import FINDING, MistakeGroup
from governor.edges.cli.options import DatabaseOption, run
from governor.edges.cli.printing import Output, OutputOption, print_json, say
from governor.services.open_database import DatabaseUnavailableError
from governor.settings import load_settings
from governor.store import migrate
from governor.store.database import Database

app = typer.Typer(
    name="db",
    cls=MistakeGroup,
    help="Look at the schema of the database, and bring it up to date.",
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
