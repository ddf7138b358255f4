"""People of an organisation: CSV files, names, moves and dates."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from governor.compiler.load import Compiled, compile_folder
from governor.core.policy.organization import Person, PersonKind, Placement

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ORGANIZATION = """\
apiVersion: governor/v1
kind: Organization
name: acme
time_zone: Europe/Berlin
departments:
  - {name: engineering, teams: [{name: platform}, {name: search}]}
  - {name: marketing, teams: [{name: growth}]}
"""


def compiled(tmp_path: Path, csv: str) -> Compiled:
    """Compile an organisation with these people."""
    (tmp_path / "org.yaml").write_text(ORGANIZATION + "people: {csv: hr/people.csv}\n", encoding="utf-8")
    (tmp_path / "hr").mkdir()
    (tmp_path / "hr" / "people.csv").write_text(csv, encoding="utf-8")
    return compile_folder(tmp_path, NOW)


def test_a_csv_file_lists_people(tmp_path: Path) -> None:
    """Columns in any order, several teams and ids separated by semicolons, case that does not matter."""
    result = compiled(
        tmp_path,
        "kind,user,teams,ids,slack,sponsor,until\n"
        "employee,Eve@acme.example,platform;search,eve;00U1,U0EVE,,\n"
        "contractor,max@acme.example,search,,,eve@acme.example,2026-12-31\n",
    )

    assert () == result.problems
    assert result.policies is not None
    organization = result.policies.organization
    assert organization.people["eve@acme.example"] == Person(
        user="eve@acme.example",
        placements=(Placement("engineering", "platform"),),
        teams=("platform", "search"),
        ids=("eve", "00u1"),
        slack="U0EVE",
    )
    assert PersonKind.CONTRACTOR is organization.people["max@acme.example"].kind
    assert datetime(2026, 12, 31, 23, tzinfo=UTC) == organization.people["max@acme.example"].until_at
    assert {"eve", "00u1", "eve@acme.example", "max@acme.example"} == set(organization.person_ids)


def test_a_move_acts_from_its_date(tmp_path: Path) -> None:
    """A person who is listed again with a date has two placements, the second from local midnight."""
    result = compiled(tmp_path, "user,team,from\nmia,growth,2026-01-01\nmia,search,2026-12-01\n")

    assert result.policies is not None
    mia = result.policies.organization.people["mia"]
    moved_at = datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert (Placement("marketing", "growth"), Placement("engineering", "search", moved_at)) == mia.placements
    assert datetime(2025, 12, 31, 23, tzinfo=UTC) == mia.from_at


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        ("user,teem\neve,platform\n", ["1:2 wrong-csv"]),
        ("name,team\neve,platform\n", ["1:1 wrong-csv", "1:1 wrong-csv"]),
        ("user,user\neve,eve\n", ["1:2 wrong-csv"]),
        ("user,team\neve\n", ["2:1 wrong-csv"]),
        ("user,team\neve,platfrom\n", ["2:2 unknown-reference"]),
        ("user,team\neve,platform\neve,search\n", ["3:1 duplicate-name"]),
        ("user,team,kind\neve,platform,boss\n", ["2:3 wrong-csv"]),
        ("user,team,until\neve,platform,2026-02-30\n", ["2:3 wrong-date"]),
        ("user,team,from\neve,platform,2026-03-01\neve,search,2026-02-01\n", ["3:3 wrong-date"]),
        ("user,team,ids\neve,platform,x\nmia,growth,x\n", ["3:3 duplicate-name"]),
        ("user,team,department\neve,platform,marketing\n", ["2:3 wrong-value"]),
        ("user,department\neve,sales\n", ["2:2 unknown-reference"]),
        ("user,slack\neve,U1\n", ["2:1 missing-field"]),
        ('user,team\n"eve,platform\n', ["2:1 wrong-csv"]),
        ("", ["1:1 wrong-csv"]),
    ],
)
def test_a_wrong_line_is_reported_by_line_and_cell(tmp_path: Path, csv: str, expected: list[str]) -> None:
    """Each slip in a CSV file has its line and the number of its cell."""
    result = compiled(tmp_path, csv)

    found = [f"{problem.line}:{problem.column} {problem.code}" for problem in result.problems]

    assert expected == found
    assert {"hr/people.csv"} == {problem.file for problem in result.problems}


@pytest.mark.parametrize(
    ("path", "code"),
    [("../people.csv", "outside-folder"), ("/etc/passwd", "outside-folder"), ("none.csv", "unreadable")],
)
def test_a_csv_path_stays_in_the_folder(tmp_path: Path, path: str, code: str) -> None:
    """A CSV file that leaves the folder, or is not there, is a problem at the field that names it."""
    (tmp_path / "org.yaml").write_text(f"{ORGANIZATION}people: {{csv: {path}}}\n", encoding="utf-8")

    (problem,) = compile_folder(tmp_path, NOW).problems

    assert ("org.yaml", 8, 15, code) == (problem.file, problem.line, problem.column, problem.code)


def test_a_slack_id_is_one_persons_at_a_time(tmp_path: Path) -> None:
    """Two people with one id could not be told apart; somebody who comes back under another name can."""
    result = compiled(
        tmp_path,
        "user,team,slack,from,until\n"
        "mia,growth,U0MIA,,2026-06-30\n"
        "mia.new,growth,U0MIA,2026-09-01,\n"
        "tom,growth,U0TOM,,\n"
        "tim,growth,U0TOM,,\n",
    )

    words = "error duplicate-name the Slack id `U0TOM` is also that of `tom`; an id names one person"
    assert [f"hr/people.csv:5:3 {words}"] == [str(problem) for problem in result.problems]
