"""What is known of the policies that decide, and what a source of policies is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from governor.compiler.load import Compiled
from governor.compiler.problems import Problem
from governor.core.decisions.snapshot import Catalogues
from governor.core.errors import GovernorError
from governor.services.snapshots import Snapshots

CompilePolicies = Callable[[Path, datetime, Callable[[], Catalogues]], Awaitable[Compiled]]
"""Compiles a folder: in a process of its own in a server, so that 100,000 policies never stop decisions."""


class InvalidPoliciesError(GovernorError):
    """The policies have errors; ``problems`` are all of them."""

    code = "invalid_policies"

    def __init__(self, place: object, problems: tuple[Problem, ...]) -> None:
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(f"the policies in `{place}` have {len(problems)} problems; mend them and start again\n{lines}")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class PolicyState:
    """What is known of the policies that are served.

    Attributes:
        version: Of the policies in force: the commit, or the digest of the folder.
        published_at: Since when this worker decides by them.
        source: Where they come from, without secrets.
        digest: SHA-256 of the text, in hex.
        failures: Folders or commits refused since the start.
        problems: Of the source as it is now, a sentence each, if something else is served.
        refused: The commit that is not served because of them, or ``""``.
    """

    version: str
    published_at: datetime
    source: str = ""
    digest: str = ""
    failures: int = 0
    problems: tuple[str, ...] = ()
    refused: str = ""

    @property
    def valid(self) -> bool:
        """Whether what is served is what the source says now."""
        return not self.problems


class PolicySource(Protocol):
    """Keeps the snapshot of a worker equal to a folder, or to a branch of a repository."""

    snapshots: Snapshots

    @property
    def state(self) -> PolicyState:
        """What is known of the policies that are served."""
        ...

    async def start(self) -> None:
        """Follow the source until ``stop``."""
        ...

    async def stop(self) -> None:
        """Stop following."""
        ...

    async def reload(self) -> bool:
        """Look at the source now; whether it is valid."""
        ...
