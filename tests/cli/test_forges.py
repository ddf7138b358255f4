"""The GitHub Action and the GitLab template: their scripts, run as a build server would, with comments over HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from governor.edges.cli.app import app
from tests.cli.forge_server import TOKEN, Comments, forge
from tests.clients.test_git import git

ROOT = Path(__file__).parents[2]
ACTION, TEMPLATE = "action.yml", "deploy/gitlab/policies.gitlab-ci.yml"
MARKER = "<!-- governor plan -->"
Shell = Callable[..., subprocess.CompletedProcess[str]]


def steps(path: str) -> dict[str, str]:
    """Return the scripts of the GitHub Action and of the GitLab template by their name."""
    document: Any = yaml.safe_load((ROOT / path).read_text())
    if "runs" in document:
        return {step["name"]: step["run"] for step in document["runs"]["steps"] if "run" in step}
    return {name: "\n".join(job["script"]) for name, job in document.items() if "script" in job}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a policy repository that was just begun, with one commit, as the present folder."""
    folder = tmp_path / "acme"
    begun = CliRunner().invoke(app, ["init", str(folder), "--name", "acme", "--domain", "acme.example"])
    assert 0 == begun.exit_code, begun.output
    monkeypatch.chdir(folder)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "begin")
    return folder


@pytest.fixture
def shell(repository: Path, tmp_path: Path) -> Shell:
    """Run a script as a build server would: in the repository, with `governor` on the path, and no other settings."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "governor").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m governor "$@"\n')
    (programs / "governor").chmod(0o755)
    empty = dict.fromkeys(("TRACE", "MODEL", "SINCE", "TRACE_MODEL"), "")

    def execute(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GOVERNOR_")},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GOVERNOR_POLICIES": "policies",
            "FAIL_UNDER": "100",
            **empty,
            **variables,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, env=environment, cwd=repository, capture_output=True, text=True, check=False)

    return execute


@pytest.fixture
def comments() -> Comments:
    """Give a request that was talked about on more than one page; one text looks a little like a plan."""
    texts = {number: f"comment {number}" for number in range(1, 131)}
    return Comments(texts | {55: f"What is {MARKER} for?"})


@pytest.fixture
def github(comments: Comments, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the variables of a job on GitHub."""
    with forge("github", comments) as url:
        yield {
            "BASE": "HEAD",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "GITHUB_API_URL": url,
            "GITHUB_REPOSITORY": "acme/policies",
            "NUMBER": "7",
            "FORGE_TOKEN": TOKEN,
        }


@pytest.fixture
def gitlab(comments: Comments) -> Iterator[dict[str, str]]:
    """Give the variables of a job on GitLab."""
    with forge("gitlab", comments) as url:
        yield {
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD",
            "CI_API_V4_URL": url,
            "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": "7",
            "PLAN_TOKEN": TOKEN,
        }


def raise_limit(repository: Path, words: str) -> None:
    """Change the shared monthly limit, as a board member's branch does."""
    quotas = repository / "policies" / "quotas.yaml"
    git(repository, "checkout", "-q", "policies")
    quotas.write_text(quotas.read_text().replace("limit: 20k USD", f"limit: {words} USD"))


def plans(comments: Comments) -> list[str]:
    """Return the comments that are plans."""
    return [text for text in comments.texts.values() if text.startswith(MARKER)]


def test_github_action_validates_tests_and_plans(shell: Shell, repository: Path, github: dict[str, str]) -> None:
    """Its scripts do what they say in a repository that was just begun and changed."""
    scripts = steps(ACTION)
    raise_limit(repository, "25k")
    results = {name: shell(scripts[name], **github) for name in ("Validate", "Plan")}

    assert {"Validate": 0, "Plan": 0} == {name: result.returncode for name, result in results.items()}, results
    assert "differs=true\n" == Path(github["GITHUB_OUTPUT"]).read_text()
    assert "shared monthly limit: 20,000 USD to 25,000 USD" in Path(github["GITHUB_STEP_SUMMARY"]).read_text()
    # The case that says so expects the old limit: the test fails, and is shown at its line.
    failed = shell(scripts["Test"], **github)
    assert (1, True) == (failed.returncode, "::error file=policies/company.test.yaml,line=" in failed.stdout)


def test_github_comment_is_written_once_and_replaced(
    shell: Shell, repository: Path, github: dict[str, str], comments: Comments
) -> None:
    """The first run writes it behind all others, the second finds it there; nobody else's is touched."""
    scripts, others = steps(ACTION), dict(comments.texts)
    raise_limit(repository, "25k")
    first = [shell(scripts[name], **github) for name in ("Plan", "Comment")]
    [written] = plans(comments)
    raise_limit(repository, "30k")
    second = [shell(scripts[name], **github) for name in ("Plan", "Comment")]
    [replaced] = plans(comments)

    assert [0, 0, 0, 0] == [result.returncode for result in (*first, *second)], (first, second)
    assert ("20,000 USD to 25,000 USD" in written, "20,000 USD to 30,000 USD" in replaced) == (True, True)
    assert ["GET", "GET", "POST", "GET", "GET", "PATCH"] == comments.methods
    assert others.items() <= comments.texts.items()
    assert "wrote comment" in first[1].stdout
    assert "updated comment" in second[1].stdout


