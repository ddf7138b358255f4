"""From nothing to a policy repository: begin one, add policies, lay them out, and run what its checks run."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from governor.edges.cli.app import app
from tests.clients.test_git import git

Cli = Callable[..., Result]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command as somebody at a terminal of 200 columns would, in a repository that was just begun."""
    folder = tmp_path / "acme"
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()

    def invoke(*arguments: object, given: str | None = None) -> Result:
        return runner.invoke(app, [str(argument) for argument in arguments], input=given)

    begun = invoke("init", folder, "--name", "acme", "--domain", "acme.example", "--finance", "@acme/finance")
    assert 0 == begun.exit_code, begun.output
    monkeypatch.chdir(folder)
    return invoke


@pytest.mark.parametrize("ci", ["github", "gitlab", "none"])
def test_what_is_begun_is_valid_and_tested(tmp_path: Path, ci: str) -> None:
    """A new repository has no problem, its tests pass and cover every rule, and nothing needs to be laid out."""
    runner = CliRunner()
    folder = tmp_path / "Acme AI"
    begun = runner.invoke(app, ["init", str(folder), "--ci", ci])
    policies = str(folder / "policies")
    results = [
        runner.invoke(app, list(arguments))
        for arguments in (
            ("validate", policies),
            ("test", policies, "--fail-under", "100"),
            ("fmt", "--check", policies),
        )
    ]

    assert [0, 0, 0, 0] == [begun.exit_code, *(result.exit_code for result in results)], results[0].output
    assert ", 0 warnings" in results[0].output
    assert "{{" not in "".join(
        path.read_text()
        for path in folder.rglob("*")
        if path.suffix != ".json" and path.is_file() and ".github" not in path.parts
    )
    assert {"github": (True, False), "gitlab": (False, True), "none": (False, False)}[ci] == (
        (folder / ".github/workflows/policies.yml").exists(),
        (folder / ".gitlab-ci.yml").exists(),
    )


def test_budgets_belong_to_finance_and_models_to_technology(run: Cli) -> None:
    """The code owners are those that were named."""
    owners = dict(re.findall(r"^(/\S+)\s+(.+)$", Path("CODEOWNERS").read_text(), re.MULTILINE))

    assert ("@acme/finance", "@technology @acme/finance") == (
        owners["/policies/quotas.yaml"],
        owners["/policies/models.yaml"],
    )


def test_nothing_is_overwritten(run: Cli) -> None:
    """Whoever runs it twice loses nothing."""
    Path("policies/quotas.yaml").write_text("mine")
    result = run("init", ".")

    assert (1, "mine") == (result.exit_code, Path("policies/quotas.yaml").read_text())
    assert "exist already" in result.output


@pytest.mark.parametrize(
    "option",
    [("--name", "A B"), ("--domain", "x"), ("--time-zone", "Mars"), ("--finance", "a;b"), ("--repository", "x")],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, option: tuple[str, str]) -> None:
    """A name that policies cannot have is told before anything is written."""
    result = CliRunner().invoke(app, ["init", str(tmp_path / "new"), *option])

    assert (2, False) == (result.exit_code, (tmp_path / "new").exists())


def test_quota_is_written_by_options(run: Cli) -> None:
    """What is there stays byte for byte; the new policy is valid."""
    before = Path("policies/quotas.yaml").read_text()
    result = run(
        *("new", "quota", "--name", "marketing-day", "--limit", "1,500 USD", "--period", "day"),
        *("--applies-to", "department=marketing environment=prod,dev", "--per", "team user"),
        *("--description", "Marketing's day: #1", "--when-reached", "downgrade group:economy"),
    )
    text = Path("policies/quotas.yaml").read_text()

    assert 0 == result.exit_code, result.output
    assert text.removeprefix(before) == (
        "---\n"
        "apiVersion: governor/v1\n"
        "kind: Quota\n"
        "name: marketing-day\n"
        'description: "Marketing\'s day: #1"\n'
        "applies_to: {department: marketing, environment: [prod, dev]}\n"
        "per: [team, user]\n"
        "limit: 1,500 USD\n"
        "period: day\n"
        "when_reached: {downgrade: {to: [group:economy]}}\n"
    )
    assert 0 == run("validate", "policies").exit_code


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("quota", "trial\n" + "\n" * 8 + "100 USD\n\n80%\nwarn\n"),
        ("allowlist", "trial\n" + "\n" * 7 + "openai/gpt-4o-mini\n\n*-preview*\n\n"),
        ("context-limit", "trial\n" + "\n" * 7 + "50k tokens\n\n\nclamp\n"),
        ("use-case", "trial\nTries things.\nann@acme.example\n\n\nexperiment\n\n\n\n\n"),
    ],
)
def test_policies_are_written_by_questions(run: Cli, kind: str, given: str) -> None:
    """Every kind that can be asked for comes out valid."""
    result = run("new", kind, "--ask", given=given)

    assert 0 == result.exit_code, result.output
    assert 0 == run("validate", "policies").exit_code
    assert any("name: trial" in path.read_text() for path in Path("policies").glob("*.yaml"))


