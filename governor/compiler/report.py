"""Problems as other programs read them: JSON, SARIF 2.1.0 for code scanners, annotations for GitHub."""

from collections.abc import Sequence
from typing import Any

from governor.compiler.problems import CODES, WARNINGS, Problem, Severity

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(problems: Sequence[Problem], version: str, files: int, suites: int) -> dict[str, Any]:
    """Return the problems as one JSON document.

    Args:
        problems: In order.
        version: The folder's version.
        files: How many files of policies were read.
        suites: How many test suites.
    """
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    return {
        "valid": errors == 0,
        "version": version,
        "files": files,
        "suites": suites,
        "errors": errors,
        "warnings": len(problems) - errors,
        "problems": [problem_wire(problem) for problem in problems],
    }


def problem_wire(problem: Problem) -> dict[str, Any]:
    """Return one problem as data."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": str(problem.severity),
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


def as_sarif(problems: Sequence[Problem], tool_version: str, prefix: str) -> dict[str, Any]:
    """Return the problems as a SARIF 2.1.0 log.

    Args:
        problems: In order.
        tool_version: Governor's own version.
        prefix: The folder as it was named, put before each file so that the places are found in the repository.
    """
    used = sorted({problem.code for problem in problems})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES[code]},
            "defaultConfiguration": {"level": "warning" if code in WARNINGS else "error"},
        }
        for code in used
    ]
    driver = {"name": "governor", "version": tool_version, "rules": rules}
    results = [_sarif_result(problem, used.index(problem.code), prefix) for problem in problems]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _sarif_result(problem: Problem, rule: int, prefix: str) -> dict[str, Any]:
    location = {
        "artifactLocation": {"uri": _uri(prefix, problem.file)},
        "region": {"startLine": problem.line, "startColumn": problem.column},
    }
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": str(problem.severity),
        "message": {"text": _sentence(problem)},
        "locations": [{"physicalLocation": location}],
    }


def _uri(prefix: str, file: str) -> str:
    parts = [part for part in (prefix.rstrip("/"), file) if part and part != "."]
    return "/".join(parts) or "."


def _sentence(problem: Problem) -> str:
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message


def as_github(problems: Sequence[Problem], prefix: str) -> list[str]:
    """Return one workflow command for each problem, which GitHub shows at the line of a pull request."""
    lines = []
    for problem in problems:
        place = f"file={_property(_uri(prefix, problem.file))},line={problem.line},col={problem.column}"
        title = f"title={_property(problem.code)}"
        lines.append(f"::{problem.severity} {place},{title}::{_data(_sentence(problem))}")
    return lines


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
