"""``governor schema``: the JSON Schemas of the policy language and its reference, from their one source."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from governor.compiler.reference import reference_files
from governor.compiler.schema import schema_files
from governor.edges.cli.mistakes import FINDING
from governor.edges.cli.printing import Output, OutputOption, complain, print_json, say

EXAMPLE = "Example: governor schema export --check"

app = typer.Typer(
    name="schema",
    help="The JSON Schemas of the policy language, and its reference.",
    no_args_is_help=True,
    epilog=EXAMPLE,
)

CheckOption = Annotated[bool, typer.Option("--check", help="Write nothing; say what is not up to date.")]
FolderOption = Annotated[Path, typer.Option("--to", metavar="DIR", help="Where the schemas are.")]
PagesOption = Annotated[Path, typer.Option("--to", metavar="DIR", help="Where the reference is.")]


@app.command("export", epilog=EXAMPLE)
def export(check: CheckOption = False, to: FolderOption = Path("schemas"), output: OutputOption = Output.TABLE) -> None:
    """Write the JSON Schema of every kind, and one for editors that knows them all."""
    _keep(
        {to / name: text for name, text in schema_files().items()},
        check=check,
        command=f"governor schema export --to {to}",
        output=output,
    )


@app.command("docs", epilog="Example: governor schema docs --check")
def docs(
    check: CheckOption = False, to: PagesOption = Path("docs/reference"), output: OutputOption = Output.TABLE
) -> None:
    """Write the reference of the policy language and of the problems that policies can have."""
    pages = {to / name: text for name, text in reference_files().items()}
    _keep(pages, check=check, command=f"governor schema docs --to {to}", output=output)


def _keep(files: Mapping[Path, str], *, check: bool, command: str, output: Output) -> None:
    """Write files that differ, or complain about them; exit code 1 if a check finds one."""
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            complain(f"`{path}` is not up to date; run {command}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
    if output is Output.JSON:
        names = [path.as_posix() for path in stale]
        print_json({"files": len(files), "stale" if check else "written": names})
    else:
        say(f"{len(stale)} {'stale' if check else 'written'}, {len(files) - len(stale)} up to date")
    if check and stale:
        raise typer.Exit(FINDING)
