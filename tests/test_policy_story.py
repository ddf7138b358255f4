"""A story in a real repository: a board member's branch, a broken commit, a failing test, a plan with real traffic."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from governor.edges.cli.app import app
from tests.clients.test_git import git

Cli = Callable[..., Result]
RECORDING = Path(__file__).parents[2] / "shared" / "data" / "azure-2023-code.csv.gz"
QUOTAS = Path("policies/quotas.yaml")
CASES = Path("policies/company.test.yaml")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run commands in a repository of policies that was begun today."""
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()
    repository = tmp_path / "acme-ai-budgets"

    def run(*arguments: object) -> Result:
        return runner.invoke(app, [str(argument) for argument in arguments])

    begun = run("init", repository, "--name", "acme", "--domain", "acme.example")
    assert 0 == begun.exit_code, begun.output
    monkeypatch.chdir(repository)
    git(repository, "init", "-q", "-b", "main")
    commit("begin")
    return run


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    """An hour of a real code assistant's requests, or as many made-up ones where the recordings are not at hand."""
    if RECORDING.exists():
        return RECORDING
    path = tmp_path / "made-up.csv"
    lines = [
        f"2026-11-18 {9 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d},2048,28"
        for second in range(3600)
    ]
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "\n".join(lines) + "\n")
    return path


def commit(subject: str) -> str:
    """Commit everything in the working tree, and return the commit's id."""
    git(Path(), "add", "-A")
    git(Path(), "commit", "-qm", subject)
    return git(Path(), "rev-parse", "HEAD")


def edit(path: Path, old: str, new: str) -> None:
    """Edit a file as somebody would in an editor."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_from_a_branch_to_a_merge(cli: Cli, traffic: Path) -> None:
    """Every mistake is caught before the merge, and the plan says what the merge means."""
    begun = git(Path(), "rev-parse", "HEAD")
    git(Path(), "checkout", "-qb", "smaller-months")

    # A broken commit: the field is misspelt. The mistake is shown with its line, and there is nothing to plan.
    edit(QUOTAS, "limit: 5k USD", "limt: 5k USD")
    broken = commit("departments: spend less")
    validated, planned = cli("validate", "policies"), cli("plan", "--from", "main", "--to", broken)
    assert (1, 1) == (validated.exit_code, planned.exit_code)
    assert "did you mean `limit`?" in validated.output
    assert "quotas.yaml:" in planned.output

    # Mended, but a case still says what was meant before: expected and actual stand side by side.
    edit(QUOTAS, "limt: 5k USD", "limit: 1 USD")
    commit("departments: spend less, spelt right")
    tested = cli("test", "policies")
    assert 1 == tested.exit_code
    assert "FAILED company.test.yaml:" in tested.output
    edit(CASES, "used: 4500 USD}]", "used: 0.95 USD}]")
    edit(CASES, "department-monthly-spend, used: 5k USD", "department-monthly-spend, used: 1 USD")
    mended = commit("departments: say what is meant now")
    assert 0 == cli("test", "policies", "--fail-under", "100").exit_code

    # The plan of the pull request: in words, with whom it concerns, and what the traffic would have met.
    arguments = ("plan", "--from", "main", "--to", "smaller-months", "--trace", traffic, "--model", "claude-sonnet-4")
    document = json.loads(cli(*arguments, "--output", "json").output)
    comment = cli(*arguments, "--output", "markdown")
    assert 1 == comment.exit_code
    assert (begun, mended) == (document["from"]["commit"], document["to"]["commit"])
    assert "Each department's monthly limit: 5,000 USD to 1 USD; 1 person" in comment.output
    replay = document["replay"]
    assert replay["affected"] > 100
    refused = replay["by_policy"]["Quota/department-monthly-spend"]["refused"]
    assert refused["requests"] == replay["before"]["allowed"] - replay["after"]["allowed"]
    assert ["lena@acme.example"] == [person["user"] for person in replay["people"]]
    [ran_out] = [budget for budget in replay["budgets"] if budget["scope"] == {"department": "marketing"}]
    assert ran_out["before"] is None
    assert ran_out["after"] is not None

    # Merged: what main says now differs from before exactly as the plan said, and from the branch in nothing.
    git(Path(), "checkout", "-q", "main")
    git(Path(), "merge", "-q", "--no-ff", "-m", "merge smaller-months", "smaller-months")
    merged = json.loads(cli("plan", "--from", begun, "--to", "main", "-o", "json").output)
    assert document["changes"] == merged["changes"]
    assert 0 == cli("plan", "--from", "smaller-months", "--to", "main").exit_code
    assert "" == subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True).stdout


def test_replay_of_the_merge_base_shows_no_difference(cli: Cli, traffic: Path) -> None:
    """Real traffic under one version, named in two ways, comes to the same."""
    git(Path(), "branch", "same")
    result = cli("plan", "--from", "main", "--to", "same", "--trace", traffic, "--model", "gpt-4o", "-o", "json")
    replay = json.loads(result.output)["replay"]

    assert (0, 0, {}) == (result.exit_code, replay["affected"], replay["effects"])
    assert replay["before"] == replay["after"]
