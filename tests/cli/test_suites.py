"""``governor test``: suites beside the policies, run by the functions that answer ``/decide``."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import Result

Cli = Callable[..., Result]

SUITE = """
apiVersion: governor/v1
kind: TestSuite
name: sales
given:
  now: 2026-11-20T09:00:00Z
  used: [{quota: department-monthly, used: 0.99 USD}]
cases:
  - name: an exhausted department is refused and told when it resets
    request: {user: ada@acme.example, model: acme/fast, input_tokens: 2000, max_output_tokens: 0}
    expect: {verdict: deny, reason: quota_exceeded, policy: Quota/department-monthly, resets_at: 2026-12-01T00:00:00Z}
  - name: what fits is allowed
    request: {user: ada@acme.example, model: acme/small, input_tokens: 2000, max_output_tokens: 0}
    expect: {verdict: allow, model: acme/small, cost_usd: "0.002000000", reasons: [], policy: ModelAllowlist/all-models}
"""


@pytest.fixture
def suite(policies: Path) -> Callable[[str], None]:
    """Write the folder's only test file."""

    def write(text: str) -> None:
        (policies / "sales.test.yaml").write_text(text, encoding="utf-8")

    return write


def one(expect: str, given: str = "", user: str = "ada@acme.example") -> str:
    """Return a suite of one case."""
    return f"""
apiVersion: governor/v1
kind: TestSuite
name: one
given: {{now: 2026-11-20T09:00:00Z, used: [{given}]}}
cases:
  - name: the case
    request: {{user: {user}, model: acme/fast, input_tokens: 1000, max_output_tokens: 0}}
    expect: {expect}
"""


def test_what_holds_passes(cli: Cli, suite: Callable[[str], None]) -> None:
    """Exit code 0, with what the tests cover."""
    suite(SUITE)

    result = cli("test")

    assert 0 == result.exit_code, result.output
    assert "2 passed, 0 failed; 2 of 2 rules fired (100%)" in result.output


def test_a_warning_stops_nothing(cli: Cli, suite: Callable[[str], None]) -> None:
    """A word that YAML 1.1 takes for a boolean is pointed out, and the cases run; the field `n` is no such word."""
    ask = "{user: ada@acme.example, model: acme/fast, input_tokens: 1000, max_output_tokens: 0, n: 2}"
    suite(SUITE + f"  - name: no\n    request: {ask}\n    expect: {{verdict: allow}}\n")

    result = cli("test", "--case", "no")

    assert (0, True) == (result.exit_code, "1 passed" in result.stdout)
    assert ["sales.test.yaml:15:11 warning ambiguous-word"] == [
        line.partition(" `")[0] for line in result.stderr.splitlines()
    ]


@pytest.mark.parametrize(("name", "exit_code"), [("sales.test.yaml", 1), ("acme.yaml", 2)])
def test_what_cannot_be_read_is_said_in_the_form_that_programs_asked_for(
    cli: Cli, suite: Callable[[str], None], policies: Path, name: str, exit_code: int
) -> None:
    """A build server shows a broken suite or policy at its line, like a failure."""
    suite(SUITE)
    text = (policies / name).read_text(encoding="utf-8")
    (policies / name).write_text(text.replace("kind: ", "knd: ", 1), encoding="utf-8")

    document, xml, github, table = (cli("test", "--output", form) for form in ("json", "junit", "github", "table"))
    [problem] = json.loads(document.stdout)["problems"]
    [error] = ET.fromstring(xml.stdout).iter("error")
    place = f"{name}:{problem['line']}:{problem['column']} error"

    assert {exit_code} == {result.exit_code for result in (document, xml, github, table)}
    assert [True, True] == [place in text for text in (error.get("message", ""), table.stderr)]
    assert f"{name},line={problem['line']},col={problem['column']},title={problem['code']}::" in github.stdout
    assert "" == table.stdout


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{verdict: deny}", "verdict: expected deny, got allow"),
        ("{model: acme/small}", "model: expected acme/small, got acme/fast"),
        ("{cost_usd: '1'}", "cost_usd: expected 1, got 0.010000000"),
        ("{warnings: [soft_limit_exceeded]}", "warnings: expected soft_limit_exceeded, got none"),
        ("{substituted: true}", "substituted: expected true, got false"),
        (
            "{policy: Quota/nothing}",
            "Quota/nothing was not evaluated; what took part: ModelAllowlist/all-models",
        ),
        ("{reason: quota_exceeded}", "reason: expected quota_exceeded, got none"),
    ],
)
def test_what_does_not_hold_is_said(cli: Cli, suite: Callable[[str], None], expect: str, said: str) -> None:
    """Expected and actual stand side by side, at the line of the case."""
    suite(one(expect))

    result = cli("test")

    assert 1 == result.exit_code
    assert "FAILED sales.test.yaml:7 one: the case" in result.output
    assert said in result.output
    assert "0 passed, 1 failed" in result.output


