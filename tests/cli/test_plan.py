"""``governor plan``: what a change says and would have meant, from git and from recorded requests."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.clients.test_git import git

Cli = Callable[..., Result]


@pytest.fixture
def repository(policies: Path) -> Path:
    """The policies, committed."""
    folder = policies.parent
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "policies")
    git(folder, "commit", "-qm", "begin")
    return folder


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Five requests of ada at 0.4 USD each."""
    path = tmp_path / "trace.jsonl"
    lines = [
        {
            "at": f"2026-11-18T09:00:0{second}Z",
            "subject": {"user": "ada@acme.example"},
            "model": "acme/fast",
            "input_tokens": 40_000,
            "output_tokens": 0,
            "max_output_tokens": 0,
        }
        for second in range(5)
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


def edit(policies: Path, old: str, new: str) -> None:
    """Edit the policies in the working tree."""
    file = policies / "acme.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_unchanged_policies_have_no_difference(cli: Cli, repository: Path) -> None:
    """The working tree says what the last commit says: exit code 0."""
    result = cli("plan")

    assert (0, True) == (result.exit_code, "The policies say the same." in result.output), result.output


def test_edit_in_the_working_tree_is_shown_before_it_is_committed(cli: Cli, repository: Path, policies: Path) -> None:
    """A board member sees in words what was typed: exit code 1."""
    edit(policies, "limit: 1 USD", "limit: 2 USD")
    result = cli("plan")

    assert 1 == result.exit_code, result.output
    assert "Each department's monthly limit: 1 USD to 2 USD; 2 people" in result.output
    assert "what was spent so far in this period counts" in result.output


def test_a_limit_for_whom_nobody_lists_is_not_counted_as_nobodys(cli: Cli, repository: Path, policies: Path) -> None:
    """Guests are everybody who is not listed: "0 people" would say that it matters to none."""
    edit(policies, "currency: USD", "currency: USD\nunknown_users: {department: guests, team: guests}")
    edit(policies, "per: [department]", "per: [department]\nlimits: [{department: guests, limit: 3 USD}]")
    git(repository, "commit", "-qam", "guests")
    edit(policies, "limit: 3 USD", "limit: 4 USD")
    result = cli("plan")

    assert "3 USD to 4 USD; nobody who is listed" in result.output


def test_two_revisions_are_compared(cli: Cli, repository: Path, policies: Path) -> None:
    """What is in the working tree does not matter then."""
    edit(policies, "limit: 1 USD", "limit: 2 USD")
    git(repository, "commit", "-qam", "more")
    edit(policies, "limit: 2 USD", "limit: 7 USD")
    document = json.loads(cli("plan", "--from", "HEAD~1", "--to", "main", "--output", "json").output)

    assert ["Quota/department-monthly"] == [change["policy"] for change in document["changes"]]
    assert [("1 USD", "2 USD", 2)] == [
        (each["before"], each["after"], each["people"]) for each in document["changes"][0]["differences"]
    ]
    assert git(repository, "rev-parse", "HEAD") == document["to"]["commit"]


def test_recorded_requests_are_replayed_under_both_versions(
    cli: Cli, repository: Path, policies: Path, trace: Path
) -> None:
    """Two fit into a dollar, five into two: three are newly allowed."""
    edit(policies, "limit: 1 USD", "limit: 2 USD")
    document = json.loads(cli("plan", "--trace", trace, "-o", "json").output)
    replay = document["replay"]

    assert (5, 3) == (replay["requests"], replay["affected"])
    assert {"allowed": {"requests": 3, "usd": "1.200000000"}} == replay["by_department"]["sales"]["effects"]
    assert [
        {"policy": "Quota/department-monthly", "scope": {"department": "sales"}, "before": "2026-11-18", "after": None}
    ] == replay["budgets"]


def test_replay_of_the_same_version_shows_no_difference(cli: Cli, repository: Path, trace: Path) -> None:
    """Recorded requests alone make none."""
    result = cli("plan", "--trace", trace)

    assert (0, True) == (result.exit_code, "no difference" in result.output), result.output


def test_markdown_is_fit_for_a_comment(cli: Cli, repository: Path, policies: Path, trace: Path) -> None:
    """Tables are tables, and what a policy says cannot become markup or a mention."""
    edit(policies, "limit: 1 USD", "limit: 2 USD\ndescription: '<b>@board</b> | *raise*'")
    text = cli("plan", "--trace", trace, "-o", "markdown").output

    assert text.startswith("<!-- governor plan -->\n### Plan: HEAD (")
    assert "| newly allowed | 3 | +1.20 |" in text
    assert r"&lt;b&gt;@<!-- -->board&lt;/b&gt; \| \*raise\*" in text


def test_span_of_a_recording_is_replayed(cli: Cli, repository: Path, policies: Path, trace: Path) -> None:
    """What lies outside is left out."""
    edit(policies, "limit: 1 USD", "limit: 2 USD")
    span = ("--since", "2026-11-18T09:00:01Z", "--until", "2026-11-18T09:00:03Z")
    document = json.loads(cli("plan", "--trace", trace, *span, "-o", "json").output)

    assert 2 == document["replay"]["requests"]


def test_lost_balances_are_found(cli: Cli, repository: Path, policies: Path) -> None:
    """A new name without `formerly` is a finding with the line to write."""
    edit(policies, "name: department-monthly", "name: departments")
    result = cli("plan")

    assert "renamed-without-formerly" in result.output
    assert "formerly: [department-monthly]" in result.output


def test_broken_version_is_a_finding_with_its_problems(cli: Cli, repository: Path, policies: Path) -> None:
    """A commit with errors cannot be compared: every problem is named."""
    edit(policies, "limit: 1 USD", "limt: 1 USD")
    result = cli("plan")

    assert 1 == result.exit_code
    assert "unknown-field" in result.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--from", "nowhere"), "`nowhere` is no commit"),
        (("--policies", "missing"), "missing"),
        (("--since", "yesterday"), "is not a time"),
        (("--since", "2026-11-02T00:00:00Z", "--until", "2026-11-01T00:00:00Z"), "--until is not after --since"),
    ],
)
def test_wrong_use_is_told(cli: Cli, repository: Path, arguments: tuple[str, ...], expected: str) -> None:
    """A revision, a folder or a time that is none: exit code 2 and what to do."""
    result = cli("plan", *arguments)

    assert (2, True) == (result.exit_code, expected in result.output), result.output


