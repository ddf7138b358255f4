"""Problems as text, JSON, SARIF and GitHub annotations, and the exit codes of `governor validate`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from governor.compiler.problems import Problem
from governor.compiler.report import as_github, as_sarif
from governor.edges.cli.schema import app as schema_app
from governor.edges.cli.validate import validate

app = typer.Typer()
app.command("validate")(validate)
app.add_typer(schema_app)
runner = CliRunner()

ERROR = Problem("quotas.yaml", 12, 9, "unknown-field", "`limt` is not a field of Quota", "did you mean `limit`?")
WARNING = Problem("a,b.yaml", 1, 1, "past-review", "100% late\nindeed")


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one error, named relative to where the command runs."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yaml").write_text("apiVersion: governor/v1\nkind: Organisation\nname: acme\n", encoding="utf-8")
    return folder


def test_a_problem_reads_as_one_line() -> None:
    """File, line and column first, so that terminals and editors make it a link."""
    expected = "quotas.yaml:12:9 error unknown-field `limt` is not a field of Quota; did you mean `limit`?"

    assert expected == str(ERROR)


def test_github_gets_escaped_workflow_commands() -> None:
    """Commas, colons, percent signs and line ends cannot break out of an annotation."""
    sentence = "`limt` is not a field of Quota; did you mean `limit`?"

    lines = as_github([ERROR, WARNING], "policies")

    assert [
        f"::error file=policies/quotas.yaml,line=12,col=9,title=unknown-field::{sentence}",
        "::warning file=policies/a%2Cb.yaml,line=1,col=1,title=past-review::100%25 late%0Aindeed",
    ] == lines


def test_sarif_has_rules_and_places() -> None:
    """A log that code scanners accept: rules by index, levels, regions from 1."""
    log = as_sarif([ERROR, WARNING], "1.2.3", "policies/")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    first = run["results"][0]

    assert ("2.1.0", "governor", "1.2.3") == (log["version"], driver["name"], driver["version"])
    assert ["past-review", "unknown-field"] == [rule["id"] for rule in driver["rules"]]
    assert "unknown-field" == driver["rules"][first["ruleIndex"]]["id"] == first["ruleId"]
    assert {
        "artifactLocation": {"uri": "policies/quotas.yaml"},
        "region": {"startLine": 12, "startColumn": 9},
    } == first["locations"][0]["physicalLocation"]
    assert ["error", "warning"] == [result["level"] for result in run["results"]]


@pytest.mark.parametrize("form", ["text", "table", "json", "sarif", "github"])
def test_a_broken_folder_is_a_finding_in_every_form(broken: Path, form: str) -> None:
    """Exit code 1, the code, and no stack trace, whatever the form."""
    result = runner.invoke(app, ["validate", "rules", "--format", form])

    assert 1 == result.exit_code
    assert "unknown-kind" in result.output
    assert "did you mean `Organization`?" in result.output
    assert "Traceback" not in result.output


def test_json_counts_what_it_lists(broken: Path) -> None:
    """Programs read validity, counts and places from one document."""
    document = json.loads(runner.invoke(app, ["validate", "rules", "-o", "json"]).output)

    assert (False, 1, 0, 1) == (document["valid"], document["errors"], document["warnings"], document["files"])
    assert ("a.yaml", 2, 7) == tuple(document["problems"][0][name] for name in ("file", "line", "column"))


@pytest.fixture
def tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A valid folder with a test suite that has a slip."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yaml").write_text("apiVersion: governor/v1\nkind: Organization\nname: acme\n", encoding="utf-8")
    (folder / "b.test.yaml").write_text(
        "apiVersion: governor/v1\nkind: TestSuite\nname: s\ngiven: {now: 2026-11-20T09:00:00Z}\n"
        "cases: [{name: c, request: {user: u, model: m}, expect: {verdct: deny}}]\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("form", ["text", "table", "json", "sarif", "github"])
def test_test_suites_are_checked_with_their_policies(tested: Path, form: str) -> None:
    """A slip in a suite is a finding at its place, whatever the form; mended, the folder is fine."""
    broken = runner.invoke(app, ["validate", "rules", "--format", form])
    suite = tested / "b.test.yaml"
    suite.write_text(suite.read_text(encoding="utf-8").replace("verdct", "verdict"), encoding="utf-8")
    mended = runner.invoke(app, ["validate", "rules", "--format", form])

    assert (1, 0) == (broken.exit_code, mended.exit_code)
    assert "b.test.yaml" in broken.output
    assert "`verdct` is not a field of `expect`" in broken.output
    assert "did you mean `verdict`?" in broken.output


def test_policies_are_told_from_their_suites(tested: Path) -> None:
    """Somebody whose suite is wrong learns that the policies are not."""
    broken = runner.invoke(app, ["validate", "rules"]).output
    suite = tested / "b.test.yaml"
    suite.write_text(suite.read_text(encoding="utf-8").replace("verdct", "verdict"), encoding="utf-8")
    mended = runner.invoke(app, ["validate", "rules"]).output
    counted = json.loads(runner.invoke(app, ["validate", "rules", "-o", "json"]).output)

    assert broken.endswith("1 error, 0 warnings: its test suites cannot be run\n")
    assert "1 policy in 1 file, 1 test suite, 0 warnings; version" in mended
    assert (True, 1, 1) == (counted["valid"], counted["files"], counted["suites"])


def test_a_folder_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    """Exit code 2, and a sentence that says what to do."""
    result = runner.invoke(app, ["validate", str(tmp_path / "nowhere")])

    assert 2 == result.exit_code
    assert "there is no policy folder" in result.output


def test_a_folder_without_policies_is_a_finding(tmp_path: Path) -> None:
    """Zero files selected is never a yes."""
    result = runner.invoke(app, ["validate", str(tmp_path)])

    assert 1 == result.exit_code
    assert "no-policies" in result.output


def test_schemas_are_written_once_and_checked(tmp_path: Path) -> None:
    """Export writes what is missing; a check finds what was edited by hand."""
    written = runner.invoke(app, ["schema", "export", "--to", str(tmp_path)])
    clean = runner.invoke(app, ["schema", "export", "--check", "--to", str(tmp_path)])
    (tmp_path / "Quota.schema.json").write_text("{}", encoding="utf-8")
    stale = runner.invoke(app, ["schema", "export", "--check", "--to", str(tmp_path)])

    assert (0, 0, 1) == (written.exit_code, clean.exit_code, stale.exit_code)
    assert "Quota.schema.json" in stale.output