def test_a_refusal_shows_its_reasons(cli: Cli, suite: Callable[[str], None]) -> None:
    """Who expected an allow sees why there was none, and which line says so."""
    suite(one("{verdict: allow}", "{quota: Quota/department-monthly, used: 0.5 USD, held: 0.5 USD}"))

    result = cli("test")

    for output in (result.output, *(cli("test", "--output", form).output for form in ("junit", "github"))):
        assert "quota_exceeded Quota/department-monthly acme.yaml:" in output
    assert "sales has used 0.50 of 1 USD for November and holds 0.50" in result.output


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ("{quota: department-monthly, used: 1 USD, scope: {department: sales}}", "deny"),
        ("{quota: department-monthly, used: 1 USD, scope: {department: legal}}", "allow"),
        ("{quota: department-monthly, used: 1 USD, at: 2026-10-20T09:00:00Z}", "allow"),
    ],
)
def test_a_given_is_about_one_budget(cli: Cli, suite: Callable[[str], None], given: str, verdict: str) -> None:
    """Another department's budget, and last month's, are other budgets."""
    suite(one(f"{{verdict: {verdict}}}", given))

    assert 0 == cli("test").exit_code


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{quota: nothing, used: 1 USD}", "there is no Quota/nothing"),
        ("{quota: department-monthly, used: 1 tokens}", "counts USD, not tokens"),
        (
            "{quota: department-monthly, used: 1 USD, scope: {team: x}}",
            "the scope of Quota/department-monthly is department",
        ),
    ],
)
def test_a_given_that_means_nothing_fails(cli: Cli, suite: Callable[[str], None], given: str, said: str) -> None:
    """A balance that is given to no budget would prove nothing."""
    suite(one("{verdict: allow}", given))

    result = cli("test")

    assert (1, True) == (result.exit_code, said in result.output)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (one("{}"), "sales.test.yaml:9:13 error missing-field this case states nothing, so it cannot fail"),
        (
            SUITE.split("cases:", maxsplit=1)[0] + "cases: []",
            "error missing-field a suite without cases proves nothing",
        ),
        (one("{verdct: deny}"), "error unknown-field `verdct` is not a field of `expect`; did you mean `verdict`"),
        (one("{verdict: maybe}"), "wrong-value"),
        (SUITE.replace("  now: 2026-11-20T09:00:00Z\n", ""), "a case needs the instant of its request"),
        (SUITE.replace("2026-11-20T09:00:00Z", "0001-01-01T00:00:00+14:00"), "error wrong-date"),
        (SUITE.replace("2026-11-20T09:00:00Z", "9999-12-31T00:00:00Z"), "error wrong-date"),
        (SUITE + "---" + SUITE, "error duplicate-name there is another suite `sales`"),
        (one("{verdict: allow}").replace("kind: TestSuite", "kind: Quota"), "holds documents of kind: TestSuite"),
        (one("{verdict: allow}").replace("user: ada@acme.example, ", ""), "nobody asks"),
        ("a: [", "yaml-syntax"),
    ],
)
def test_a_suite_that_cannot_fail_is_an_error(cli: Cli, suite: Callable[[str], None], text: str, said: str) -> None:
    """Every problem has its place, and nothing is run."""
    suite(text)

    result = cli("test")

    assert 1 == result.exit_code
    assert said in result.output, result.output
    assert "passed" not in result.output


def test_a_suite_with_a_thousand_mistakes_ends_in_problems(cli: Cli, suite: Callable[[str], None]) -> None:
    """So much is wrong that the rest is not read; what was found is listed, and nothing is run."""
    suite(SUITE + "".join(f"wrong{number}: 1\n" for number in range(1_001)))

    results = [cli("test"), cli("validate")]

    assert [1, 1] == [result.exit_code for result in results]
    assert all("error too-many-problems" in result.output for result in results)
    assert all("sales.test.yaml:18:1 error unknown-field" in result.output for result in results)


def test_nothing_to_test_is_no_success(cli: Cli, suite: Callable[[str], None]) -> None:
    """No suite, and a selection that selects nothing, are wrong use."""
    without = cli("test")
    suite(SUITE)
    selected = cli("test", "--case", "no such words")

    assert (2, True) == (without.exit_code, "has no *.test.yaml: nothing was tested" in without.output)
    assert (2, True) == (selected.exit_code, "no case matches; the suites are sales" in selected.output)


def test_one_case_can_be_run(cli: Cli, suite: Callable[[str], None]) -> None:
    """By words of its name, or by its suite."""
    suite(SUITE)

    assert "1 passed, 0 failed" in cli("test", "--suite", "sales", "--case", "EXHAUSTED").output


