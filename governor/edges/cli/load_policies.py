"""The policies that a command works with, or every reason why there are none."""

from datetime import datetime
from pathlib import Path

from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import compile_folder
from governor.core.decisions.snapshot import PolicySet, Snapshot
from governor.core.errors import GovernorError
from governor.edges.cli.printing import progress


class InvalidFolderError(GovernorError):
    """A policy folder that does not compile."""

    code = "invalid_policies"


def load_snapshot(folder: Path, now: datetime) -> Snapshot:
    """Compile a folder and index it, without any database: for replays, which begin with nothing.

    Raises:
        InvalidFolderError: If it is missing or has errors; the message lists them.
    """
    return Snapshot.build(load_policies(folder, now), genai_prices())


def load_policies(folder: Path, now: datetime) -> PolicySet:
    """Compile a folder.

    Raises:
        InvalidFolderError: If it is missing or has errors; the message lists them.
    """
    if not folder.is_dir():
        raise InvalidFolderError(f"there is no policy folder `{folder}`; name one with --policies")
    with progress() as bar:
        bar.add_task(f"compiling {folder}", total=None, note="")
        compiled = compile_folder(folder, now, genai_prices())
    if compiled.policies is None:
        lines = "\n".join(str(problem) for problem in compiled.problems)
        raise InvalidFolderError(f"the policies in `{folder}` have errors; mend them first\n{lines}")
    return compiled.policies