def test_policy_with_errors_is_not_written(run: Cli) -> None:
    """The folder stays as it was, and every problem is shown."""
    before = Path("policies/quotas.yaml").read_text()
    result = run("new", "quota", "--name", "x", "--limit", "5 EUR")

    assert (1, before) == (result.exit_code, Path("policies/quotas.yaml").read_text())
    assert "wrong-currency" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--limit", "5 USD"),
        ("--name", "x", "--limit", "5 USD", "--applies-to", "marketing"),
        ("--name", "x", "--limit", "5 USD", "--file", "../x.yaml"),
        ("--name", "x", "--limit", "5 USD", "--policies", "nowhere"),
    ],
)
def test_wrong_answers_are_told(run: Cli, arguments: tuple[str, ...]) -> None:
    """Scripts are told what is missing, instead of waiting for an answer that nobody gives."""
    assert 2 == run("new", "quota", "--no-ask", *arguments).exit_code


def test_layout_is_restored_and_comments_stay(run: Cli) -> None:
    """Indentation, spaces and blank lines come back; everything that was written is still there."""
    place = Path("policies/quotas.yaml")
    tidy = place.read_text()
    messy = tidy.replace("\n  - {", "   \n- {").replace("limit: 20k USD", "limit:    20k USD\n\n\n\n")
    place.write_text(messy.replace("\n", "\r\n"))

    assert 1 == run("fmt", "--check", "policies").exit_code
    assert messy.replace("\n", "\r\n").encode() == place.read_bytes()
    assert 0 == run("fmt", "policies").exit_code
    assert tidy.splitlines() == [line for line in place.read_text().splitlines() if line]
    assert 0 == run("fmt", "--check", "policies").exit_code


def test_broken_file_is_left_alone(run: Cli) -> None:
    """What cannot be read is not laid out: the problem is shown."""
    place = Path("policies/quotas.yaml")
    place.write_text("kind: [\n")
    result = run("fmt", place)

    assert (1, "kind: [\n") == (result.exit_code, place.read_text())
    assert "yaml-syntax" in result.output


def test_programs_are_told_what_was_written_where(run: Cli, tmp_path: Path) -> None:
    """Whoever writes files says which, with the text of a policy and the difference of a layout."""
    begun = json.loads(run("init", tmp_path / "other", "--output", "json").stdout)
    asked = run("new", "quota", "--ask", "--output", "json", given="trial\n" + "\n" * 8 + "100 USD\n\n80%\nwarn\n")
    # The runner of the tests prints what is typed; a terminal does so beside the output.
    made = json.loads(asked.stdout[asked.stdout.index("{") :])
    shown = json.loads(run("new", "quota", "--name", "x", "--limit", "5 USD", "--print", "--output", "json").stdout)
    place = Path("policies/quotas.yaml")
    place.write_text(place.read_text().replace("limit: 100 USD", "limit:   100 USD"))
    Path("policies/broken.yaml").write_text("kind: [\n")
    stale = run("fmt", "policies", "--check", "--diff", "--output", "json")
    written = json.loads(run("fmt", "policies", "--output", "json").stdout)

    assert (tmp_path / "other").as_posix() == begun["folder"]
    assert all((tmp_path / "other" / path).is_file() for path in begun["written"])
    assert ("Quota/trial", "policies/quotas.yaml") == (made["policy"], made["written"])
    assert made["text"].rstrip() in place.read_text().replace("limit:   ", "limit: ")
    assert ("Quota/x", None, True) == (shown["policy"], shown["written"], "limit: 5 USD" in shown["text"])
    document = json.loads(stale.stdout)
    assert (1, ["policies/quotas.yaml"], ["policies/broken.yaml"]) == (
        stale.exit_code,
        document["stale"],
        document["left_alone"],
    )
    assert "-limit:   100 USD\n+limit: 100 USD" in document["diff"]
    assert ["policies/quotas.yaml"] == written["written"]
    assert "yaml-syntax" in written["problems"][0]


