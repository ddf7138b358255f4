"""``governor comment``: keep one comment on a pull request up to date with a plan."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from governor.clients.forge import Forge, Request, keep_comment
from governor.core.errors import InvalidRequestError
from governor.edges.cli.plan_report import MARKER
from governor.edges.cli.printing import Output, OutputOption, print_json, say

EXAMPLE = "Example: governor comment plan.md --forge github --project acme/policies --request 12"

API_URLS = {Forge.GITHUB: "https://api.github.com", Forge.GITLAB: "https://gitlab.com/api/v4"}


def comment(
    *,
    file: Annotated[Path, typer.Argument(help="What `governor plan --output markdown` printed; `-` reads it here.")],
    forge: Annotated[Forge, typer.Option(help="Which interface the forge speaks.")],
    project: Annotated[str, typer.Option(metavar="NAME", help="`owner/name`, or GitLab's number of the project.")],
    request: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Of the pull request or merge request.")],
    api: Annotated[
        str, typer.Option(metavar="URL", help="The forge's interface; by default that of github.com or gitlab.com.")
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="FORGE_TOKEN", metavar="TOKEN", help="Better given in the environment.")
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Write a plan as a comment on a pull request or merge request, or replace the one of an earlier run."""
    if not token:
        raise InvalidRequestError("no token: set FORGE_TOKEN to one that may write comments")
    text = sys.stdin.read() if file == Path("-") else _read(file)
    if not text.startswith(MARKER):
        raise InvalidRequestError(f"`{file}` is not what `governor plan --output markdown` prints")
    kept = keep_comment(Request(forge, api or API_URLS[forge], project, request), token, text, MARKER)
    if output is Output.JSON:
        print_json({"comment": kept.comment_id, "updated": kept.updated})
    else:
        say(f"{'updated' if kept.updated else 'wrote'} comment {kept.comment_id}")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidRequestError(f"cannot read `{file}`: {(error.strerror or 'unknown error').lower()}") from error
