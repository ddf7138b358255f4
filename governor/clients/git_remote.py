"""A branch of a repository somewhere else: where it stands, what a commit says, and who signed it.

Nothing of a commit is ever run: objects are read, not checked out, so there are no hooks, filters or submodules.
Prompts for passwords fail at once; credentials come from git's own environment (helpers, SSH agent) or from the URL.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from governor.clients.git import TIMEOUT_S, GitError, GitRepository, run_git, write_files
from governor.core.errors import GovernorError
from governor.core.policy.place import GitPlace

_SIGNER = re.compile(r'Good "git" signature for (\S+) with')
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_SAFE = ("-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0")


class RepositoryError(GovernorError):
    """The repository cannot be read; what is served stays."""

    code = "repository_unreadable"


class GitRemote:
    """One branch of one repository. Every method blocks: call it in a thread.

    Args:
        place: Repository, branch and folder.
        timeout_s: How long one command of git may take: a repository that hangs is one that is down.
    """

    def __init__(self, place: GitPlace, *, timeout_s: float = TIMEOUT_S) -> None:
        self.place = place
        self._ref = f"refs/heads/{place.branch}" if place.branch else "HEAD"
        self._timeout_s = timeout_s

    def head(self) -> str:
        """Return the commit at which the branch stands, without fetching it.

        Raises:
            RepositoryError: If the repository does not answer or has no such branch.
        """
        for commit, name in self._listed(self._ref):
            if name == self._ref:
                return commit
        names = sorted(name.removeprefix("refs/heads/") for _, name in self._listed("refs/heads/*"))
        if not names:
            raise RepositoryError("the repository has no commits yet; push the policies to it")
        missing = f"`{self.place.branch}`" if self.place.branch else "of its own"
        raise RepositoryError(
            f"the repository has no branch {missing}; it has {', '.join(names[:10])}: name one after `#`"
        )

    @contextmanager
    def fetched(self, commit: str) -> Iterator["FetchedCommit"]:
        """Fetch one commit for as long as it is looked at.

        Raises:
            RepositoryError: If the repository does not answer or no longer has the commit.
        """
        with tempfile.TemporaryDirectory(prefix="governor-policies-", ignore_cleanup_errors=True) as scratch:
            repository = Path(scratch) / "repository.git"
            self._git(Path(scratch), "init", "--quiet", "--bare", str(repository))
            # The commit and, for what a merge took over, its parents: never a history, however long it is.
            fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--depth", "2", "--", self.place.url)
            try:
                self._git(repository, *fetch, commit)
            except RepositoryError:
                # Not every server gives a commit by its id; the branch is where it should be.
                self._git(repository, *fetch, self._ref)
            yield FetchedCommit(repository, commit, self.place.folder, Path(scratch) / "policies")

    def _listed(self, pattern: str) -> list[tuple[str, str]]:
        listed = self._git(Path(tempfile.gettempdir()), "ls-remote", "--", self.place.url, pattern)
        lines = (line.partition("\t") for line in listed.decode("utf-8", "replace").splitlines())
        return [(commit, name) for commit, _, name in lines]

    def _git(self, folder: Path, *arguments: str) -> bytes:
        try:
            return run_git(folder, *_SAFE, *arguments, timeout_s=self._timeout_s)
        except GitError as error:
            raise RepositoryError(_CREDENTIALS.sub("", error.message)) from None


class FetchedCommit:
    """A commit on this machine. Made by ``GitRemote.fetched``.

    Args:
        repository: That holds it.
        commit: Its id.
        folder: Of the policies in it.
        place: Where their files may be written.
    """

    def __init__(self, repository: Path, commit: str, folder: str, place: Path) -> None:
        self._repository = repository
        self._commit = commit
        self._folder = folder
        self._place = place

    def policies(self) -> Path:
        """Write the policies and return their folder.

        Raises:
            GitError: If the commit has no such folder.
            RepositoryError: If the commit is not there: the branch has moved away meanwhile.
        """
        try:
            run_git(self._repository, "cat-file", "-e", f"{self._commit}^{{commit}}")
        except GitError as error:
            raise RepositoryError(f"commit {self._commit[:12]} is no longer on the branch") from error
        self._place.mkdir()
        write_files(GitRepository(self._repository).files(self._commit, self._folder), self._place)
        return self._place

    def signer(self, allowed_signers: Path) -> str:
        """Return who signed the policies of the commit, or ``""`` if nobody of the list did.

        A forge signs what it merges with a key of its own, which nobody can list. A merge that says what one of its
        parents says adds nothing: that parent's signature counts. One that mixes two sides needs a signature itself.

        Args:
            allowed_signers: A file of principals and their SSH keys, as ``ssh-keygen`` takes it.
        """
        signers = (self._signer_of(commit, allowed_signers) for commit in (self._commit, *self._merged()))
        return next(filter(None, signers), "")

    def _signer_of(self, commit: str, allowed_signers: Path) -> str:
        trusted = f"gpg.ssh.allowedSignersFile={allowed_signers.absolute()}"
        try:
            said = run_git(self._repository, "-c", trusted, "verify-commit", "--raw", commit, errors_too=True)
        except GitError:
            return ""
        match = _SIGNER.search(said.decode("utf-8", "replace"))
        return match[1] if match is not None else ""

    def _merged(self) -> list[str]:
        """Return those parents of a merge whose policies are the merge's own, byte for byte."""
        parents = run_git(self._repository, "rev-parse", f"{self._commit}^@").decode().split()
        own = self._tree(self._commit)
        return [parent for parent in parents if own and self._tree(parent) == own] if len(parents) > 1 else []

    def _tree(self, commit: str) -> bytes:
        try:
            return run_git(self._repository, "rev-parse", "--verify", f"{commit}:{self._folder}")
        except GitError:
            return b""