def test_coverage_can_be_demanded(cli: Cli, suite: Callable[[str], None], policies: Path) -> None:
    """Rules that no case makes fire are named, and too few are a failure."""
    suite(one("{verdict: allow}"))

    result = cli("test", policies, "--fail-under", "60")

    assert 1 == result.exit_code
    assert "no case makes fire: Quota/department-monthly (acme.yaml:36) limit" in result.output
    assert "the tests make 50% of the rules fire, wanted are 60%" in result.output
    github = cli("test", policies, "--fail-under", "60", "--output", "github").output
    junit = ET.fromstring(
        cli("test", policies, "--fail-under", "60", "--output", "junit").output.partition("error:")[0]
    )
    assert "::error file=acme.yaml,line=36,title=coverage::no case makes fire: Quota/department-monthly" in github
    assert "Quota/department-monthly" in [case.get("name") for case in junit.findall("./testsuite[@name='coverage']/*")]
    assert 0 == cli("test", policies, "--fail-under", "50").exit_code


def test_programs_read_results(cli: Cli, suite: Callable[[str], None]) -> None:
    """JSON, JUnit and GitHub annotations say the same."""
    suite(one("{verdict: deny}"))

    document = json.loads(cli("test", "--output", "json").output)
    junit = ET.fromstring(cli("test", "--output", "junit").output)
    github = cli("test", "--output", "github").output

    assert (0, 1, 50.0) == (document["passed"], document["failed"], document["coverage"]["percent"])
    assert ["verdict: expected deny, got allow"] == document["cases"][0]["differences"]
    assert "allow" == document["cases"][0]["answer"]["verdict"]
    [failure] = junit.findall("./testsuite/testcase/failure")
    assert "verdict: expected deny, got allow" == failure.text
    assert "sales.test.yaml,line=7,col=11,title=the case::verdict: expected deny, got allow" in github


def test_wrong_policies_come_first(cli: Cli, suite: Callable[[str], None], policies: Path) -> None:
    """A folder with errors cannot be tested."""
    suite(SUITE)
    (policies / "more.yaml").write_text("kind: Quota")

    result = cli("test")

    assert (2, False) == (result.exit_code, "passed" in result.output)


def granted(grant: str) -> str:
    """Return a suite of one case under a grant, that expects the request to be allowed by it."""
    return f"""
apiVersion: governor/v1
kind: TestSuite
name: granted
given:
  now: 2026-11-20T09:00:00Z
  used: [{{quota: department-monthly, used: 1 USD}}]
  grants: [{grant}]
cases:
  - name: the case
    request: {{user: ada@acme.example, model: acme/fast, input_tokens: 1000, max_output_tokens: 0}}
    expect: {{verdict: allow, reason: granted, policy: Quota/department-monthly}}
"""


FOR_ADA = "for: {user: ADA@acme.example}, lifts: [Quota/department-monthly]"


@pytest.mark.parametrize(
    ("grant", "passes"),
    [
        ("amount: 1 USD, until: 2026-11-20T09:00:01Z", True),
        ("amount: 1 USD, until: 2026-11-20T09:00:00Z", False),
        ("amount: 1 USD, from: 2026-11-20T09:00:01Z, until: 2026-11-21T09:00:00Z", False),
        ("amount: 1 USD, used: 0.99 USD, until: 2026-11-21T09:00:00Z", True),
        ("amount: 1 USD, used: 0.991 USD, until: 2026-11-21T09:00:00Z", False),
    ],
)
def test_a_grant_is_given(cli: Cli, suite: Callable[[str], None], grant: str, *, passes: bool) -> None:
    """It acts in its time, as far as its amount goes, for its own person under any name."""
    suite(granted(f"{{{FOR_ADA}, {grant}}}"))

    assert (0 if passes else 1) == cli("test").exit_code


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        (
            "{for: {user: ada}, lifts: [Quota/nothing], amount: 1 USD, until: 2026-11-21T09:00:00Z}",
            "given: there is no policy `Quota/nothing`",
        ),
        (f"{{{FOR_ADA}, amount: 1, until: 2026-11-21T09:00:00Z}}", "missing-unit"),
        (f"{{{FOR_ADA}, amount: 1 USD}}", "missing-field"),
        (f"{{{FOR_ADA}, amount: 1 USD, until: 2026-11-21T09:00:00Z, models: [gpt-4o]}}", "wrong-value"),
        (
            "{for: {}, lifts: [ModelAllowlist/all-models], amount: 1 USD, until: 2026-11-21T09:00:00Z}",
            "the grant is for nobody",
        ),
        (
            "{for: {user: ada}, lifts: [ModelAllowlist/all-models], amount: 1 USD, until: 2026-11-21T09:00:00Z}",
            "a grant that lifts ModelAllowlist/all-models says models",
        ),
        (
            "{for: {user: ada}, lifts: [Quota/x, ContextLimit/y], amount: 1 USD, until: 2026-11-21T09:00:00Z}",
            "one grant does not lift ContextLimit and Quota",
        ),
    ],
)
def test_a_grant_that_means_nothing_is_said(cli: Cli, suite: Callable[[str], None], grant: str, said: str) -> None:
    """Where it stands, or in the case that it was given to."""
    suite(granted(grant))

    result = cli("test")

    assert (True, True) == (result.exit_code != 0, said in result.output + result.stderr)
