"""The command line: every command, in the order in which people meet them."""

from typing import Annotated

import typer

from governor import __version__
from governor.edges.cli import (
    budgets,
    db,
    decide,
    demo,
    explain,
    keys,
    ledger,
    replay,
    schema,
    serve,
    settings,
    validate,
)
from governor.edges.cli.mistakes import MistakeGroup
from governor.edges.cli.printing import say

app = typer.Typer(
    name="governor",
    cls=MistakeGroup,
    help="Policy-as-code governance for AI token budgets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Start with: governor demo",
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"governor {__version__}")
        raise typer.Exit


@app.callback()
def governor(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Policy-as-code governance for AI token budgets."""


app.command("demo", epilog=demo.EXAMPLE)(demo.demo)
app.command("serve", epilog=serve.EXAMPLE)(serve.serve)
app.command("validate", epilog=validate.EXAMPLE)(validate.validate)
app.command("decide", epilog=decide.EXAMPLE)(decide.decide)
app.command("explain", epilog=explain.EXAMPLE)(explain.explain)
app.command("budgets", epilog=budgets.EXAMPLE)(budgets.budgets)
app.command("replay", epilog=replay.EXAMPLE)(replay.replay)
app.add_typer(keys.app)
app.add_typer(db.app)
app.add_typer(ledger.app)
app.add_typer(schema.app)
app.command("settings", epilog=settings.EXAMPLE)(settings.settings)
