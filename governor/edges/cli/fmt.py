"""``governor fmt``: one layout for all policies."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import typer

from governor.compiler.folder import as_text, policy_names, suite_names
from governor.compiler.problems import Problems
from governor.compiler.recognise import is_policy
from governor.compiler.tidy import tidy
from governor.core.errors import InvalidRequestError
from governor.edges.cli.load_policies import policy_folder
from governor.edges.cli.mistakes import FINDING
from governor.edges.cli.printing import Output, OutputOption, complain, print_json, say

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
    output: OutputOption = Output.TABLE,
) -> None:
    """Lay out policy files alike; comments, quotes and every value stay as they are.

    A file that cannot be read is left alone, and its problems are printed: exit code 1. So is one that is named and
    does not say that it is a policy: hooks name every YAML file, so that is no finding.
    """
    named = list(_files(paths or [policy_folder(None)]))
    others = [path for path in named if path in (paths or ()) and not is_policy(path.read_bytes())]
    results = [_tidied(path) for path in named if path not in others]
    changed = [one for one in results if one.is_changed]
    for one in changed:
        if not check:
            _write(one.path, one.made)
    if output is Output.JSON:
        _print_document(results, others, check=check, diff=diff)
    else:
        _print_lines(results, others, check=check, diff=diff)
    if any(one.is_broken for one in results) or (check and changed):
        raise typer.Exit(FINDING)


@dataclass(frozen=True, slots=True)
class _Tidied:
    """A file and how it is laid out; ``is_broken`` if it could not be read."""

    path: Path
    text: str
    made: str
    problems: tuple[str, ...]
    is_broken: bool = False

    @property
    def is_changed(self) -> bool:
        return self.made != self.text

    @property
    def diff(self) -> str:
        name = self.path.name
        lines = difflib.unified_diff(self.text.splitlines(), self.made.splitlines(), name, name, lineterm="")
        return "\n".join(lines)


def _tidied(path: Path) -> _Tidied:
    problems = Problems()
    text = as_text(path.name, path.read_bytes(), problems)
    made = tidy(path.as_posix(), text, problems) if text is not None else None
    found = tuple(str(problem) for problem in problems.sorted())
    if made is None or text is None:
        return _Tidied(path, "", "", found, is_broken=True)
    return _Tidied(path, text, made, found)


def _print_lines(results: list[_Tidied], others: list[Path], *, check: bool, diff: bool) -> None:
    for path in others:
        say(f"{path}: left alone, because it does not say `apiVersion: governor/...`")
    for one in results:
        tell = complain if one.is_broken else say
        for problem in one.problems:
            tell(problem)
        if one.is_changed and diff:
            say(one.diff)
        if one.is_changed:
            say(f"{one.path}: not in the layout; run `governor fmt {one.path}`" if check else f"{one.path}: changed")
    changed, broken = sum(one.is_changed for one in results), sum(one.is_broken for one in results)
    would = "would be " if check else ""
    left = f", {broken} left alone" if broken else ""
    say(f"{changed} of {len(results)} files {would}changed{left}")


def _print_document(results: list[_Tidied], others: list[Path], *, check: bool, diff: bool) -> None:
    changed = [one for one in results if one.is_changed]
    document: dict[str, Any] = {
        "files": len(results),
        "stale" if check else "written": [one.path.as_posix() for one in changed],
        "left_alone": [one.path.as_posix() for one in results if one.is_broken],
        "no_policies": [path.as_posix() for path in others],
        "problems": [problem for one in results for problem in one.problems],
    }
    if diff:
        document["diff"] = "\n".join(one.diff for one in changed)
    print_json(document)


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
