"""Approval rules: what is wrong with one is found before anybody waits for a decision that cannot come."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from governor.compiler.load import Compiled, compile_folder
from governor.core.approvals.groups import Home, reachable, seats_of
from governor.core.periods import Every
from governor.core.policy.approval_rule import AutomaticCap, BreakGlass, DecideIn, Requirement, Urgent
from governor.core.working_time import Clock, Span
from tests.approvals.world import COMPANY, RULE, usd

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
HEAD = "apiVersion: governor/v1\nkind: ApprovalRule\nname: r\n"


def compiled(folder: Path, rule: str, company: str = COMPANY) -> Compiled:
    """Compile a rule in the company of the tests."""
    (folder / "company.yaml").write_text(company)
    (folder / "rule.yaml").write_text(rule)
    return compile_folder(folder, NOW)


def found(compiled_: Compiled, file: str = "rule.yaml") -> list[str]:
    """Return place and code of each problem in a file."""
    return [f"{one.line}:{one.column} {one.code}" for one in compiled_.problems if one.file == file]


def test_a_rule_as_the_languages_page_has_it(tmp_path: Path) -> None:
    """Every field arrives as the value that it says."""
    policies = compiled(tmp_path, RULE.removeprefix("---\n")).policies
    assert policies is not None
    [rule] = policies.approval_rules

    assert [usd(100), usd(1000), usd(10_000)] == [route.up_to_nano_usd for route in rule.routes]
    assert AutomaticCap(usd(250), Every.MONTH, "department") == rule.routes[0].cap
    assert (Requirement("department-leads", 1, "finance"),) == rule.routes[1].require
    assert (DecideIn.SLACK, DecideIn.WEB) == (rule.routes[1].decide_in, rule.routes[2].decide_in)
    assert (Span(4 * 3600, Clock.WORKING), Span(3, Clock.WORKING_DAYS)) == (rule.remind_after, rule.expire_after)
    assert Urgent(Span(300), Span(900)) == rule.urgent
    assert BreakGlass("oncall", usd(50), 7200, 2, Every.WEEK, 48 * 3600) == rule.break_glass
    assert (1, 30 * 86_400, True, "#ai-exceptions") == (
        rule.deny_at,
        rule.max_duration_s,
        rule.delegation,
        rule.channel,
    )


FINANCE = "[{group: finance}]"
GLASS = "break_glass: {{group: {}, up_to: 5 USD, for: 1 hour, at_most: {}, review_within: 1 day}}"


@pytest.mark.parametrize(
    ("routes", "want"),
    [
        (f"[{{up_to: 1k USD, require: {FINANCE}}}, {{up_to: 1k USD, require: {FINANCE}}}]", ["route-order"]),
        (f"[{{require: {FINANCE}}}, {{up_to: 1k USD, require: {FINANCE}}}]", ["route-order"]),
        (f"[{{up_to: 1k USD, require: {FINANCE}}}, {{above: 2k USD, require: {FINANCE}}}]", ["route-order"]),
        (f"[{{up_to: 2k USD, require: {FINANCE}}}, {{above: 1k USD, require: {FINANCE}}}]", ["route-order"]),
        (f"[{{above: 1k USD, require: {FINANCE}}}]", ["route-order"]),
        (f"[{{up_to: 0 USD, require: {FINANCE}}}]", ["route-order"]),
        ("[{approve: automatic, at_most: 5 USD per month}]", ["route-order"]),
        (f"[{{approve: automatic, require: {FINANCE}}}]", ["wrong-value"]),
        ("[{up_to: 5 USD}]", ["wrong-value"]),
        (f"[{{require: {FINANCE}, at_most: 5 USD per month}}]", ["wrong-value"]),
        ("[{approve: automatic, decide_in: web}]", ["wrong-value"]),
        ("[{approve: automatic, at_most: 5 USD per fortnight}]", ["wrong-format"]),
        ("[{require: [{group: finace}]}]", ["unknown-reference"]),
        ("[{require: [{group: finance, instead: bord}]}]", ["unknown-reference"]),
        ("[{require: [{group: finance, at_least: 4}]}]", ["quorum-too-large"]),
        ("[{require: [{group: finance, at_least: 3}]}]", ["unreachable-quorum"]),
        ("[{require: [{group: finance, at_least: 2}, {group: board, at_least: 3}]}]", ["unreachable-quorum"]),
        ("[{require: [{group: department-leads}]}]", ["unreachable-quorum"]),
        ("[{require: [{group: department-leads, instead: finance}]}]", []),
        ("[{require: [{group: team-leads, instead: finance}]}]", []),
    ],
)
def test_routes_cover_all_costs_and_reach_their_quorum(tmp_path: Path, routes: str, want: list[str]) -> None:
    """Ascending, without gaps, and with people who can decide whoever asks."""
    result = compiled(tmp_path, f"{HEAD}routes: {routes}\n")

    assert want == [problem.split()[1] for problem in found(result)], [str(one) for one in result.problems]


def test_a_problem_says_who_could_not_be_served(tmp_path: Path) -> None:
    """The place is the quorum; the sentence names the person and the team."""
    result = compiled(tmp_path, f"{HEAD}routes: [{{require: [{{group: department-leads}}]}}]\n")
    [problem] = result.problems

    assert "a request of lena@acme.example for marketing can never get" in problem.message
    assert (4, 20) == (problem.line, problem.column)


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("applies_to: {task: run-1}", "wrong-value"),
        ("applies_to: {department: salse}", "unknown-reference"),
        ("escalate: {after: 1 day, to: nobody}", "unknown-reference"),
        ("urgent: {escalate: 5 minutes}", "missing-field"),
        ("expire_after: 3 working weeks", "wrong-format"),
        ("expire_after: 0 working days", "wrong-number"),
        ("max_duration: 400 days", "wrong-number"),
        ("justification: {at_least: forty characters}", "wrong-format"),
        (GLASS.format("team-leads", "2 per week per person"), "unknown-reference"),
        (GLASS.format("oncall", "twice a week"), "wrong-format"),
        ("enforcement: audit", "unknown-field"),
        ("deny_at: 0", "wrong-value"),
    ],
)
def test_every_field_is_checked(tmp_path: Path, line: str, want: str) -> None:
    """One mistake, one problem, at its own line."""
    result = compiled(tmp_path, f"{HEAD}routes: [{{require: {FINANCE}}}]\n{line}\n")

    assert [(5, want)] == [(int(one.split(":")[0]), one.split()[1]) for one in found(result)]


def test_rules_that_only_the_name_tells_apart_are_pointed_out(tmp_path: Path) -> None:
    """As specific, and for the same requests; a rule for other departments, or a more specific one, is not."""
    rules = {"a": '{department: "*"}', "b": '{department: "eng*"}', "c": "{team: growth}", "d": "{team: platform}"}
    head = HEAD.replace("name: r\n", "")
    routes = f"routes: [{{require: {FINANCE}}}]"
    texts = [f"{head}name: {name}\napplies_to: {selector}\n{routes}\n" for name, selector in rules.items()]
    result = compiled(tmp_path, "---\n".join(texts))

    assert ["ambiguous-approval-rule"] == [one.split()[1] for one in found(result)]
    assert result.policies is not None


def test_a_group_may_not_be_called_like_a_relative_one(tmp_path: Path) -> None:
    """`team-leads` is always the requester's own."""
    company = COMPANY.replace("{name: oncall,", "{name: team-leads, members: [ada@acme.example]}\n  - {name: oncall,")
    result = compiled(tmp_path, f"{HEAD}routes: [{{require: {FINANCE}}}]\n", company)

    assert ["duplicate-name"] == [one.split()[1] for one in found(result, "company.yaml")]


