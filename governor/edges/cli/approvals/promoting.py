"""``governor exceptions promote``: the policy change that would make an exception permanent, for a pull request."""

from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from governor.clients.clock import clock_from
from governor.compiler.amend import amend
from governor.compiler.load import compile_folder
from governor.edges.cli.approvals.office import IdArgument
from governor.edges.cli.load_policies import policy_folder
from governor.edges.cli.mistakes import FindingError
from governor.edges.cli.options import DatabaseOption, PoliciesOption, run
from governor.edges.cli.printing import Output, OutputOption, print_json, say
from governor.edges.cli.workbench import Workbench, open_workbench
from governor.services.grants import GrantKeeper
from governor.services.promote import Amendment, amendments_of
from governor.settings import Settings, load_settings


def promoting_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: governor exceptions promote 01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e")(promote)


def promote(
    *,
    exception_id: IdArgument,
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be changed.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Write what was granted into the policies, for exactly whom it was granted; shows the change and keeps comments.

    The files in the policy folder are changed, and nothing else: review it, test it, and open a pull request.
    """
    settings = load_settings(policies=policies, database_url=database)
    folder = policy_folder(policies)
    found = run(_amendments(exception_id, settings))
    before = {one.file: (folder / one.file).read_text(encoding="utf-8") for one in found}
    after = dict(before)
    for one in found:
        after[one.file] = amend(after[one.file], one.ref, one.change)
    difference = "\n".join(_difference(file, before[file], text) for file, text in after.items())
    if not dry_run:
        _write(folder, before, after, settings)
    if output is Output.JSON:
        changes = [{"policy": one.ref, "file": (folder / one.file).as_posix(), "change": one.words} for one in found]
        print_json({"written": not dry_run, "changes": changes, "diff": difference})
        return
    typer.echo(difference)
    if dry_run:
        say("nothing was written")
        return
    for one in found:
        say(f"{one.words}; written to {folder / one.file}")


def _difference(file: str, before: str, after: str) -> str:
    return "\n".join(unified_diff(before.splitlines(), after.splitlines(), f"a/{file}", f"b/{file}", lineterm=""))


async def _amendments(exception_id: str, settings: Settings) -> list[Amendment]:
    async with open_workbench(settings) as bench:
        return await _of_grant(bench, exception_id)


async def _of_grant(bench: Workbench, exception_id: str) -> list[Amendment]:
    keeper = GrantKeeper(bench.snapshots, bench.ledger, bench.database)
    view = await keeper.view(exception_id, bench.now)
    return amendments_of(bench.snapshots.current, view.grant, bench.now)


def _write(folder: Path, before: dict[str, str], after: dict[str, str], settings: Settings) -> None:
    """Write files; if the policies have errors then, they become what they were."""
    for file, text in after.items():
        (folder / file).write_text(text, encoding="utf-8")
    compiled = compile_folder(folder, clock_from(settings.clock).now())
    if compiled.policies is not None:
        return
    for file, text in before.items():
        (folder / file).write_text(text, encoding="utf-8")
    first = next(iter(compiled.problems), "")
    raise FindingError(f"the policies would have errors, so nothing was changed: {first}")
