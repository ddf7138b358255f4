"""Git, read through its own command: which commit a revision is, and what a folder held in it.

Nothing is checked out and no index is touched, so a working tree can be edited meanwhile.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from governor.core.errors import GovernorError

TIMEOUT_S = 60.0
"""No question takes longer: a repository that hangs is one that is down."""

FILES_MAX = 50_000
"""More files than any policy folder has: a larger one is not a folder of policies."""

_ELSEWHERE = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"}
)
"""Variables that a hook's git leaves behind."""

_LINK = b"120000"
_LINKS_MAX = 8


class GitError(GovernorError):
    """Git is missing, the folder is in no repository, or the repository does not have what is asked for."""

    code = "git_error"


class NoFolderError(GitError):
    """A commit that has no such folder."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its full id, who wrote it when (RFC 3339), and the first line of its message."""

    id: str
    author: str
    written_at: str
    subject: str


class GitRepository:
    """A repository on disk, bare or with a working tree.

    Args:
        root: Its working tree's top, or the bare repository.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def around(cls, folder: Path) -> "GitRepository":
        """Return the repository whose working tree contains a folder.

        Raises:
            GitError: If there is none.
        """
        try:
            top = run_git(folder, "rev-parse", "--show-toplevel")
        except GitError as error:
            raise GitError(f"`{folder}` is in no git repository; run `git init`, or name a folder of one") from error
        return cls(Path(os.fsdecode(top).rstrip("\n")))

    def commit(self, revision: str) -> Commit:
        """Return the commit that a revision means: a branch, a tag, ``HEAD~2``, an id.

        Raises:
            GitError: If there is none.
        """
        missing = f"`{revision}` is no commit of this repository; try `git log --oneline`"
        if revision.startswith("-"):
            # Git would take it for an option.
            raise GitError(missing)
        try:
            text = run_git(self.root, "log", "-1", "--format=%H%n%an%n%cI%n%s", f"{revision}^{{commit}}", "--")
        except GitError as error:
            raise GitError(missing) from error
        commit_id, author, written_at, subject = text.decode("utf-8", "replace").split("\n", 3)
        return Commit(commit_id, author, written_at, subject.rstrip("\n"))

    def files(self, commit_id: str, folder: str = "") -> dict[str, bytes]:
        """Return the files of a folder in a commit, by their path in it.

        Symbolic links are followed inside the folder; those that lead out of it are left out, as submodules are.

        Args:
            commit_id: The full id, from ``commit``.
            folder: Path from the repository's top, with forward slashes; ``""`` for all of it.

        Raises:
            NoFolderError: If the commit has no such folder.
        """
        tree = f"{commit_id}:{folder.strip('/')}" if folder.strip("./") else commit_id
        try:
            listing = run_git(self.root, "ls-tree", "-r", "-z", "--full-tree", tree)
        except GitError as error:
            raise NoFolderError(f"commit {commit_id[:12]} has no folder `{folder}`") from error
        entries = dict(_entries(listing))
        if len(entries) > FILES_MAX:
            raise GitError(
                f"`{folder}` has more than {FILES_MAX:,} files in commit {commit_id[:12]}; name its policies"
            )
        blobs = self._blobs([blob for _, blob in entries.values()])
        links = {
            path: blobs[blob].decode("utf-8", "replace") for path, (mode, blob) in entries.items() if mode == _LINK
        }
        found: dict[str, bytes] = {}
        for path in entries:
            target = _followed(path, links)
            if target in entries:
                found[path] = blobs[entries[target][1]]
        return found

    def _blobs(self, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """Read many objects in one process."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        output = run_git(self.root, "cat-file", "--batch", given=b"\n".join(wanted) + b"\n")
        blobs: dict[bytes, bytes] = {}
        position = 0
        for blob in wanted:
            end = output.index(b"\n", position)
            size = int(output[position:end].rpartition(b" ")[2])
            blobs[blob] = output[end + 1 : end + 1 + size]
            position = end + size + 2
        return blobs


def _entries(listing: bytes) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    """Yield path, mode and object of everything that has content."""
    for line in listing.split(b"\0"):
        if line:
            facts, _, path = line.partition(b"\t")
            mode, kind, blob = facts.split()
            # A tree that was made to lead out of its folder is no tree that git itself would make.
            if kind == b"blob" and b".." not in path.split(b"/") and not path.startswith(b"/"):
                yield os.fsdecode(path), (mode, blob)


def _followed(path: str, links: dict[str, str]) -> str:
    """Return where a path leads after its links; ``""`` if that is outside or in a circle."""
    for _ in range(_LINKS_MAX):
        if path not in links:
            return path
        path = os.path.normpath(PurePosixPath(path).parent / links[path])
        if path.startswith(("..", "/")):
            return ""
    return ""


def run_git(
    folder: Path, *arguments: str, given: bytes = b"", timeout_s: float = TIMEOUT_S, errors_too: bool = False
) -> bytes:
    """Run git without asking anybody anything.

    Args:
        folder: Where it runs.
        arguments: The command and its own.
        given: Its standard input.
        timeout_s: How long it may take.
        errors_too: Whether what it says on standard error follows what it prints: some results are only there.

    Raises:
        GitError: If it fails, with its last words.
    """
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and revisions cannot be options
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git that the person uses
            input=given,
            capture_output=True,
            env=_environment(),
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise GitError("`git` is not installed, or not on the path") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git took longer than {timeout_s:g} seconds") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(_last_words(said) or f"git {arguments[0]} failed")
    return done.stdout + done.stderr if errors_too else done.stdout


def _last_words(said: list[str]) -> str:
    """Return what git calls fatal or an error; hints around it are for whoever sits at the terminal."""
    reasons = [line.partition(": ")[2] for line in said if line.startswith(("fatal: ", "error: "))]
    return "; ".join(reasons or said[-1:])[:500]


def _environment() -> dict[str, str]:
    """Return this process's environment, without what points git elsewhere and without prompts."""
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    ssh = kept.get("GIT_SSH_COMMAND", "ssh") + " -o BatchMode=yes"
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": ssh, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}


def write_files(files: dict[str, bytes], destination: Path) -> None:
    """Write files into a new folder, as ``GitRepository.files`` returned them."""
    for path, content in files.items():
        place = destination / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