def steps(path: str) -> dict[str, str]:
    """Return the scripts of the GitHub Action and of the GitLab template by their name."""
    document: Any = yaml.safe_load((ROOT / path).read_text())
    if "runs" in document:
        return {step["name"]: step["run"] for step in document["runs"]["steps"] if "run" in step}
    return {name: "\n".join(job["script"]) for name, job in document.items() if "script" in job}


@pytest.fixture
def shell(run: Cli, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script as a build server would: in the repository, with `governor` on the path."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "governor").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m governor "$@"\n')
    (programs / "governor").chmod(0o755)
    git(Path(), "init", "-q", "-b", "main")
    git(Path(), "add", "-A")
    git(Path(), "commit", "-qm", "begin")

    def execute(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GOVERNOR_POLICIES": "policies",
            **variables,
        }
        return subprocess.run(
            ["bash", "-e", "-c", script], env=environment, capture_output=True, text=True, check=False
        )

    return execute


def test_github_action_validates_tests_and_plans(
    shell: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Its scripts do what they say in a repository that was just begun and changed."""
    scripts = steps("action.yml")
    base = git(Path(), "rev-parse", "HEAD")
    quotas = Path("policies/quotas.yaml")
    quotas.write_text(quotas.read_text().replace("limit: 20k USD", "limit: 25k USD"))
    output, summary = tmp_path / "output", tmp_path / "summary"
    variables = {
        "FAIL_UNDER": "100",
        "BASE": base,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "TRACE": "",
        "MODEL": "",
        "SINCE": "",
    }
    results = {name: shell(scripts[name], **variables) for name in ("Validate", "Plan")}

    assert {"Validate": 0, "Plan": 0} == {name: result.returncode for name, result in results.items()}, results
    assert "differs=true\n" == output.read_text()
    assert "shared monthly limit: 20,000 USD to 25,000 USD" in summary.read_text()
    # The case that says so expects the old limit: the test fails, and is shown at its line.
    failed = shell(scripts["Test"], **variables)
    assert (1, True) == (failed.returncode, "::error file=policies/company.test.yaml,line=" in failed.stdout)


def test_gitlab_template_validates_tests_and_plans(shell: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """The same for GitLab's jobs; without a difference the plan is there too."""
    scripts = steps("deploy/gitlab/policies.gitlab-ci.yml")
    variables = {
        "FAIL_UNDER": "100",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD",
        "TRACE": "",
        "TRACE_MODEL": "",
    }
    results = {name: shell(script, **variables) for name, script in scripts.items()}

    assert dict.fromkeys(scripts, 0) == {name: result.returncode for name, result in results.items()}, results
    assert 'tests="10" failures="0"' in Path("policies.junit.xml").read_text()
    assert "The policies say the same." in Path("plan.md").read_text()


def test_hooks_call_commands_that_there_are() -> None:
    """Every hook's entry is a command with help."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    assert {"governor-fmt", "governor-validate", "governor-test"} == {hook["id"] for hook in hooks}
    for hook in hooks:
        assert 0 == CliRunner().invoke(app, [*hook["entry"].split()[1:], "--help"]).exit_code


def test_begun_repository_names_hooks_that_there_are(run: Cli) -> None:
    """What `init` writes for pre-commit is what this repository offers."""
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    [repository] = yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"]

    assert {hook["id"] for hook in repository["hooks"]} <= offered


def test_every_example_has_a_schema_line() -> None:
    """Editors that speak the YAML language server complete every example, also what is begun with."""
    examples = [*(ROOT / "policies").glob("*.yaml"), *(ROOT / "governor/edges/cli/starter/policies").glob("*.yaml")]
    for path in examples:
        first = path.read_text().splitlines()[0]
        schema = re.fullmatch(r"# yaml-language-server: \$schema=\.\./schemas/([\w.]+)", first)

        assert schema is not None, path
        assert (ROOT / "schemas" / schema[1]).is_file()
