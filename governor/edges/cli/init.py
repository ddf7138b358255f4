"""``governor init``: a policy repository to begin with."""

import re
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

import typer

from governor.core.errors import InvalidRequestError
from governor.edges.cli.mistakes import FindingError
from governor.edges.cli.printing import Output, OutputOption, print_json, say
from governor.edges.cli.starter_files import Ci, starter_files

EXAMPLE = "Example: governor init acme-ai-budgets --name acme --domain acme.example --finance @acme/finance"

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
# @user, @organisation/team, @@role or an address: of a line with any other word a forge asks nobody, in silence.
_OWNER = r"(@{1,2}[\w./-]+|[\w.+-]+@[\w.-]+)"
_OWNERS = re.compile(f"{_OWNER}( {_OWNER})*")
_URL = re.compile(r"https://[\w.-]+(/[\w.-]+)+")


def init(
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where it is made; by default here.", show_default=False)
    ] = Path(),
    name: Annotated[
        str, typer.Option(help="The organisation's name; by default the folder's.", show_default=False)
    ] = "",
    domain: Annotated[
        str, typer.Option(help="Of the e-mail addresses of its people; by default NAME.example.", show_default=False)
    ] = "",
    time_zone: Annotated[str, typer.Option(help="In which the books are closed.")] = "UTC",
    finance: Annotated[str, typer.Option(metavar="OWNERS", help="The code owners of budgets.")] = "@finance",
    technology: Annotated[str, typer.Option(metavar="OWNERS", help="The code owners of models.")] = "@technology",
    ci: Annotated[Ci, typer.Option(help="Whose checks are set up.")] = Ci.GITHUB,
    repository: Annotated[
        str, typer.Option(metavar="URL", help="Where Governor's own repository is, for checks and hooks.")
    ] = "https://github.com/governor/governor",
    output: OutputOption = Output.TABLE,
) -> None:
    """Begin a policy repository: policies that are valid, tests that pass, checks, and owners who must agree.

    Nothing that is there already is overwritten.
    """
    called = name or _as_name(folder.resolve().name)
    files = starter_files(
        name=_checked(called, _NAME, "--name", "acme"),
        domain=_checked(domain or f"{called}.example", _DOMAIN, "--domain", "acme.example"),
        time_zone=_zone(time_zone),
        finance=_checked(finance, _OWNERS, "--finance", "@acme/finance"),
        technology=_checked(technology, _OWNERS, "--technology", "@acme/technology"),
        ci=ci,
        repository=_checked(repository.removesuffix("/"), _URL, "--repository", "https://github.com/owner/name"),
    )
    there = sorted(path for path in files if (folder / path).exists())
    if there:
        names = ", ".join(f"`{path}`" for path in there[:5])
        raise FindingError(f"{names} exist already, and nothing was written; name an empty folder: governor init DIR")
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    if output is Output.JSON:
        print_json({"folder": folder.as_posix(), "written": sorted(files)})
        return
    written = [path for path in files if not path.startswith("schemas/")]
    say(f"written to {folder}: {', '.join(written)}, and the schemas that editors read")
    say("next: put your people into policies/organization.yaml, run `governor test policies`, and `git init`")


def _as_name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "acme"


def _checked(text: str, pattern: re.Pattern[str], option: str, example: str) -> str:
    if pattern.fullmatch(text) is None:
        raise InvalidRequestError(f"`{text[:80]}` cannot be {option}; write it like {example}")
    return text


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise InvalidRequestError(f"`{name[:80]}` is no time zone; write it like Europe/Berlin")
    return name
