"""Two versions of an Organization: who moves without a day on which they do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from governor.compiler.check.moves import check_moves
from governor.compiler.load import compile_folder
from governor.core.policy.organization import Organization

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
ORGANIZATION = """\
apiVersion: governor/v1
kind: Organization
name: acme
time_zone: UTC
departments:
  - {name: marketing, teams: [{name: growth}, {name: brand}]}
  - {name: sales, teams: [{name: field}]}
people:
  - {user: ada@acme.example, team: growth}
  - {user: bob@acme.example, team: brand}
  - {user: cyd@acme.example, department: sales}
service_accounts: [{name: writer, owner: ada@acme.example, team: growth}]
"""
GROWTH, FIELD = "[{name: growth}, {name: brand}]", "[{name: field}]"
READ = "without a date, so periods that are over are read as if it had always been so"


def organization(folder: Path, *edits: tuple[str, str]) -> Organization:
    """Compile the Organization with other words in it."""
    text = ORGANIZATION
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    folder.mkdir()
    (folder / "p.yaml").write_text(text)
    made = compile_folder(folder, NOW)
    assert made.policies is not None, made.problems
    return made.policies.organization


def said(tmp_path: Path, *edits: tuple[str, str]) -> list[str]:
    """Return what is said of an edit."""
    before, after = organization(tmp_path / "a"), organization(tmp_path / "b", *edits)
    return [f"{one.code} {one.message}; {one.hint}" for one in check_moves(before, after, NOW)]


def test_a_team_that_moves_without_a_date_is_told_with_what_to_write(tmp_path: Path) -> None:
    """Its people move with it, and are not said one by one."""
    moved = ((GROWTH, "[{name: brand}]"), (FIELD, "[{name: field}, {name: growth}]"))

    told = f"undated-move the team growth moves from marketing to sales {READ}"
    way_out = "leave it in marketing, and list it in sales with `from: 2026-11-20` too"
    assert [f"{told}; {way_out}"] == said(tmp_path, *moved)


def test_people_who_move_without_a_date_are_told_together(tmp_path: Path) -> None:
    """To another team, or from one department to another where they have none."""
    moved = (
        ("ada@acme.example, team: growth}\n", "ada@acme.example, team: brand}\n"),
        ("cyd@acme.example, department: sales}", "cyd@acme.example, department: marketing}"),
    )

    told = f"undated-move ada@acme.example, cyd@acme.example: moved to another team or department {READ}"
    assert [f"{told}; keep the entry of each as it was, and add one with `from: 2026-11-20`"] == said(tmp_path, *moved)


@pytest.mark.parametrize(
    "edit",
    [
        (FIELD, "[{name: field}, {name: growth, from: 2026-11-20}]"),
        (FIELD, "[{name: field}, {name: growth, from: 2027-01-01}]"),
        (FIELD, "[{name: field}, {name: growth, from: 2026-01-01}]"),
        (FIELD, "[{name: field}, {name: new}]"),
        ("people:\n", "people:\n  - {user: dan@acme.example, team: field}\n"),
        ("team: brand}\n", "team: brand}\n  - {user: bob@acme.example, team: field, from: 2026-12-01}\n"),
    ],
    ids=["today", "later", "long ago", "new team", "new person", "person"],
)
def test_a_move_with_a_date_and_whoever_is_new_are_no_matter(tmp_path: Path, edit: tuple[str, str]) -> None:
    """A date that is over is meant: whoever writes it says when it was."""
    assert [] == said(tmp_path, edit)
