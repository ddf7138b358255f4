"""``governor policies``: which commits went live, what they say, and the way back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from governor.clients.clock import Clock, clock_from
from governor.clients.price_catalogue import genai_prices
from governor.compiler.worker import compile_in_process
from governor.core.errors import GovernorError
from governor.core.policy.place import GitPlace
from governor.core.policy.releases import Outcome, Release
from governor.edges.cli.identity import ByOption, operator
from governor.edges.cli.mistakes import FINDING, MistakeGroup
from governor.edges.cli.options import DatabaseOption, PoliciesOption, run
from governor.edges.cli.printing import Output, OutputOption, complain, console, print_json, say, table
from governor.edges.cli.workbench import open_store
from governor.services.policies.publisher import Publisher
from governor.services.policies.rollback import roll_back
from governor.services.policies.sync import Found, SyncResult
from governor.settings import Settings, load_settings
from governor.store.policy_releases import list_releases
from governor.store.policy_versions import find_texts, list_policy_versions, read_policy_files
from governor.wiring.policies import policy_syncer

app = typer.Typer(
    name="policies",
    cls=MistakeGroup,
    help="Show which commits of the policies went live and what they say, sync the branch, and roll back.",
    no_args_is_help=True,
    epilog="Example: governor policies log",
)

CommitArgument = Annotated[str, typer.Argument(metavar="[COMMIT]", help="Its id, or the beginning of it.")]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="How many lines at most.")]


@app.command(epilog="Example: governor policies log --limit 20")
def log(
    *,
    limit: LimitOption = 50,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List commits that went live or were refused, the latest first; for a folder, the texts that decided."""

    async def work() -> list[dict[str, Any]]:
        async with open_store(load_settings(database_url=database)) as store:
            releases = await store.read(lambda connection: list_releases(connection, limit=limit))
            if releases:
                return [_line(release) for release in releases]
            versions = await store.read(lambda connection: list_policy_versions(connection, limit=limit))
            return [{"at": at.isoformat(), "commit": "", "digest": version} for version, at in versions]

    lines = run(work())
    if output is Output.JSON:
        print_json({"versions": lines})
    elif not lines:
        say("no policies have decided yet")
    else:
        columns = ("when", "commit", "text", "what", "why", "by", "reason")
        rows = [
            (
                line["at"],
                line["commit"][:12],
                line["digest"][:12],
                line.get("outcome", "live"),
                line.get("origin", "folder"),
                line.get("by", ""),
                line.get("reason", "").partition("\n")[0],
            )
            for line in lines
        ]
        console().print(table("policies", columns, rows))


@app.command(epilog="Example: governor policies show 3f1c0d9e --file quotas.yaml")
def show(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A commit or a text's digest, or its beginning.")],
    *,
    file: Annotated[str, typer.Option(help="Only this file.", show_default=False)] = "",
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print the text of the policies that decided under a version, as it was."""

    async def work() -> dict[str, str]:
        async with open_store(load_settings(database_url=database)) as store:
            found = await store.read(lambda connection: find_texts(connection, version.lower()))
            if len(found) > 1:
                raise GovernorError(
                    f"`{version[:64]}` is the beginning of several texts: {', '.join(each[:16] for each in found)}; "
                    "write more of it",
                    code="not_found",
                )
            files = await store.read(lambda connection: read_policy_files(connection, found[0])) if found else None
            if files is None:
                raise GovernorError(
                    f"no text of `{version[:64]}` is kept; `governor policies log` lists what is", code="not_found"
                )
            return files

    files = run(work())
    shown = {name: text for name, text in files.items() if file in {"", name}}
    if not shown:
        raise GovernorError(f"there was no file `{file}`; there were {', '.join(sorted(files))}", code="not_found")
    if output is Output.JSON:
        print_json({"version": version, "files": shown})
        return
    for name, text in sorted(shown.items()):
        say(f"# --- {name}")
        say(text.rstrip("\n"))


@app.command(epilog='Example: governor policies rollback 3f1c0d9e --reason "the new limits stop the support bots"')
def rollback(
    commit: CommitArgument = "",
    *,
    reason: Annotated[str, typer.Option(help="Why, for the log.")],
    by: ByOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let a commit decide again that was live before (by default the one before the present), on every worker.

    It stays until the branch moves: the next commit there goes live as usual.
    """
    settings = load_settings(policies=policies, database_url=database)

    async def work() -> Release:
        async with _publisher(settings) as (publisher, clock):
            return await roll_back(publisher, commit, by=operator(by).person, reason=reason, now=clock.now())

    release = run(work())
    if output is Output.JSON:
        print_json(_line(release))
    else:
        say(f"commit {release.commit} decides again from {release.live_at.isoformat()}, until the branch moves")


@app.command(epilog="Example: governor policies sync")
def sync(
    *,
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Look at the branch now: exit code 0 if what it says is served, 1 if it is refused or cannot be read."""
    settings = load_settings(policies=policies, database_url=database)
    place = settings.policies
    if not isinstance(place, GitPlace):
        raise GovernorError(
            f"`{place}` is a folder, which a server watches; set GOVERNOR_POLICIES to `git+https://...` to sync",
            code="not_a_repository",
        )

    async def work() -> SyncResult:
        async with _publisher(settings) as (publisher, _):
            return await policy_syncer(settings, place, publisher).sync(again=True)

    result = run(work())
    if output is Output.JSON:
        print_json({"found": result.found, "commit": result.commit, "problems": list(result.problems)})
    else:
        say(f"{result.found} {result.commit}".rstrip())
        for problem in result.problems:
            complain(problem)
    if result.found in {Found.REFUSED, Found.UNREACHABLE}:
        raise typer.Exit(FINDING)


@asynccontextmanager
async def _publisher(settings: Settings) -> AsyncIterator[tuple[Publisher, Clock]]:
    clock = clock_from(settings.clock)
    async with open_store(settings) as store:
        yield (
            Publisher(catalogues=genai_prices, compile_policies=compile_in_process, database=store, now=clock.now),
            clock,
        )


def _line(release: Release) -> dict[str, Any]:
    return {
        "at": release.decided_at.isoformat(),
        "commit": release.commit,
        "digest": release.digest,
        "outcome": release.outcome,
        "origin": release.origin,
        "live_at": release.live_at.isoformat() if release.outcome is Outcome.LIVE else None,
        "by": release.by,
        "reason": release.reason,
    }
