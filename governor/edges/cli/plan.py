"""``governor plan``: what a change of the policies says, and what it would have meant for recorded requests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from governor.clients.clock import clock_from
from governor.clients.git import NoFolderError
from governor.clients.price_catalogue import genai_prices
from governor.compiler.check.moves import check_moves
from governor.compiler.check.succession import check_succession
from governor.core.decisions.blocks import Blocks
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.grants import Grants
from governor.core.policy_changes.compare import compare
from governor.edges.cli.instants import instant_of
from governor.edges.cli.load_policies import policy_folder
from governor.edges.cli.mistakes import FINDING
from governor.edges.cli.options import DatabaseOption, PoliciesOption, run
from governor.edges.cli.plan_report import as_markdown, as_text
from governor.edges.cli.printing import console, print_json, progress, say
from governor.edges.cli.recorded_traffic import Traffic, from_database, from_file
from governor.edges.cli.revisions import WORKING_TREE, BrokenVersionError, Version, read_version
from governor.edges.cli.workbench import open_store
from governor.services.blocks import blocks_as_they_acted
from governor.services.garbage import settle_garbage_collector
from governor.services.grants import grants_as_they_acted
from governor.services.open_database import open_database
from governor.services.plan_replay import PlanReplay
from governor.services.plan_wire import plan_alone_wire, plan_wire
from governor.services.replay import ReplayOptions
from governor.settings import Settings, load_settings
from governor.store.database import SCAN_CACHE_KIB

EXAMPLE = "Example: governor plan --from main --since 2026-10-01T00:00:00Z --output markdown"


class Format(StrEnum):
    """How a plan is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be replayed, and how it is read."""

    trace: Path | None
    since: datetime | None
    until: datetime | None
    model: str
    start: str
    skip_bad: bool


def plan(
    *,
    before: Annotated[
        str, typer.Option("--from", metavar="REV", help="The version in force: a branch, a tag, a commit.")
    ] = "HEAD",
    after: Annotated[
        str,
        typer.Option("--to", metavar="REV", help="The version proposed; by default the files as they are now."),
    ] = WORKING_TREE,
    policies: PoliciesOption = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="Replay this recording, in any format of `governor replay`.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Replay what was recorded from here on.", show_default=False)
    ] = "",
    until: Annotated[
        str, typer.Option(metavar="TIME", help="Replay what was recorded up to here.", show_default=False)
    ] = "",
    model: Annotated[
        str, typer.Option(metavar="ID", help="The model where the recording names none.", show_default=False)
    ] = "",
    start: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Where a recording without a calendar begins; by default today, 00:00 UTC.",
            show_default=False,
        ),
    ] = "",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out lines that cannot be read.")] = False,
    database: DatabaseOption = None,
    output: Annotated[
        Format, typer.Option("--output", "-o", help="For people, for programs, or for a pull request.")
    ] = Format.TABLE,
) -> None:
    """Show what a change of the policies says, and what it would have meant for recorded requests.

    Without --trace, --since or --until nothing is replayed. Exit code 0 if nothing differs, 1 if something does, or if
    the version in force has no policies or broken ones, so that there is nothing to compare with.
    """
    settings, folder = load_settings(policies=policies, database_url=database), policy_folder(policies)
    now = clock_from(settings.clock).now()
    wanted = _Wanted(
        trace,
        instant_of(since) if since else None,
        instant_of(until) if until else None,
        model,
        start,
        skip_bad,
    )
    if wanted.since is not None and wanted.until is not None and wanted.until <= wanted.since:
        raise InvalidRequestError("--until is not after --since")
    proposed = read_version(after, folder, now)
    try:
        in_force = read_version(before, folder, now)
    except (NoFolderError, BrokenVersionError) as error:
        # The first pull request, and the one that mends what is broken: neither is wrong, and both should be merged.
        why = error.what if isinstance(error, BrokenVersionError) else error.message
        document = plan_alone_wire(before, proposed.document(), why)
    else:
        document = _document(in_force, proposed, _replayed(in_force, proposed, wanted, settings), now)
    if output is Format.JSON:
        print_json(document)
    elif output is Format.MARKDOWN:
        say(as_markdown(document))
    else:
        console().print(as_text(document))
    if document["differs"]:
        raise typer.Exit(FINDING)


def _document(before: Version, after: Version, replay: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    return plan_wire(
        compare(before.policies, after.policies, now),
        (
            *check_succession(before.policies, after.policies, now),
            *check_moves(before.policies.organization, after.policies.organization, now),
        ),
        before=before.document(),
        after=after.document(),
        replay=replay,
    )


def _replayed(before: Version, after: Version, wanted: _Wanted, settings: Settings) -> dict[str, Any] | None:
    if wanted.trace is None and wanted.since is None and wanted.until is None:
        return None
    snapshots = [Snapshot.build(version.policies, genai_prices()) for version in (before, after)]
    if wanted.trace is None:
        # What was recorded here was decided under what stood beside the policies; a trace from elsewhere knows nothing
        # of that.
        blocks, grants = run(_beside_the_policies(settings))
        snapshots = [snapshot.with_blocks(blocks).with_grants(grants) for snapshot in snapshots]
    with _traffic(wanted, settings) as traffic:
        settle_garbage_collector()
        began_s = perf_counter()
        options = ReplayOptions(wanted.model, traffic.offset_s)
        replay = PlanReplay(snapshots[0], snapshots[1], options, traffic.past)
        with progress() as bar:
            task = bar.add_task(f"replaying {traffic.name}", total=traffic.total, note="")
            for count in replay.run(traffic.rows):
                # Not left to the bar's own thread, which a busy interpreter may keep waiting to the end.
                bar.update(task, completed=traffic.done(), note=f"{count:,} requests", refresh=True)
        return {"traffic": traffic.name, **replay.impact.document(perf_counter() - began_s)}


async def _beside_the_policies(settings: Settings) -> tuple[Blocks, Grants]:
    async with open_store(settings) as database:
        return await database.read(
            lambda connection: (blocks_as_they_acted(connection), grants_as_they_acted(connection))
        )


@contextmanager
def _traffic(wanted: _Wanted, settings: Settings) -> Iterator[Traffic]:
    if wanted.trace is not None:
        with from_file(
            wanted.trace, start=wanted.start, skip_bad=wanted.skip_bad, since=wanted.since, until=wanted.until
        ) as traffic:
            yield traffic
        return
    database = run(open_database(settings.database_url, cache_kib=SCAN_CACHE_KIB))
    try:
        with progress() as bar:
            bar.add_task("reading what had been used before", total=None, note="")
            traffic = from_database(database, wanted.since, wanted.until)
        yield traffic
    finally:
        run(database.close())
