"""``governor handbook``: the policies as the document that the board signs and people read."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from governor.clients.clock import clock_from
from governor.core.errors import InvalidRequestError
from governor.core.wording.handbook import make_handbook
from governor.edges.cli.handbook_pages import as_html, as_markdown
from governor.edges.cli.load_policies import load_policies, policy_folder
from governor.edges.cli.options import PoliciesOption
from governor.edges.cli.printing import Output, OutputOption, print_json, say
from governor.settings import load_settings

EXAMPLE = "Example: governor handbook --for mia@acme.example --format html --out mia.html"


class Format(StrEnum):
    """How the handbook is written."""

    MARKDOWN = "markdown"
    HTML = "html"


def handbook(
    *,
    user: Annotated[
        str, typer.Option("--for", metavar="USER", help="Only what concerns this person.", show_default=False)
    ] = "",
    department: Annotated[str, typer.Option(help="Only what concerns this department.", show_default=False)] = "",
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="By default as the name of --out says, else Markdown.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there instead of printing it.", show_default=False)
    ] = None,
    policies: PoliciesOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Write the policies as a handbook: who, what, how much, per when, and who can say yes."""
    if user and department:
        raise InvalidRequestError("--for and --department exclude each other; a person has a department")
    now = clock_from(load_settings().clock).now()
    made = make_handbook(load_policies(policy_folder(policies), now), now, department=department, user=user)
    html = format_ is Format.HTML or (format_ is None and out is not None and out.suffix in {".html", ".htm"})
    text = as_html(made) if html else as_markdown(made)
    if out is not None:
        out.write_text(text, encoding="utf-8")
    if output is Output.JSON:
        written = out.as_posix() if out is not None else None
        print_json({"format": Format.HTML if html else Format.MARKDOWN, "written": written, "text": text})
    else:
        say(text.rstrip("\n") if out is None else f"written to {out}")
