"""``governor handbook``: the document that the board signs and people read."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from governor.edges.cli.app import app

Cli = Callable[..., Result]
EXAMPLE = Path(__file__).parents[2] / "policies"
MORE = """
---
apiVersion: governor/v1
kind: Quota
name: person-month
description: "<b>What</b> one person | may spend."
owner: ada@acme.example
reason: Board decision 7
review_by: 2027-03-31
per: [user]
limit: 50 USD
limits: [{department: legal, limit: 80 USD}, {kind: contractor, limit: 20 USD}]
period: month
soft_limit: 80%
---
apiVersion: governor/v1
kind: Quota
name: sales-trial
applies_to: {department: sales}
enforcement: audit
exceptions: never
limit: 5 USD
period: week
---
apiVersion: governor/v1
kind: Quota
name: of-the-past
effective_until: 2020-01-31
limit: 5 USD
period: week
---
apiVersion: governor/v1
kind: ApprovalRule
name: yes-men
routes:
  - up_to: 10 USD
    approve: automatic
    at_most: 100 USD per month per department
  - above: 10 USD
    require: [{group: board, at_least: 1}]
"""


@pytest.fixture
def written(cli: Cli, policies: Path) -> Cli:
    """The small organisation with limits for persons, a trial, something of the past, and a rule of approval."""
    file = policies / "acme.yaml"
    text = file.read_text().replace(
        "departments: [", "groups: [{name: board, members: [ada@acme.example, dan@acme.example]}]\ndepartments: ["
    )
    file.write_text(text + MORE)
    return cli


def test_everything_that_matters_is_in_it(written: Cli) -> None:
    """Who, how much, per when, what happens at 80 and 100 %, and who can say yes."""
    result = written("handbook")

    assert 0 == result.exit_code, result.output
    for line in (
        "# AI budgets of acme",
        "- Each department's monthly limit: **1 USD**",
        "- Each person's monthly limit: **50 USD**",
        "- Monthly limit of each person (department legal): **80 USD**",
        "- Warning: **from 80% on**",
        "- When it is reached: **requests are refused**",
        "- Models that may be used: **acme/small and acme/fast**",
        "- Up to 10 USD: **approved at once, up to 100 USD a month for each department**",
        "- Above 10 USD: **approved by 1 of board**",
        "*On trial: it only writes down what it would refuse; no exceptions are made.*",
    ):
        assert line in result.output
    assert (
        "answered for by ada@acme.example; because: Board decision 7; looked at again by 31 March 2027" in result.output
    )
    assert "of-the-past" not in result.output


def test_every_limit_stands_in_short_first(written: Cli, tmp_path: Path) -> None:
    """Whose and per when, how much, from when on it warns, and what then; for a person only their own."""
    everybody, dan = written("handbook").output, written("handbook", "--for", "dan@acme.example").output
    written("handbook", "--for", "dan@acme.example", "--out", tmp_path / "dan.html")
    page = Page((tmp_path / "dan.html").read_text())

    assert "| Limit | How much | Warns | When it is reached |\n| --- | --- | --- | --- |\n" in everybody
    assert "| Each person's monthly limit | 50 USD | from 80% on | requests are refused |" in everybody
    assert "| 5 USD |  | nothing: it is on trial |" in everybody
    assert "| Monthly limit of each person (department legal) | 80 USD | from 80% on | requests are refused |" in dan
    assert "| 50 USD |" not in dan
    assert "Order in which limits are looked for" not in everybody
    assert (4, True) == (page.tags.count("th"), "from 80% on" in page.words)


def test_person_reads_what_concerns_them(written: Cli) -> None:
    """The own limit, and not those of others; rules of another department are left out."""
    dan = written("handbook", "--for", "dan@acme.example").output

    assert "For dan@acme.example: employee, department legal." in dan
    assert "(department legal): **80 USD**" in dan
    assert "**50 USD**" not in dan
    assert "sales-trial" not in dan
    assert "sales-trial" in written("handbook", "--for", "ADA@acme.example").output


def test_department_reads_what_concerns_it(written: Cli) -> None:
    """The same for a department."""
    legal = written("handbook", "--department", "legal").output

    assert "# AI budgets of acme for legal" in legal
    assert "sales-trial" not in legal


class Page(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag, and what it loads."""
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        """Remember text."""
        self.words += data


