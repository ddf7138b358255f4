"""``governor replay``: what would have happened to recorded traffic."""

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Group

from governor.core.decisions.snapshot import Snapshot
from governor.edges.cli.load_policies import load_snapshot, policy_folder
from governor.edges.cli.money_words import cents
from governor.edges.cli.options import PoliciesOption
from governor.edges.cli.printing import Output, OutputOption, console, print_json, progress, table
from governor.edges.cli.recorded_traffic import Traffic, from_file, start_of
from governor.services.garbage import settle_garbage_collector
from governor.services.replay import Replay, ReplayOptions

EXAMPLE = "Example: governor replay trace.csv.gz --policies policies --model gpt-4o-mini"
NUMBERS = ("requests", "allowed", "denied", "substituted", "cost (USD)", "input tokens", "output tokens")


def replay(
    *,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="The recording: Azure, Mooncake, BurstGPT or our own JSON lines."
        ),
    ],
    policies: PoliciesOption = None,
    model: Annotated[
        str, typer.Option(metavar="ID", help="The model where the recording names none.", show_default=False)
    ] = "",
    start: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Where a recording without a calendar begins, like 2026-11-20T09:00:00Z; by default today, 00:00 UTC.",
            show_default=False,
        ),
    ] = "",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out lines that cannot be read.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run recorded requests through the policies, in memory, on the clock of the recording.

    A request settles with its recorded output after its recorded duration, else at once.
    """
    folder = policy_folder(policies)
    with from_file(file, start=start, skip_bad=skip_bad) as traffic:
        snapshot = load_snapshot(folder, start_of(start))
        settle_garbage_collector()
        began_s = perf_counter()
        finished = _run(snapshot, traffic, ReplayOptions(model, traffic.offset_s))
        document = finished.summary.document(perf_counter() - began_s)
    if output is Output.JSON:
        print_json(document)
    else:
        console().print(summary_tables(document, file.name))


def _run(snapshot: Snapshot, traffic: Traffic, options: ReplayOptions) -> Replay:
    replay = Replay(snapshot, options)
    with progress() as bar:
        task = bar.add_task(f"replaying {traffic.name}", total=traffic.total, note="")
        for count in replay.run(traffic.rows):
            # Not left to the bar's own thread, which a busy interpreter may keep waiting to the end.
            bar.update(task, completed=traffic.done(), note=f"{count:,} requests", refresh=True)
    return replay


def summary_tables(document: dict[str, Any], name: str) -> Group:
    """Render a summary as tables: in all, by department, by model, and what refused."""
    rate = document["requests"] / document["seconds"] if document["seconds"] else 0
    total = table(
        f"{name}: {document['requests']:,} requests in {document['seconds']:.1f} s ({rate:,.0f} a second)",
        NUMBERS,
        [_cells(document)],
        right=NUMBERS,
    )
    by_policy = table(
        "Refused by",
        ("policy", "requests"),
        ((policy, f"{sums['denied']:,}") for policy, sums in document["by_policy"].items()),
        right=("requests",),
    )
    parts = [total, "", _by("department", document["by_department"]), "", _by("model", document["by_model"])]
    return Group(*parts, *(("", by_policy) if document["by_policy"] else ()))


def _by(what: str, tallies: dict[str, Any]) -> Any:
    rows = [(name, *_cells(sums)) for name, sums in tallies.items()]
    return table(f"By {what}", (what, *NUMBERS), rows, right=NUMBERS)


def _cells(sums: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{sums['requests']:,}",
        f"{sums['allowed']:,}",
        f"{sums['denied']:,}",
        f"{sums['substituted']:,}",
        cents(sums["cost_usd"]),
        f"{sums['input_tokens']:,}",
        f"{sums['output_tokens']:,}",
    )
