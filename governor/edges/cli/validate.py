"""``governor validate``: every problem of a policy folder at once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from governor import __version__
from governor.clients.clock import SystemClock
from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import Compiled, compile_folder
from governor.compiler.problems import Severity
from governor.compiler.report import as_github, as_json, as_sarif
from governor.edges.cli.printing import complain, print_json, progress, say
from governor.settings import load_settings

EXAMPLE = "Example: governor validate policies --format github"


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def validate(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="A policy folder; by default GOVERNOR_POLICIES.", show_default=False),
    ] = None,
    output: Annotated[
        Format,
        typer.Option(
            "--format", "--output", "-o", help="text (or table) for people; json, sarif, github for programs."
        ),
    ] = Format.TEXT,
) -> None:
    """Check a policy folder: exit code 0 if it can be used, 1 if it has errors, 2 if there is none."""
    place = folder or Path(load_settings().policies)
    if not place.is_dir():
        complain(f"there is no policy folder `{place}`; name one: governor validate FOLDER")
        raise typer.Exit(2)
    with progress() as bar:
        bar.add_task(f"compiling {place}", total=None, note="")
        compiled = compile_folder(place, SystemClock().now(), genai_prices())
    _show(compiled, place, output)
    if compiled.policies is None:
        raise typer.Exit(1)


def _show(compiled: Compiled, place: Path, output: Format) -> None:
    prefix = "" if place.is_absolute() else place.as_posix()
    if output is Format.JSON:
        print_json(as_json(compiled.problems, compiled.version, len(compiled.files)))
    elif output is Format.SARIF:
        print_json(as_sarif(compiled.problems, __version__, prefix))
    elif output is Format.GITHUB:
        for line in as_github(compiled.problems, prefix):
            say(line)
    else:
        _show_text(compiled)


def _show_text(compiled: Compiled) -> None:
    for problem in compiled.problems:
        say(str(problem))
    errors = sum(problem.severity is Severity.ERROR for problem in compiled.problems)
    warnings = len(compiled.problems) - errors
    if compiled.policies is None:
        say(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}: the folder cannot be used")
        return
    policies = _count(len(compiled.policies.headers), "policy", "policies")
    files = _count(len(compiled.files), "file")
    say(f"{policies} in {files}, {_count(warnings, 'warning')}; version {compiled.version[:12]}")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
