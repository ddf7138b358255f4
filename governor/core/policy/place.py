"""Where policies come from: a branch of a git repository. A folder is just a path."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from governor.core.errors import GovernorError

PREFIX = "git+"
SCHEMES = ("https", "http", "ssh", "file")
EXAMPLE = "git+https://git.acme.example/policies.git#main:policies"
_BRANCH = re.compile(r"(?!-)(?!.*\.\.)[^\s~^:?*\[\\\x00-\x1f]{1,200}(?<![./])")


class PolicyPlaceError(GovernorError):
    """A place of policies that cannot be one."""

    code = "invalid_policy_place"


@dataclass(frozen=True, slots=True)
class GitPlace:
    """A folder on a branch of a repository.

    Attributes:
        url: Of the repository, as git takes it: https, http, ssh or file.
        branch: Its name, or ``""`` for whatever the repository says is its own.
        folder: Of the policies in it, or ``""`` for its root.
    """

    url: str
    branch: str
    folder: str

    def __str__(self) -> str:
        """Write it as it is configured."""
        folder = f":{self.folder}" if self.folder else ""
        fragment = f"#{self.branch}{folder}" if self.branch or folder else ""
        return f"{PREFIX}{self.url}{fragment}"

    @property
    def shown(self) -> str:
        """The same without what is secret in it, for logs and pages."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        user = parts.username if parts.scheme == "ssh" else None
        safe = urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host))
        return str(GitPlace(safe, self.branch, self.folder))


def git_place(text: str) -> GitPlace:
    """Read ``git+https://host/repository.git#branch:folder``; branch and folder may be left out.

    Raises:
        PolicyPlaceError: If it is no such place; says how one is written.
    """
    url, _, fragment = text.removeprefix(PREFIX).partition("#")
    branch, _, folder = fragment.partition(":")
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.path.strip("/") or (parts.scheme != "file" and not parts.hostname):
        raise PolicyPlaceError(f"a repository is written like `{EXAMPLE}`; its scheme is {', '.join(SCHEMES)}")
    if (parts.hostname or "").startswith("-") or url != url.strip():
        raise PolicyPlaceError(f"the host of a repository begins with a letter or a digit, like `{EXAMPLE}`")
    if branch and not _BRANCH.fullmatch(branch):
        raise PolicyPlaceError(f"`{branch[:60]}` cannot be a branch; write it like `{EXAMPLE}`")
    pieces = [piece for piece in folder.split("/") if piece not in {"", "."}]
    if ".." in pieces or folder.startswith("/"):
        raise PolicyPlaceError(f"`{folder[:60]}` is not a folder inside the repository; write it like `{EXAMPLE}`")
    return GitPlace(url, branch, "/".join(pieces))
