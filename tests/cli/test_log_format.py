"""Commands that run until they are stopped print their log alone: `--output` says how."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.world import write_policies


@pytest.mark.parametrize("command", ["serve", "scheduler"])
def test_the_log_is_written_for_people_or_programs(tmp_path: Path, command: str) -> None:
    """Whatever the environment says."""
    policies = write_policies(tmp_path / "policies")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOVERNOR_")}
    environment |= {"GOVERNOR_DATABASE_URL": f"sqlite:///{tmp_path / 'g.db'}", "GOVERNOR_PORT": "0"}

    def first_line(output: str) -> str:
        asked = [sys.executable, "-m", "governor", command, "--policies", str(policies), "--output", output]
        with subprocess.Popen(asked, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            process.terminate()
            process.communicate(timeout=60)
        return line

    assert "event" in json.loads(first_line("json"))
    assert not first_line("table").startswith("{")
