"""The policies of a git revision, or of the working tree."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from governor.clients.git import GitRepository, write_files
from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import compile_folder
from governor.compiler.problems import Problem
from governor.core.decisions.snapshot import PolicySet
from governor.core.errors import GovernorError
from governor.edges.cli.mistakes import FindingError
from governor.edges.cli.printing import progress

WORKING_TREE = ""
"""The revision of what is not committed yet."""


class BrokenVersionError(FindingError):
    """A version whose policies have errors: a finding, not a wrong use.

    Attributes:
        what: What is the matter, as a part of a sentence.
    """

    code = "invalid_policies"

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.what = f"the policies of {name} have errors"
        lines = "\n".join(map(str, problems))
        super().__init__(f"{self.what}; mend them first\n{lines}")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the policies.

    Attributes:
        name: As people call it: ``main (3f2a91c04d5e)``, ``the working tree``.
        commit: Its full id, or ``""`` for the working tree.
    """

    name: str
    commit: str
    policies: PolicySet

    def document(self) -> dict[str, str]:
        """Return what identifies it."""
        return {"name": self.name, "commit": self.commit, "version": self.policies.version}


def read_version(revision: str, folder: Path, now: datetime) -> Version:
    """Compile the policies of a revision.

    Args:
        revision: A branch, a tag, a commit; ``WORKING_TREE`` for the files as they are.
        folder: The policy folder in the working tree.
        now: For warnings about dates.

    Raises:
        GovernorError: If there is no such folder or revision.
        BrokenVersionError: If its policies have errors.
    """
    if revision == WORKING_TREE:
        if not folder.is_dir():
            raise GovernorError(f"there is no policy folder `{folder}`; name one with --policies")
        return Version("the working tree", "", _compiled(folder, "the working tree", now))
    with folder_at(revision, folder) as (commit, place):
        name = f"{revision} ({commit[:12]})"
        return Version(name, commit, _compiled(place, name, now))


@contextmanager
def folder_at(revision: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Give a copy of a folder as it was in a commit, with the commit's id, for as long as it is looked at.

    Raises:
        GovernorError: If the folder is in no repository, or the revision has no such folder.
    """
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
    repository = GitRepository.around(existing)
    commit = repository.commit(revision).id
    try:
        inside = folder.resolve().relative_to(repository.root.resolve()).as_posix()
    except ValueError:
        raise GovernorError(f"`{folder}` is outside the repository `{repository.root}`") from None
    with TemporaryDirectory(prefix="governor-") as temporary:
        place = Path(temporary) / (folder.name or "policies")
        place.mkdir()
        write_files(repository.files(commit, inside), place)
        yield commit, place


def _compiled(folder: Path, name: str, now: datetime) -> PolicySet:
    with progress() as bar:
        bar.add_task(f"compiling {name}", total=None, note="")
        compiled = compile_folder(folder, now, genai_prices())
    if compiled.policies is None:
        raise BrokenVersionError(name, compiled.problems)
    return compiled.policies
