"""Who may stop: a group that is listed, for a stated time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from governor.compiler.load import compile_folder
from governor.core.policy.organization import CanStop

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def organization(can_stop: str) -> str:
    """Return an Organization with people on call."""
    return f"""\
apiVersion: governor/v1
kind: Organization
name: acme
people: [{{user: eve@acme.example, department: engineering}}]
groups: [{{name: sre-oncall, members: [eve@acme.example]}}]
can_stop: {can_stop}
"""


def test_the_group_and_the_longest_time_are_compiled(tmp_path: Path) -> None:
    """Four hours are 14,400 seconds."""
    (tmp_path / "acme.yaml").write_text(organization("{group: sre-oncall, for: 4 hours}"))
    compiled = compile_folder(tmp_path, NOW)

    assert compiled.policies is not None
    assert CanStop("sre-oncall", 14_400) == compiled.policies.organization.can_stop


@pytest.mark.parametrize(
    ("can_stop", "problem"),
    [
        ("{group: sre-onkall, for: 4 hours}", "unknown-reference"),
        ("{group: sre-oncall, for: 4}", "missing-unit"),
        ("{group: sre-oncall, for: 40 days}", "wrong-number"),
        ("{group: sre-oncall}", "missing-field"),
    ],
)
def test_a_right_that_nobody_has_or_that_never_ends_is_refused(tmp_path: Path, can_stop: str, problem: str) -> None:
    """Each with its place."""
    (tmp_path / "acme.yaml").write_text(organization(can_stop))
    compiled = compile_folder(tmp_path, NOW)

    assert compiled.policies is None
    assert [(6, problem)] == [(found.line, found.code) for found in compiled.problems if found.severity == "error"]
