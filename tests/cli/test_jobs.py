"""``governor jobs`` and ``governor scheduler``: run the jobs alone, and see how they went."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

from governor.edges.scheduler.jobs import JOBS

Cli = Callable[..., Result]
START_S_MAX = 180


def shown(cli: Cli) -> list[dict[str, Any]]:
    """Return the jobs as programs read them."""
    listed: list[dict[str, Any]] = json.loads(cli("jobs", "--output", "json").stdout)["jobs"]
    return listed


def test_without_a_scheduler_somebody_is_told_to_start_one(cli: Cli) -> None:
    """An empty list is no answer, and for a check it is a finding."""
    listed, checked = cli("jobs"), cli("jobs", "--check")

    assert (0, 1) == (listed.exit_code, checked.exit_code)
    assert "`governor serve` runs one, and so does `governor scheduler`" in listed.stdout


def test_a_scheduler_alone_runs_every_job_until_it_is_told_to_stop(cli: Cli, tmp_path: Path) -> None:
    """A process of its own, stopped by SIGTERM, leaves what it did on record."""
    cli("db", "upgrade")
    process = subprocess.Popen(
        [sys.executable, "-m", "governor", "scheduler"], env=os.environ, stderr=subprocess.PIPE, cwd=tmp_path
    )
    began_s = time.monotonic()
    while not (jobs := shown(cli)) or not all(job["runs"] for job in jobs):
        assert process.poll() is None, process.stderr.read() if process.stderr else b""
        assert time.monotonic() - began_s < START_S_MAX
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    listed, checked = cli("jobs"), cli("jobs", "--check")

    assert (0, b'"event": "stopped"' in said, b"Traceback" in said) == (process.returncode, True, False)
    assert ({row.name for row in JOBS if not row.needs}, 0) == ({job["name"] for job in jobs}, checked.exit_code)
    assert all(row.trigger.words in listed.stdout for row in JOBS if not row.needs)
