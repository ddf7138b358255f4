"""Progress on what takes over a second: seen by who watches, and nowhere else."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.clients.test_git import git

Cli = Callable[..., Result]
ROWS = 40_000


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A recording that takes about a second."""
    path = tmp_path / "trace.csv"
    rows = (f"2026-11-16 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},100,10\n" for n in range(ROWS))
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(rows))
    return path


def watched(*arguments: str, code: int = 0) -> tuple[str, str]:
    """Run a command whose complaints go to a terminal; return its output and what the terminal was shown."""
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "governor", *arguments],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "160"},
    )
    os.close(terminal)
    shown = bytearray()
    try:
        while chunk := os.read(screen, 65_536):
            shown += chunk
    except OSError:
        # Linux says so where nobody has the terminal open any more.
        pass
    finally:
        os.close(screen)
    output, _ = process.communicate(timeout=60)
    assert code == process.returncode, shown.decode()
    return output.decode(), shown.decode()


def check_growing(shown: str) -> None:
    """Check that a bar showed a share and a number of requests, neither ever going back, up to the last of them."""
    counts = [int(count.replace(",", "")) for count in re.findall(r"([\d,]+) requests", shown)]
    shares = [int(share) for share in re.findall(r"(\d+)%", shown)]

    assert "replaying trace.csv" in shown
    assert len(set(counts)) > 1
    assert (sorted(counts), sorted(shares), ROWS) == (counts, shares, counts[-1])


def test_a_replay_shows_how_far_it_is(cli: Cli, trace: Path) -> None:
    """On the terminal a bar with a share and a growing number of requests; in the pipe nothing but the summary."""
    output, shown = watched("replay", str(trace), "--model", "acme/fast", "--output", "json")

    assert output.startswith("{")
    check_growing(shown)


def test_a_plan_shows_how_far_it_is(cli: Cli, policies: Path, trace: Path) -> None:
    """So does its replay, under two versions at once."""
    git(policies.parent, "init", "-q", "-b", "main")
    git(policies.parent, "add", "policies")
    git(policies.parent, "commit", "-qm", "begin")
    rules = policies / "acme.yaml"
    rules.write_text(rules.read_text().replace("limit: 1 USD", "limit: 0.50 USD"))
    output, shown = watched("plan", "--trace", str(trace), "--model", "acme/fast", "--output", "json", code=1)

    assert output.startswith("{")
    check_growing(shown)


def test_where_nobody_watches_nothing_is_shown(cli: Cli, trace: Path) -> None:
    """A log is no terminal: it gets no bars."""
    result = cli("replay", trace, "--model", "acme/fast", "--output", "json")

    assert (0, "") == (result.exit_code, result.stderr)
