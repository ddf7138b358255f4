"""A real git repository with the policies of a small organisation, as a board would keep it."""

import os
import subprocess
from pathlib import Path

from tests.api.world import QUOTAS, write_policies

SUITE = """\
apiVersion: governor/v1
kind: TestSuite
name: engineering
given: {now: 2026-11-20T09:00:00Z}
cases:
  - name: engineering may use sonnet
    request: {user: eve@acme.example, model: claude-sonnet-4, input_tokens: 1000, max_output_tokens: 100}
    expect: {verdict: allow}
"""

SAID_BY_NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Mia",
    "GIT_AUTHOR_EMAIL": "mia@acme.example",
    "GIT_COMMITTER_NAME": "Mia",
    "GIT_COMMITTER_EMAIL": "mia@acme.example",
}


class PolicyRepository:
    """A bare repository and a checkout of it.

    Args:
        directory: An empty directory for both.
        branch: The first branch.
    """

    def __init__(self, directory: Path, branch: str = "main") -> None:
        self.bare = directory / "policies.git"
        self.checkout = directory / "checkout"
        self.folder = self.checkout / "governance"
        self._run(directory, "init", "--quiet", "--bare", f"--initial-branch={branch}", str(self.bare))
        self._run(self.bare, "config", "receive.denyDeleteCurrent", "ignore")
        self._run(directory, "init", "--quiet", f"--initial-branch={branch}", str(self.checkout))
        self.git("remote", "add", "origin", str(self.bare))
        write_policies(self.folder)
        (self.folder / "engineering.test.yaml").write_text(SUITE)

    def url(self, branch: str = "main") -> str:
        """Return how the policies of a branch are configured."""
        return f"git+file://{self.bare}#{branch}:governance"

    def git(self, *arguments: str) -> str:
        """Run git in the checkout."""
        return self._run(self.checkout, *arguments)

    def push(self, message: str, *options: str, branch: str = "HEAD") -> str:
        """Commit everything, push it, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, *options)
        self.git("push", "--quiet", "--force", "origin", branch)
        return self.git("rev-parse", "HEAD")

    def limit(self, usd: int) -> None:
        """Write another limit for each department."""
        (self.folder / "quotas.yaml").write_text(QUOTAS.replace("limit: 10 USD", f"limit: {usd} USD"))

    @staticmethod
    def _run(directory: Path, *arguments: str) -> str:
        ran = subprocess.run(
            ["git", *arguments],
            cwd=directory,
            env={**os.environ, **SAID_BY_NOBODY},
            check=True,
            capture_output=True,
            text=True,
        )
        return ran.stdout.strip()