def test_folder_outside_a_repository_is_told(cli: Cli, policies: Path) -> None:
    """Without git there is nothing to compare with."""
    result = cli("plan")

    assert (2, True) == (result.exit_code, "is in no git repository" in result.output)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (
            "100 USD",
            "the same answers, at another cost: +0.20 USD; sales | +0.20 |; same answer at another price |  | +0.20 |",
        ),
        (
            "1.25 USD",
            (
                "1 come out differently; newly refused | 1 | -0.40 |; "
                "same answer at another price |  | +0.08 |; sales | 1 | -0.32 |"
            ),
        ),
    ],
    ids=["nobody-refused", "somebody-refused"],
)
@pytest.mark.usefixtures("repository")
def test_another_price_is_a_difference(cli: Cli, policies: Path, trace: Path, limit: str, said: str) -> None:
    """What the same requests cost more is said, and what is different adds up to the change of what is spent."""
    edit(policies, "limit: 1 USD", f"limit: {limit}")
    git(policies.parent, "commit", "-qam", "room")
    edit(policies, "input: 10 USD", "input: 11 USD")
    text = cli("plan", "--trace", trace, "-o", "markdown").output

    assert [] == [each for each in said.split("; ") if each not in text], text


def test_requests_that_another_department_pays_are_a_difference(
    cli: Cli, repository: Path, policies: Path, trace: Path
) -> None:
    """Whose budget is charged after somebody has moved is said, also where every answer stays."""
    edit(policies, "limit: 1 USD", "limit: 100 USD")
    git(repository, "commit", "-qam", "room")
    edit(policies, "ada@acme.example, kind: employee, department: sales", "ada@acme.example, department: legal")
    text = cli("plan", "--trace", trace, "-o", "markdown").output

    said = ["the same answers, paid by other departments", "| legal | +2.00 |", "| sales | -2.00 |"]
    assert [] == [each for each in said if each not in text], text


@pytest.mark.parametrize(
    ("broken", "why"),
    [("", "has no folder `policies`"), ("limit: 1 EUR", "have errors")],
    ids=["no folder yet", "errors"],
)
def test_what_mends_or_begins_the_policies_has_nothing_to_be_compared_with(
    cli: Cli, repository: Path, policies: Path, broken: str, why: str
) -> None:
    """The first pull request and the one that mends main are differences, not failures, in every form."""
    good = (policies / "acme.yaml").read_text()
    if broken:
        edit(policies, "limit: 1 USD", broken)
        git(repository, "commit", "-qam", "break")
    else:
        git(repository, "mv", "policies", "elsewhere")
        git(repository, "commit", "-qm", "move")
        policies.mkdir()
    (policies / "acme.yaml").write_text(good)
    shown = [cli("plan", "--output", form) for form in ("table", "markdown", "json")]

    assert [1, 1, 1] == [result.exit_code for result in shown], shown[0].output
    assert all("Nothing to compare with" in result.output for result in shown[:2])
    document = json.loads(shown[2].output)
    assert why in document["nothing_to_compare"]
    assert (True, []) == (document["differs"], document["changes"])


def test_what_is_proposed_must_be_valid_and_a_revision_must_exist(cli: Cli, repository: Path, policies: Path) -> None:
    """A broken proposal and a slip of the pen are no plan."""
    assert 2 == cli("plan", "--from", "nowhere").exit_code
    edit(policies, "limit: 1 USD", "limit: 1 EUR")
    result = cli("plan")

    assert 1 == result.exit_code
    assert "have errors" in result.output
