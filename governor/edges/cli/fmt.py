"""``governor fmt``: one layout for all policies."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import typer

from governor.compiler.folder import as_text, policy_names, suite_names
from governor.compiler.problems import Problems
from governor.compiler.tidy import tidy
from governor.core.errors import InvalidRequestError
from governor.edges.cli.load_policies import policy_folder
from governor.edges.cli.mistakes import FINDING
from governor.edges.cli.printing import complain, say

EXAMPLE = "Example: governor fmt policies --check"


def fmt(
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATHS]", help="Folders and files; by default GOVERNOR_POLICIES.", show_default=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing: exit code 1 if a file is not in the layout.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what is, or would be, changed.")] = False,
) -> None:
    """Lay out policy files alike; comments, quotes and every value stay as they are.

    A file that cannot be read is left alone, and its problems are printed.
    """
    changed = broken = 0
    files = list(_files(paths or [policy_folder(None)]))
    for path in files:
        problems = Problems()
        text = as_text(path.name, path.read_bytes(), problems)
        made = tidy(path.as_posix(), text, problems) if text is not None else None
        for problem in problems.sorted():
            complain(str(problem))
        if made is None or text is None:
            broken += 1
        elif made != text:
            changed += 1
            _report(path, text, made, check=check, diff=diff)
    would = "would be " if check else ""
    left = f", {broken} left alone" if broken else ""
    say(f"{changed} of {len(files)} files {would}changed{left}")
    if broken or (check and changed):
        raise typer.Exit(FINDING)


def _report(path: Path, text: str, made: str, *, check: bool, diff: bool) -> None:
    if diff:
        lines = difflib.unified_diff(text.splitlines(), made.splitlines(), path.name, path.name, lineterm="")
        say("\n".join(lines))
    if check:
        say(f"{path}: not in the layout; run `governor fmt {path}`")
    else:
        _write(path, made)
        say(f"{path}: changed")


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            problems = Problems()
            yield from (path / name for name in sorted({*policy_names(path, problems), *suite_names(path, problems)}))
        elif path.is_file():
            yield path
        else:
            raise InvalidRequestError(f"there is no file or folder `{path}`; name policies: governor fmt FOLDER")


def _write(path: Path, text: str) -> None:
    """Replace a file as a whole: a machine that stops in between leaves the old one."""
    target = path.resolve()
    mode = target.stat().st_mode
    with NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=target.parent, delete=False) as file:
        file.write(text)
    made = Path(file.name)
    made.chmod(mode)
    made.replace(target)
