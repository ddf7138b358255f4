"""A branch of a git repository, through the ``git`` command: where it stands, what a commit says, and who signed it.

Nothing of a commit is ever run: no hooks, no filters, no submodules, no links. Prompts for passwords fail at once;
credentials come from the environment of git (helpers, SSH agent) or from the URL.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from governor.core.errors import GovernorError
from governor.core.policy.place import GitPlace

TIMEOUT_S = 60.0
"""How long one command of git may take: a repository that hangs is one that is down."""

_SAFE = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.symlinks=false",
    "-c",
    "core.autocrlf=false",
    "-c",
    "protocol.ext.allow=never",
    "-c",
    "gc.auto=0",
)
_SIGNER = re.compile(r'Good "git" signature for (\S+) with')
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class RepositoryError(GovernorError):
    """The repository cannot be read; what is served stays."""

    code = "repository_unreadable"


class MissingFolderError(RepositoryError):
    """The commit has no folder of the configured name."""

    code = "missing_folder"


class GitRemote:
    """One branch of one repository.

    Args:
        place: Repository, branch and folder.
        timeout_s: How long one command of git may take.
    """

    def __init__(self, place: GitPlace, *, timeout_s: float = TIMEOUT_S) -> None:
        self.place = place
        self._timeout_s = timeout_s

    async def head(self) -> str:
        """Return the commit at which the branch stands, without fetching it.

        Raises:
            RepositoryError: If the repository does not answer or has no such branch.
        """
        wanted = f"refs/heads/{self.place.branch}" if self.place.branch else "HEAD"
        listed = await self._git("ls-remote", "--", self.place.url, wanted)
        for line in listed.splitlines():
            commit, _, name = line.partition("\t")
            if name == wanted:
                return commit
        branches = await self._git("ls-remote", "--heads", "--", self.place.url)
        names = sorted(line.partition("\trefs/heads/")[2] for line in branches.splitlines())
        if not names:
            raise RepositoryError("the repository has no commits yet; push the policies to it")
        missing = f"`{self.place.branch}`" if self.place.branch else "of its own"
        raise RepositoryError(
            f"the repository has no branch {missing}; it has {', '.join(names[:10])}: name one after `#`"
        )

    @asynccontextmanager
    async def commit(self, commit: str) -> AsyncIterator["FetchedCommit"]:
        """Fetch one commit into a folder that is removed afterwards.

        Raises:
            RepositoryError: If the repository does not answer or no longer has the commit.
        """
        with tempfile.TemporaryDirectory(prefix="governor-policies-", ignore_cleanup_errors=True) as scratch:
            repository = Path(scratch) / "repository.git"
            await self._git("init", "--quiet", "--bare", str(repository))
            await self._fetch(repository, commit)
            yield FetchedCommit(self, repository, commit, Path(scratch) / "tree")

    async def _fetch(self, repository: Path, commit: str) -> None:
        inside = ("--git-dir", str(repository))
        options = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--depth", "1", "--", self.place.url)
        try:
            await self._git(*inside, *options, commit)
        except RepositoryError:
            # Not every server gives a commit by its id; the branch is where it should be.
            await self._git(*inside, *options, f"refs/heads/{self.place.branch}" if self.place.branch else "HEAD")

    async def _git(self, *arguments: str, directory: Path | None = None) -> str:
        return await run_git(*arguments, directory=directory, timeout_s=self._timeout_s)


class FetchedCommit:
    """A commit on this machine, for as long as it is looked at. Made by ``GitRemote.commit``."""

    def __init__(self, remote: GitRemote, repository: Path, commit: str, tree: Path) -> None:
        self._remote = remote
        self._repository = repository
        self._commit = commit
        self._tree = tree

    async def files(self) -> Path:
        """Write the files of the commit and return the folder of the policies.

        Raises:
            MissingFolderError: If the commit has no such folder.
            RepositoryError: If the branch has moved away meanwhile.
        """
        self._tree.mkdir(exist_ok=True)
        tree = ("--git-dir", str(self._repository), "--work-tree", str(self._tree))
        try:
            await run_git(*tree, "checkout", "--quiet", "--force", self._commit, "--", self._remote.place.folder or ".")
        except RepositoryError as error:
            if "did not match any file" in error.message:
                raise MissingFolderError(
                    f"commit {self._commit[:12]} has no folder `{self._remote.place.folder}`; name one after `:`"
                ) from None
            raise
        return self._tree / self._remote.place.folder

    async def signer(self, allowed_signers: Path) -> str | None:
        """Return who signed the commit, or None if nobody of the list did.

        Args:
            allowed_signers: A file of principals and their SSH keys, as ``ssh-keygen`` takes it.
        """
        trusted = f"gpg.ssh.allowedSignersFile={_absolute(allowed_signers)}"
        try:
            said = await run_git(
                "-c",
                trusted,
                "--git-dir",
                str(self._repository),
                "verify-commit",
                "--raw",
                self._commit,
                errors_too=True,
            )
        except RepositoryError:
            return None
        match = _SIGNER.search(said)
        return match[1] if match is not None else None


async def run_git(
    *arguments: str, directory: Path | None = None, timeout_s: float = TIMEOUT_S, errors_too: bool = False
) -> str:
    """Run one command of git and return what it printed.

    Raises:
        RepositoryError: If git is missing, fails, or takes too long; with its own last words, credentials masked.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *_SAFE,
            *arguments,
            cwd=directory,
            env=_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        raise RepositoryError("policies come from git, and there is no `git` command; install it") from None
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await process.communicate()
    except TimeoutError:
        raise RepositoryError(f"git did not finish within {timeout_s:g} seconds") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise RepositoryError(_last_words(err.decode("utf-8", "replace")))
    return (out + err if errors_too else out).decode("utf-8", "replace")


def _absolute(path: Path) -> Path:
    return path.absolute()


def _last_words(text: str) -> str:
    lines = [line.removeprefix("fatal: ").removeprefix("error: ") for line in text.splitlines() if line.strip()]
    said = "; ".join(lines[:3]) or "git gave no reason"
    return _CREDENTIALS.sub("", said)[:500]


def _environment() -> dict[str, str]:
    """Return the environment of this process, without variables that point git elsewhere, and without prompts."""
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    ssh = kept.get("GIT_SSH_COMMAND", "ssh") + " -o BatchMode=yes"
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": ssh, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}


_ELSEWHERE = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"}
)