def test_github_plan_that_fails_ends_the_job(shell: Shell, github: dict[str, str], comments: Comments) -> None:
    """A base that is not there: the step fails and says why, and there is nothing to comment."""
    failed = shell(steps(ACTION)["Plan"], **github | {"BASE": "0123456789abcdef0123456789abcdef01234567"})
    comment = shell(steps(ACTION)["Comment"], **github)

    assert (1, 2) == (failed.returncode, comment.returncode)
    assert "0123456789" in failed.stderr
    assert [] == comments.methods


def test_gitlab_comment_is_written_once_and_replaced(
    shell: Shell, repository: Path, gitlab: dict[str, str], comments: Comments
) -> None:
    """The same for the note of a merge request, by the one script of its job."""
    script = steps(TEMPLATE)["governor-plan"]
    raise_limit(repository, "25k")
    first = shell(script, **gitlab)
    raise_limit(repository, "30k")
    second = shell(script, **gitlab)

    assert [0, 0] == [first.returncode, second.returncode], (first, second)
    assert ["GET", "GET", "POST", "GET", "GET", "PUT"] == comments.methods
    assert ["20,000 USD to 30,000 USD" in text for text in plans(comments)] == [True]


def test_gitlab_plan_that_fails_ends_the_job(shell: Shell, gitlab: dict[str, str], comments: Comments) -> None:
    """Nothing is commented."""
    failed = shell(steps(TEMPLATE)["governor-plan"], **gitlab | {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "no-such-branch"})

    assert (1, []) == (failed.returncode, comments.methods)


def test_gitlab_template_validates_tests_and_plans(shell: Shell, repository: Path, gitlab: dict[str, str]) -> None:
    """Without a difference the plan is there too, and without a token it is only an artifact."""
    results = {name: shell(script, **gitlab | {"PLAN_TOKEN": ""}) for name, script in steps(TEMPLATE).items()}

    assert dict.fromkeys(results, 0) == {name: result.returncode for name, result in results.items()}, results
    assert "<testsuites" in (repository / "policies.junit.xml").read_text()
    assert (repository / "plan.md").read_text().startswith(MARKER)


def test_plan_replays_what_was_recorded_since(
    shell: Shell, github: dict[str, str], gitlab: dict[str, str], tmp_path: Path
) -> None:
    """With a time and a database both read the recorded decisions; there are none yet, and the plan says so."""
    recorded = {"SINCE": "2026-11-01T00:00:00Z", "GOVERNOR_DATABASE_URL": f"sqlite:///{tmp_path}/recorded.db"}
    results = [
        shell(steps(ACTION)["Plan"], **github, **recorded),
        shell(steps(TEMPLATE)["governor-plan"], **gitlab, **recorded),
    ]

    assert [0, 0] == [result.returncode for result in results], results
    for plan in (tmp_path / "plan.md", Path("plan.md")):
        assert "the decisions on record" in plan.read_text()


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_forge_that_refuses_is_said(
    kind: str, comments: Comments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing, in words; and programs are told what was written."""
    plan = tmp_path / "plan.md"
    plan.write_text(f"{MARKER}\n### Plan\n" + "- a long line\n" * 6_000)
    project = "acme/policies" if kind == "github" else "42"
    asked = ["comment", str(plan), "--forge", kind, "--project", project, "--request", "7"]
    run = CliRunner().invoke
    without_token = run(app, asked)
    with forge(kind, comments) as url:
        monkeypatch.setenv("FORGE_TOKEN", "wrong")
        wrong = run(app, [*asked, "--api", url])
        monkeypatch.setenv("FORGE_TOKEN", TOKEN)
        written = run(app, [*asked, "--api", url, "--output", "json"])
        elsewhere = run(app, [*asked, "--api", url, "--request", "8"])
        comments.refuse_with = 403
        refused = run(app, [*asked, "--api", url])
    gone = run(app, [*asked, "--api", url])
    (tmp_path / "other.md").write_text("hello")
    other = run(app, ["comment", str(tmp_path / "other.md"), *asked[2:]])

    assert [2, 2, 0, 2, 2, 2, 2] == [
        each.exit_code for each in (without_token, wrong, written, elsewhere, refused, gone, other)
    ]
    assert {"comment": 230, "updated": False} == json.loads(written.stdout)
    [text] = plans(comments)
    assert len(text.encode()) <= 60_000
    assert text.endswith("it stands in the job's output.*")
    assert "set FORGE_TOKEN" in without_token.stderr
    assert all(
        ("pull-requests: write" if kind == "github" else "scope `api`") in each.stderr for each in (wrong, refused)
    )
    assert "is there such a project and request" in elsewhere.stderr
    assert "does not answer" in gone.stderr
    assert "is not what `governor plan --output markdown` prints" in other.stderr
