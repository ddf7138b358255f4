"""Two versions of a folder, one after the other: what is said, whom it concerns, and which balances are lost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from governor.compiler.check.succession import check_succession
from governor.compiler.load import compile_folder
from governor.core.decisions.snapshot import PolicySet
from governor.core.policy_changes.change import PolicyChange
from governor.core.policy_changes.compare import compare
from governor.core.policy_changes.words import difference_words, title_words

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
ORGANIZATION = """
apiVersion: governor/v1
kind: Organization
name: acme
time_zone: UTC
departments: [{name: marketing, teams: [{name: growth}, {name: brand}]}, {name: sales}]
people:
  - {user: ada@acme.example, team: growth}
  - {user: bob@acme.example, team: growth, kind: contractor}
  - {user: cyd@acme.example, team: brand}
  - {user: dan@acme.example, department: sales}
  - {user: gone@acme.example, department: sales, until: 2026-01-31}
service_accounts: [{name: writer, owner: ada@acme.example, team: brand}]
---
"""
QUOTA = """
apiVersion: governor/v1
kind: Quota
name: department-monthly
per: [department]
limit: 5k USD
limits:
  - {department: marketing, limit: 20k USD}
period: month
"""


def compiled(folder: Path, text: str) -> PolicySet:
    """Compile a folder of one file."""
    folder.mkdir(exist_ok=True)
    (folder / "p.yaml").write_text(ORGANIZATION + text, encoding="utf-8")
    made = compile_folder(folder, NOW)
    assert made.policies is not None, made.problems
    return made.policies


def compared(tmp_path: Path, before: str, after: str) -> tuple[PolicyChange, ...]:
    """Compare two texts."""
    return compare(compiled(tmp_path / "a", before), compiled(tmp_path / "b", after), NOW)


def sentences(changes: tuple[PolicyChange, ...]) -> list[str]:
    """Return everything that is said, policy by policy."""
    return [
        line
        for change in changes
        for line in (title_words(change), *(difference_words(each) for each in change.differences))
    ]


def findings(tmp_path: Path, before: str, after: str, now: datetime = NOW) -> list[str]:
    """Return what lint says about the step."""
    found = check_succession(compiled(tmp_path / "a", before), compiled(tmp_path / "b", after), now)
    return [f"{problem.line} {problem.severity} {problem.code}" for problem in found]


def test_limit_of_a_department_is_said_in_plain_words(tmp_path: Path) -> None:
    """A reviewer reads whose limit, from how much to how much, and how many people feel it."""
    changes = compared(tmp_path, QUOTA, QUOTA.replace("20k USD", "25,000 USD".replace(",", "")))

    assert [
        "Quota/department-monthly",
        "Marketing's monthly limit: 20,000 USD to 25,000 USD; 3 people and 1 service account",
    ] == sentences(changes)
    assert "what was spent so far in this period counts" == changes[0].balances


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("limit: 5k USD", "limit: 6k USD", "Each department's monthly limit: 5,000 USD to 6,000 USD; 1 person"),
        (
            "per: [department]",
            "per: [department]\nexcept: {kind: contractor}",
            "Whom it concerns: everyone to everyone, except kind contractor; 4 people and 1 service account",
        ),
        (
            "per: [department]",
            "per: [department]\nenforcement: warn",
            "How it is meant: it is enforced to it warns and lets through; 4 people and 1 service account",
        ),
        (
            "per: [department]",
            "per: [department]\napplies_to: {environment: prod}",
            "Whom it concerns: everyone to environment prod; up to 4 people and 1 service account",
        ),
    ],
)
def test_edit_says_whom_it_concerns(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """People who left are not counted; contractors that a rule takes out now were concerned before."""
    said = sentences(compared(tmp_path, QUOTA, QUOTA.replace(old, new)))

    assert expected in said


def test_rename_is_followed(tmp_path: Path) -> None:
    """With `formerly` it is one policy under another name, and its balances go with it."""
    after = QUOTA.replace("name: department-monthly", "name: departments\nformerly: [department-monthly]")
    changes = compared(tmp_path, QUOTA, after)

    assert ["Quota/departments (formerly Quota/department-monthly)"] == sentences(changes)
    assert [] == findings(tmp_path, QUOTA, after)


def test_rename_without_saying_so_is_found(tmp_path: Path) -> None:
    """A new name alone loses the balance: the reviewer is told how to keep it."""
    after = QUOTA.replace("name: department-monthly", "name: departments")

    assert ["16 warning renamed-without-formerly"] == findings(tmp_path, QUOTA, after)
    assert ["Quota/departments is new", "Quota/department-monthly is gone"] == [
        title_words(change) for change in compared(tmp_path, QUOTA, after)
    ]


@pytest.mark.parametrize(
    ("old", "new"), [("per: [department]", "per: [team]"), ("period: month", "period: week"), ("USD", "tokens")]
)
def test_identity_changed_in_mid_period_is_found(tmp_path: Path, old: str, new: str) -> None:
    """What was spent so far does not count any more: that must not happen by accident."""
    before = QUOTA.replace("limits:\n  - {department: marketing, limit: 20k USD}\n", "")
    after = before.replace(old, new)
    changes = compared(tmp_path, before, after)

    assert ["16 warning identity-changed"] == findings(tmp_path, before, after)
    assert "its budgets start from now: what was spent so far in this period does not count" in changes[0].balances


@pytest.mark.parametrize(
    ("period", "begins"),
    [
        ("week", "23 November 2026, 30 November 2026 and 7 December 2026"),
        ("{every: 30 days, from: 2026-11-10}", "10 December 2026, 9 January 2027 and 8 February 2027"),
        ("{every: month, from: 2026-01-31}", "30 November 2026, 31 December 2026 and 31 January 2027"),
    ],
)
def test_next_three_periods_of_another_calendar_are_shown(tmp_path: Path, period: str, begins: str) -> None:
    """A month, thirty days and a month from the 31st look alike in a policy: the plan says when they begin."""
    changes = compared(tmp_path, QUOTA, QUOTA.replace("period: month", f"period: {period}"))

    assert changes[0].balances.endswith(f"; new periods begin on {begins}")


def test_what_is_counted_on_is_no_accident(tmp_path: Path) -> None:
    """With `count_existing` nothing is lost, so nothing warns; the plan says what the budgets begin with."""
    before = QUOTA.replace("limits:\n  - {department: marketing, limit: 20k USD}\n", "")
    after = before.replace("per: [department]", "per: [team]\ncount_existing: true")
    changes = compared(tmp_path, before, after)

    assert [] == findings(tmp_path, before, after)
    assert "it has other budgets, which begin with what its requests used so far in this period" == changes[0].balances


def test_identity_changed_between_periods_is_fine(tmp_path: Path) -> None:
    """At the first instant of a month nothing has been spent that could be lost."""
    after = QUOTA.replace("period: month", "period: day")

    assert [] == findings(tmp_path, QUOTA, after, datetime(2026, 12, 1, tzinfo=UTC))


def reorganised(tmp_path: Path, *edits: tuple[str, str]) -> list[str]:
    """Return what the plan says of edits of the organisation."""
    text = ORGANIZATION
    before = compiled(tmp_path / "a", QUOTA)
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "p.yaml").write_text(text + QUOTA, encoding="utf-8")
    after = compile_folder(tmp_path / "b", NOW).policies
    assert after is not None
    return sentences(compare(before, after, NOW))


def test_person_who_moves_is_named(tmp_path: Path) -> None:
    """Who joins, moves and leaves stands in the plan by name."""
    assert [
        "Organization/acme",
        "dan@acme.example: employee, department sales to employee, team growth and department marketing; 1 person",
    ] == reorganised(tmp_path, ("dan@acme.example, department: sales", "dan@acme.example, team: growth"))


def test_team_that_moves_is_said_once_for_all_its_people(tmp_path: Path) -> None:
    """From where to where, when, and how many go along; not once more for each of them."""
    moved = ("{name: sales}", "{name: sales, teams: [{name: brand, from: 2027-01-01, leads: [dan@acme.example]}]}")

    [title, said] = reorganised(tmp_path, moved)

    assert "Organization/acme" == title
    assert said.startswith(
        "Team brand moves from marketing to sales: on 1 January 2027; led by dan@acme.example (new); "
    )
    assert said.endswith("; 1 person and 1 service account")


def test_move_that_is_over_can_be_taken_out(tmp_path: Path) -> None:
    """Who lists the team only where it is by now changes one line of the plan, not one for each of its people."""
    over = [
        ("{name: growth}, {name: brand}", "{name: brand}"),
        ("{name: sales}", "{name: sales, teams: [{name: growth}]}"),
    ]

    assert ["Organization/acme", "Team growth: of marketing to of sales; 2 people"] == reorganised(tmp_path, *over)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("max_share: {per: team, percent: 40}\n", "max_share counts from now"),
        ("pace: {per: day, burst: 3}\nmax_share: {per: team, percent: 40}\n", "max_share and pace count from now"),
    ],
)
def test_a_part_that_begins_beside_its_budget_is_told(tmp_path: Path, fields: str, said: str) -> None:
    """The budget goes on, and the share or the day does not; at the first instant of a period nothing is lost."""
    [change] = compared(tmp_path, QUOTA, QUOTA + fields)
    first = datetime(2026, 12, 1, tzinfo=UTC)

    assert f"what was spent so far in this period counts, but {said}" == change.balances
    assert ["16 warning part-begins"] == findings(tmp_path, QUOTA, QUOTA + fields)
    assert [] == findings(tmp_path, QUOTA, QUOTA + fields, first)
    assert [] == findings(tmp_path, QUOTA + fields, QUOTA)


def test_a_part_that_counts_what_there_was_is_told(tmp_path: Path) -> None:
    """With `count_existing` nothing is lost, and no warning is given."""
    after = QUOTA + "count_existing: true\nmax_share: {per: team, percent: 40}\n"
    [change] = compared(tmp_path, QUOTA, after)

    assert "what was spent so far in this period counts; so it does for max_share" == change.balances
    assert [] == findings(tmp_path, QUOTA, after)
