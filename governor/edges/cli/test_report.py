"""Results of policy tests: for people, for programs, for build servers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from governor.compiler.problems import Problem
from governor.compiler.report import problem_wire
from governor.services.coverage import Coverage, PolicyCoverage
from governor.services.run_suites import CaseResult


def as_text(results: Sequence[CaseResult], covered: Coverage) -> Iterator[str]:
    """Yield the failures with what was answered, the rules that no case made fire, and the sums."""
    for result in results:
        if result.differences:
            yield f"FAILED {result.case.source} {result.suite.name}: {result.case.name}"
            yield from (f"    {line}" for line in _why(result))
    for policy in covered.policies:
        if policy.silent:
            yield _silent(policy)
    failed = sum(bool(result.differences) for result in results)
    yield (
        f"{len(results) - failed} passed, {failed} failed; "
        f"{covered.fired} of {covered.rules} rules fired ({covered.percent:.0f}%)"
    )


def _why(result: CaseResult) -> Iterator[str]:
    """Yield what differs, and the reasons of the answer with the policies' lines."""
    yield from result.differences
    for reason in (*result.answer["reasons"], *result.answer["warnings"]):
        yield f"{reason['code']} {reason['policy'] or ''} {reason['source'] or ''}: {reason['message']}"


def _silent(policy: PolicyCoverage) -> str:
    return f"no case makes fire: {policy.policy} ({policy.source}) {', '.join(policy.silent)}"


def as_json(
    results: Sequence[CaseResult], covered: Coverage | None, problems: Sequence[Problem] = ()
) -> dict[str, Any]:
    """Return everything as one document; ``covered`` is None where problems kept the cases from running."""
    failed = sum(bool(result.differences) for result in results)
    return {
        "passed": len(results) - failed,
        "failed": failed,
        "cases": [
            {
                "suite": result.suite.name,
                "name": result.case.name,
                "source": str(result.case.source),
                "passed": not result.differences,
                "differences": list(result.differences),
                "answer": dict(result.answer),
            }
            for result in results
        ],
        "coverage": _coverage(covered) if covered is not None else None,
        "problems": [problem_wire(problem) for problem in problems],
    }


def _coverage(covered: Coverage) -> dict[str, Any]:
    return {
        "rules": covered.rules,
        "fired": covered.fired,
        "percent": round(covered.percent, 1),
        "policies": [
            {
                "policy": policy.policy,
                "source": policy.source,
                "rules": list(policy.rules),
                "silent": list(policy.silent),
            }
            for policy in covered.policies
        ],
    }


def as_junit(results: Sequence[CaseResult], missed: Sequence[PolicyCoverage] = ()) -> str:
    """Return JUnit's XML, which build servers show; policies with rules that no case fires fail if they are missed."""
    root = ET.Element("testsuites")
    for name in dict.fromkeys(result.suite.name for result in results):
        own = [result for result in results if result.suite.name == name]
        failed = sum(bool(result.differences) for result in own)
        suite = ET.SubElement(root, "testsuite", name=name, tests=str(len(own)), failures=str(failed))
        for result in own:
            source = result.case.source
            place = {"file": source.file, "line": str(source.line)}
            case = ET.SubElement(suite, "testcase", {"name": result.case.name, "classname": name, **place})
            if result.differences:
                failure = ET.SubElement(case, "failure", message=result.differences[0])
                failure.text = "\n".join(_why(result))
    if missed:
        suite = ET.SubElement(root, "testsuite", name="coverage", tests=str(len(missed)), failures=str(len(missed)))
        for policy in missed:
            case = ET.SubElement(suite, "testcase", name=policy.policy, classname="coverage")
            ET.SubElement(case, "failure", message=_silent(policy))
    return _xml(root)


def problems_as_junit(problems: Sequence[Problem]) -> str:
    """Return what kept the cases from running as JUnit's XML: an error for each, at its place."""
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", name="problems", tests=str(len(problems)), errors=str(len(problems)))
    for problem in problems:
        place = {"file": problem.file, "line": str(problem.line)}
        case = ET.SubElement(suite, "testcase", {"name": problem.code, "classname": "problems", **place})
        ET.SubElement(case, "error", message=str(problem))
    return _xml(root)


def _xml(root: ET.Element) -> str:
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def as_github(results: Sequence[CaseResult], place: Path, missed: Sequence[PolicyCoverage] = ()) -> Iterator[str]:
    """Yield one annotation for each failure, at the line of its case, and for each policy that cases miss."""
    prefix = "" if place.is_absolute() else f"{place.as_posix()}/"
    for result in results:
        if result.differences:
            source = result.case.source
            said = "\n".join(_why(result)).replace("%", "%25").replace("\n", "%0A")
            title = result.case.name.replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
            yield f"::error file={prefix}{source.file},line={source.line},col={source.column},title={title}::{said}"
    for policy in missed:
        file, _, line = policy.source.partition(":")
        yield f"::error file={prefix}{file},line={line.partition(':')[0]},title=coverage::{_silent(policy)}"