def test_page_needs_nothing_else(written: Cli, tmp_path: Path) -> None:
    """One file, no script, nothing from elsewhere; what a policy says is text."""
    out = tmp_path / "handbook.html"
    result = written("handbook", "--out", out)
    page = Page(out.read_text())

    assert 0 == result.exit_code
    assert "<b>What</b> one person | may spend." in page.words
    assert not {"script", "img", "link", "iframe", "b"} & set(page.tags)
    assert all(link.startswith("#chapter-") for link in page.links)
    assert "@media print" in out.read_text()


def test_programs_get_the_page_in_a_field(written: Cli, tmp_path: Path) -> None:
    """With its format, and where it was written."""
    out = tmp_path / "handbook.html"
    printed = json.loads(written("handbook", "--output", "json").stdout)
    kept = json.loads(written("handbook", "--out", out, "--output", "json").stdout)

    assert ("markdown", None) == (printed["format"], printed["written"])
    assert printed["text"].rstrip("\n") == written("handbook").stdout.rstrip("\n")
    assert {"format": "html", "written": out.as_posix(), "text": out.read_text()} == kept


def test_markdown_shows_what_policies_say_as_text(written: Cli) -> None:
    """A description cannot become markup."""
    assert r"### &lt;b&gt;What&lt;/b&gt; one person \| may spend." in written("handbook").output


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("--for", "nobody@acme.example"), 1, "is nobody whom the Organization lists"),
        (("--department", "cooking"), 1, "there are legal and sales"),
        (("--department", "legal", "--for", "dan@acme.example"), 2, "exclude each other"),
        (("--policies", "nowhere"), 2, "nowhere"),
        (("--out", "no-such-folder/page.html"), 2, "`no-such-folder/page.html`: no such file or directory"),
    ],
)
def test_mistakes_are_told(written: Cli, arguments: tuple[str, ...], code: int, expected: str) -> None:
    """A name that nobody has, and options that contradict each other."""
    result = written("handbook", *arguments)

    assert (code, True) == (result.exit_code, expected in result.output), result.output


def at(monkeypatch: pytest.MonkeyPatch, instant: str) -> None:
    """Let it be another time."""
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", instant)


def test_example_organisation_has_a_chapter_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example fills every chapter."""
    at(monkeypatch, "2026-11-20T09:00:00Z")
    output = CliRunner().invoke(app, ["handbook", "--policies", str(EXAMPLE)]).output

    assert [
        "In short",
        "How much may be spent",
        "Which models may be used",
        "How large a request may be",
        "Who chooses the model",
        "Who can say yes",
        "What we use models for",
        "What models cost",
        "Which teams move",
        "How we reckon",
    ] == [line[3:] for line in output.splitlines() if line.startswith("## ")]


@pytest.mark.parametrize(
    ("whose", "expected"),
    [
        ((), True),
        (("--department", "support"), True),
        (("--department", "engineering"), True),
        (("--department", "legal"), False),
    ],
    ids=["everyone", "old department", "new department", "neither"],
)
def test_a_team_that_will_move_is_said_where_it_is_felt(
    monkeypatch: pytest.MonkeyPatch, whose: tuple[str, ...], expected: bool
) -> None:
    """Both departments read of the team that goes from one to the other, and nobody else but the board does."""
    at(monkeypatch, "2027-03-31T21:59:59Z")
    output = CliRunner().invoke(app, ["handbook", "--policies", str(EXAMPLE), *whose]).output

    said = "- Team escalations moves from support to engineering: **on 1 April 2027**" in output.splitlines()
    assert expected is said


def test_a_team_that_has_moved_is_in_its_department(monkeypatch: pytest.MonkeyPatch) -> None:
    """At midnight the move is no news any more, and its chapter is gone."""
    at(monkeypatch, "2027-03-31T22:00:00Z")
    output = CliRunner().invoke(app, ["handbook", "--policies", str(EXAMPLE)]).output

    assert "## How we reckon" in output
    assert "## Which teams move" not in output