@pytest.mark.parametrize(
    ("hours", "want"),
    [
        ('{days: mon-fri, from: "18:00", until: "09:00"}', "wrong-value"),
        ('{days: mon-fryday, from: "09:00"}', "wrong-value"),
        ("{days: []}", "wrong-value"),
        ('{from: "9 o\'clock"}', "wrong-format"),
    ],
)
def test_working_hours_are_hours(tmp_path: Path, hours: str, want: str) -> None:
    """Somebody works some time."""
    company = COMPANY.replace('{days: mon-fri, from: "09:00", until: "18:00"}', hours)
    result = compiled(tmp_path, f"{HEAD}routes: [{{require: {FINANCE}}}]\n", company)

    assert [want] == [one.split()[1] for one in found(result, "company.yaml")]


@pytest.mark.parametrize(
    ("holidays", "codes"),
    [
        ("{country: DE, subdivision: BE}", []),
        ("{country: DE}", []),
        ("{country: XX}", ["unknown-reference"]),
        ("{country: DE, subdivision: QQ}", ["unknown-reference"]),
        ("[2026-12-24, 2026-02-30]", ["wrong-date"]),
    ],
)
def test_holidays_are_a_countrys_or_a_list(tmp_path: Path, holidays: str, codes: list[str]) -> None:
    """Women's Day is a holiday in Berlin, and not in all of Germany."""
    company = COMPANY.replace("holidays: [2026-11-24]", f"holidays: {holidays}")
    result = compiled(tmp_path, f"{HEAD}routes: [{{require: {FINANCE}}}]\n", company)
    days = result.policies.organization.working_time.holidays if result.policies is not None else frozenset()

    assert codes == [one.split()[1] for one in found(result, "company.yaml")]
    assert ("BE" in holidays) == (date(2027, 3, 8) in days)


def test_the_example_company_can_decide_everything() -> None:
    """The proof of the linter, done again by hand: every route, every person, every team that they may ask for."""
    result = compile_folder(ROOT / "policies", NOW)
    assert result.policies is not None
    organization = result.policies.organization
    [rule] = result.policies.approval_rules
    stuck = [
        (person.user, route)
        for route in rule.routes
        for person in organization.people.values()
        for team in person.teams or ("",)
        if not reachable(
            seats_of(
                organization,
                route.require,
                Home(person.placement(NOW).department, team),
                excluded=frozenset({person.user}),
                now=NOW,
            )
        )
    ]

    assert [] == stuck
