"""From nothing to a policy repository: begin one, add policies, lay them out, and run what its checks run."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from governor.edges.cli.app import app

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
    """The code owners are those that were named; no line has two, of whom either could approve alone."""
    owners = dict(re.findall(r"^(/\S+)\s+(.+)$", Path("CODEOWNERS").read_text(), re.MULTILINE))

    assert ("@acme/finance", "@technology") == (owners["/policies/"], owners["/policies/models.yaml"])
    assert {"@acme/finance", "@technology"} == set(owners.values())
    assert "one approval of @acme/finance and one of @technology" in Path("README.md").read_text()


def test_gitlab_asks_both_for_every_policy(tmp_path: Path) -> None:
    """A section must approve what it matches, and the policies are in finance's and in technology's."""
    begun = CliRunner().invoke(app, ["init", str(tmp_path), "--ci", "gitlab", "--finance", "@acme/finance"])
    sections = re.split(r"^\[.+\]\[1\] ", (tmp_path / "CODEOWNERS").read_text(), flags=re.MULTILINE)[1:]
    owned = {lines[0]: lines[1:] for lines in (section.split() for section in sections)}

    assert 0 == begun.exit_code, begun.output
    assert ["@acme/finance", "@technology"] == [owner for owner, paths in owned.items() if "/policies/" in paths]
    assert "finance and technology both approve" in (tmp_path / "README.md").read_text()


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file in the place of the folder is a sentence, not a stack trace."""
    (tmp_path / "file").write_text("mine")
    result = CliRunner().invoke(app, ["init", str(tmp_path / "file")])

    assert (2, True) == (result.exit_code, "not a directory" in result.output), result.output


def test_nothing_is_overwritten(run: Cli) -> None:
    """Whoever runs it twice loses nothing."""
    Path("policies/quotas.yaml").write_text("mine")
    result = run("init", ".")

    assert (1, "mine") == (result.exit_code, Path("policies/quotas.yaml").read_text())
    assert "exist already" in result.output


@pytest.mark.parametrize(
    "option",
    [
        ("--name", "A B"),
        ("--domain", "x"),
        ("--time-zone", "Mars"),
        ("--finance", "a;b"),
        ("--finance", "finance"),
        ("--repository", "x"),
    ],
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


@pytest.mark.parametrize("given", [None, "\n" * 20], ids=["by-options", "by-questions"])
def test_what_runs_at_once_has_no_period(run: Cli, given: str | None) -> None:
    """A limit of concurrent requests is written without one, and nobody is asked for it."""
    how = "--no-ask" if given is None else "--ask"
    result = run("new", "quota", how, "--name", "at-once", "--limit", "20 concurrent requests", given=given)

    assert (0, False) == (result.exit_code, "In which period?" in result.output), result.output
    assert Path("policies/quotas.yaml").read_text().endswith("name: at-once\nlimit: 20 concurrent requests\n")


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
    broken = "apiVersion: governor/v1\nkind: [\n"
    place.write_text(broken)
    result = run("fmt", place)

    assert (1, broken) == (result.exit_code, place.read_text())
    assert "yaml-syntax" in result.output


def test_only_policies_are_laid_out(run: Cli) -> None:
    """A hook names every YAML file of the repository: what is no policy is left alone, and said to be."""
    other, policy = Path("deployment.yaml"), Path("policies/quotas.yaml")
    other.write_text("apiVersion:   apps/v1\nkind:   Deployment\n")
    policy.write_text(policy.read_text().replace("limit: 100 USD", "limit:   100 USD"))
    result = run("fmt", other, policy)
    told = json.loads(run("fmt", other, policy, "--output", "json").stdout)

    assert (0, "apiVersion:   apps/v1\nkind:   Deployment\n") == (result.exit_code, other.read_text())
    assert "limit: 100 USD" in policy.read_text()
    assert "1 of 1 files changed" in result.output
    assert "deployment.yaml: left alone, because it does not say `apiVersion: governor/...`" in result.output
    assert (1, ["deployment.yaml"]) == (told["files"], told["no_policies"])


QUOTA = "kind: Quota, name: q, limit:   5 USD, period: {every: month}"


@pytest.mark.parametrize(
    "text",
    [
        f"# why\n{{apiVersion: governor/v1, {QUOTA}}}\n",
        '{"kind": "Quota",\n "apiVersion": "governor/v1", "name":   "q"}\n',
        "? apiVersion\n: governor/v1\nkind:   Quota\n",
        f"kind:   Other\n---\n{{{QUOTA}, apiVersion: governor/v1}}\n",
    ],
    ids=["braces", "json", "key", "second"],
)
def test_a_policy_that_is_named_is_laid_out_however_it_is_written(run: Cli, text: str) -> None:
    """As it is where its folder is named: a field a line, and its comments stay."""
    place = Path("other.yaml")
    place.write_text(text)
    checked = run("fmt", place, "--check").exit_code
    result = run("fmt", place)
    made = place.read_text()

    assert (1, 0) == (checked, result.exit_code)
    assert "1 of 1 files changed" in result.output
    assert re.search(r"""^["']?apiVersion["']?: ["']?governor/v1["']?$""", made, re.MULTILINE)
    assert "   " not in made
    assert text.count("#") == made.count("#")


def test_only_what_says_that_it_is_a_policy_is_one(run: Cli) -> None:
    """Not a text inside another file, nor a comment of one that cannot be read; and a layout kept is explained."""
    texts = {
        "map.yaml": "data:   |\n  apiVersion: governor/v1\n",
        "template.yaml": "# apiVersion: governor/v1\nx:   {{ .Values.x }}: [\n",
        "noted.yaml": "{apiVersion: governor/v1,   kind: Quota, # why\n name: q}\n",
    }
    for name, text in texts.items():
        Path(name).write_text(text)
    result = run("fmt", *texts)
    told = json.loads(run("fmt", *texts, "--output", "json").stdout)

    assert 0 == result.exit_code
    assert texts == {name: Path(name).read_text() for name in texts}
    assert "noted.yaml:1:1 warning not-laid-out" in result.output
    assert ["map.yaml", "template.yaml"] == told["no_policies"]
    assert ["not-laid-out" in problem for problem in told["problems"]] == [True]


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
