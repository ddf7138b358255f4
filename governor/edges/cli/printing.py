"""How commands print: tables and bars for people, JSON for programs, complaints on standard error."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from governor.edges.cli.fitting_table import FittingTable


class Output(StrEnum):
    """What a command prints."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="A table for people, or JSON for programs.")]


LogOption = Annotated[
    Output | None,
    typer.Option(
        "--output",
        "-o",
        help="How the log is written: in columns for people, or JSON; by default GOVERNOR_LOG_FORMAT.",
        show_default=False,
    ),
]
"""Of commands that run until they are stopped: all that they print is their log."""


def log_format(output: Output | None) -> str | None:
    """Return the setting that an option asks for, or None where it is not given."""
    return None if output is None else "json" if output is Output.JSON else "console"


def console(*, stderr: bool = False) -> Console:
    """Return a console on the streams as they are now; a pipe gets wide lines instead of cut-off ones."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 160
    return Console(file=stream, width=width, highlight=False)


def complain(message: str) -> None:
    """Say on standard error what was wrong."""
    console(stderr=True).print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


def say(message: str) -> None:
    """Print one line for people, as it is."""
    console().print(message, soft_wrap=True, markup=False)


def print_json(document: Any) -> None:
    """Print a document as indented JSON and nothing else."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> FittingTable:
    """Make a table for people; see ``FittingTable``."""
    return FittingTable(title, columns, [*rows], right)


def bar(share: float, width: int = 20) -> str:
    """Draw a share from 0 up as a bar; more than 1 is a full bar."""
    filled = round(max(0.0, min(1.0, share)) * width)
    return "█" * filled + "░" * (width - filled)


def steps(shown: Progress, what: str) -> Callable[[int, int], None]:
    """Add a bar for something, and return what is told how many of its steps are done, and how many there are."""
    task = shown.add_task(what, total=None, note="")

    def advance(done: int, total: int) -> None:
        shown.update(task, completed=done, total=total)

    return advance


def progress() -> Progress:
    """Return a progress bar on standard error, so that standard output stays clean; silent where nobody watches."""
    watched = console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=watched,
        transient=True,
        disable=not watched.is_terminal,
    )
