"""The policies that a command works with, or every reason why there are none."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import compile_folder
from governor.compiler.problems import Problem
from governor.core.decisions.snapshot import PolicySet, Snapshot
from governor.core.errors import GovernorError
from governor.core.policy.place import GitPlace
from governor.edges.cli.printing import progress
from governor.settings import load_settings


class InvalidFolderError(GovernorError):
    """A policy folder that does not compile; ``problems`` are the reasons, if it was read at all."""

    code = "invalid_policies"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__("\n".join((message, *map(str, problems))))
        self.problems = problems


def policy_folder(given: str | None = None) -> Path:
    """Return the folder that an option or GOVERNOR_POLICIES names, for commands that work on files.

    Raises:
        InvalidFolderError: If it is a repository: those commands work on a checkout.
    """
    place = load_settings(policies=given).policies
    if isinstance(place, GitPlace):
        raise InvalidFolderError(f"`{place.shown}` is a repository; name a folder, such as your checkout of it")
    return place


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
        raise InvalidFolderError(f"the policies in `{folder}` have errors; mend them first", compiled.problems)
    return compiled.policies
