"""``governor replay``: what would have happened to recorded traffic."""

from datetime import UTC, datetime, time
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.progress import Progress

from governor.clients.clock import SystemClock
from governor.clients.recordings import Recording, open_recording
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.edges.cli.load_policies import load_snapshot
from governor.edges.cli.options import PoliciesOption
from governor.edges.cli.printing import Output, OutputOption, complain, console, print_json, progress, table
from governor.services.garbage import settle_garbage_collector
from governor.services.replay import Replay, ReplayOptions
from governor.settings import load_settings

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
    folder = policies or load_settings().policies
    with open_recording(file) as recording:
        begins_at = _start(start)
        snapshot = load_snapshot(folder, begins_at)
        offset_s = 0.0 if recording.dated else begins_at.timestamp()
        settle_garbage_collector()
        began_s = perf_counter()
        finished = _run(snapshot, recording, ReplayOptions(model, offset_s), skip_bad=skip_bad)
        document = finished.summary.document(perf_counter() - began_s)
        if recording.skipped:
            complain(f"{recording.skipped:,} lines could not be read and were left out")
    if output is Output.JSON:
        print_json(document)
    else:
        console().print(summary_tables(document, file.name))


def _start(text: str) -> datetime:
    if not text:
        return datetime.combine(SystemClock().now().date(), time(), UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"`{text}` is not a time; write it like 2026-11-20T09:00:00Z") from error
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _run(snapshot: Snapshot, recording: Recording, options: ReplayOptions, *, skip_bad: bool) -> Replay:
    replay = Replay(snapshot, options)
    with progress() as bar:
        task = bar.add_task(f"replaying {recording.path.name}", total=recording.bytes_total, note="")
        for count in replay.run(recording.rows(skip_bad=skip_bad)):
            _show(bar, task, recording, count)
    return replay


def _show(bar: Progress, task: Any, recording: Recording, count: int) -> None:
    bar.update(task, completed=recording.bytes_read, note=f"{count:,} requests")


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


def cents(usd: str) -> str:
    """Shorten an exact amount of USD for people: ``"1234.567000000"`` is ``"1,234.57"``."""
    whole, _, fraction = usd.partition(".")
    hundredths = int(whole) * 100 + (int(fraction[:3] or 0) + 5) // 10
    return f"{hundredths // 100:,}.{hundredths % 100:02d}"
