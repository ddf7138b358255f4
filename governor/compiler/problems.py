"""Problems of a policy folder: collected, positioned, sorted, and shown all at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from governor.core.errors import GovernorError


class Severity(StrEnum):
    """Whether a problem stops the folder from being used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, at one place.

    Attributes:
        file: Path relative to the policy folder, with forward slashes; ``""`` for the folder itself.
        line: 1-based.
        column: 1-based.
        code: A key of ``CODES``.
        message: One sentence: lower case, no full stop.
        hint: What to write instead, or ``""``.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""

    @property
    def severity(self) -> Severity:
        """Whether it is an error or a warning; a property of the code."""
        return Severity.WARNING if self.code in WARNINGS else Severity.ERROR

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Problems are shown by file, line and column."""
        return (self.file, self.line, self.column, self.code, self.message)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column} " if self.file else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{self.severity} {self.code} {self.message}{hint}"


PROBLEMS_MAX = 1_000


class TooManyProblemsError(GovernorError):
    """So much is wrong that the rest is not worth reading; what was found is kept."""

    code = "too-many-problems"


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems once each, in order of file, line and column."""
    return tuple(sorted(set(problems), key=lambda problem: problem.sort_key))


@dataclass(slots=True)
class Problems:
    """Collects problems; the only mutable thing that is passed through the compiler."""

    found: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Remember a problem.

        Raises:
            TooManyProblemsError: Once there are more than ``PROBLEMS_MAX``; a hostile folder must not take minutes.
        """
        self.found.append(problem)
        if len(self.found) > PROBLEMS_MAX:
            raise TooManyProblemsError(f"more than {PROBLEMS_MAX:,} problems; the rest was not read")

    def extend(self, problems: Iterable[Problem]) -> None:
        """Remember several problems.

        Raises:
            TooManyProblemsError: As ``add``.
        """
        for problem in problems:
            self.add(problem)

    @property
    def fatal(self) -> bool:
        """Whether any error was found."""
        return any(problem.severity is Severity.ERROR for problem in self.found)

    def sorted(self) -> tuple[Problem, ...]:
        """Return all problems once each, in order of file, line and column."""
        return in_order(self.found)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean `limit`?`` for the nearest known word, or ``""`` if none is near."""
    near = get_close_matches(word[:80].lower(), sorted(set(known)), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


ERRORS: Mapping[str, str] = {
    "alert-reaches-nobody": "an alert names nobody who could be told, for some scope of its quota",
    "alias": "YAML anchors and aliases are not allowed: a reviewer must see what a policy says where it says it",
    "catalogue-conflict": "policies of one kind disagree about the price catalogue or what an unknown price means",
    "control-character": "a file has a character that text never has, such as NUL",
    "duplicate-key": "a field is written twice in one mapping; both places are named",
    "duplicate-name": "two policies of a kind, two people or two models have the same name or alias",
    "formerly-conflict": "a former name of a quota or a use case belongs to another one: they would share a balance",
    "indentation": "a line is indented too much or too little for where it stands",
    "leading-zero": "a number would lose its leading zero: quote it",
    "limit-outside-scope": "a limit of `limits` is for something that the quota keeps no budget of",
    "many-organizations": "a folder has more than one Organization",
    "merge-key": "YAML merge keys (`<<`) are not allowed",
    "missing-field": "a required field is missing",
    "missing-price": "a model is allowed, but nothing says what it costs and unknown prices are denied",
    "missing-unit": "a bare number where an amount with a unit is needed",
    "no-organization": "a folder has no Organization",
    "no-policies": "a folder has no policies: nothing was checked",
    "not-a-number": "NaN, infinity, or a number too large for any budget",
    "not-utf-8": "a file is not UTF-8 text",
    "outside-folder": "a symbolic link or a CSV path leaves the policy folder",
    "period-conflict": "a period is missing, or does not go together with the unit of the limit or with another field",
    "quorum-too-large": "an approval rule needs more votes of a group than the group has members",
    "route-order": "routes of an approval rule that overlap, leave a gap, or are never taken",
    "tab": "a tab is used for indentation",
    "tag": "YAML tags (`!!float`, `!include`) are not allowed",
    "thousands-comma": "inside braces or brackets a comma splits a number: write 120k USD",
    "too-deep": "a document is nested deeper than any policy",
    "too-large": "a file, a document or the folder is larger than the stated limit",
    "too-many-problems": "there are more problems than are worth listing; the rest was not read",
    "unknown-field": "a field that the kind does not have",
    "unknown-kind": "the kind of a document is not one that Governor knows",
    "unknown-reference": "a department, team, person, group, environment, use case or model that nothing defines",
    "unreachable-quorum": "somebody's request could never get the votes that its route needs: their own does not count",
    "unquoted-hash": "an unquoted `#word` is a comment in YAML, so the value is empty: quote it",
    "unquoted-star": "an unquoted `*` starts an alias in YAML: quote it",
    "unreadable": "a file cannot be read",
    "wrong-csv": "a line of a CSV file does not fit its header",
    "wrong-currency": "money in another currency than USD",
    "wrong-date": "not a date, or dates in the wrong order",
    "wrong-format": "text that does not have the form of the field",
    "wrong-number": "a number that is negative, zero where that means nothing, too fine or too large",
    "wrong-type": "a value of the wrong type, such as a list where a text is needed",
    "wrong-unit": "an amount in a unit that does not fit the field",
    "wrong-value": "a word that is not one of the words of the field",
    "yaml-syntax": "the text is not YAML",
}
"""Codes that stop a folder from being used, with their meaning. Documented in ``docs/reference/policy-problems.md``."""

WARNINGS: Mapping[str, str] = {
    "ambiguous-approval-rule": "two approval rules are as specific and may concern the same requests: the name decides",
    "ambiguous-word": "`yes`, `no`, `on` and `off` are words here, but booleans for readers of YAML 1.1: quote them",
    "contained-scope": "a rule changes nothing, because a rule of the same kind already says at least as much",
    "identity-changed": "an edit in mid-period makes other budgets: what was spent so far no longer counts",
    "part-begins": "`max_share` or `pace` begins in mid-period: what was spent so far counts for the budget alone",
    "ignored-file": "a file looks like policies but its name is not read",
    "matches-nobody": "a rule that no person, service account or request can ever match",
    "never-in-force": "a rule whose effective dates lie in the past or leave no time between them",
    "not-laid-out": "`governor fmt` leaves a file as it is, because a comment inside braces or brackets would be lost",
    "over-allocated": "budgets of parts add up to more than the budget of the whole",
    "past-review": "the review date of a policy has passed",
    "pattern-offers-nothing": "a group's pattern stands for no listed model where models are offered one by one",
    "renamed-without-formerly": "a quota looks like one that is gone under another name: its balance is lost",
    "retired-model": "a model that is allowed has reached the date on which it retires",
    "retired-use-case": "a rule or a service account names a use case that is retired",
    "routing-without-model": "a routing whose requirements none of its models meets",
    "suspicious-price": "a price far outside what models cost: most likely a slip of the unit",
    "suspicious-unit": "a price for a unit that nobody counts, but nearly: most likely a slip of the pen",
    "undated-move": "a team or person is elsewhere without a date: periods that are over are read so too",
    "unknown-model": "a model that neither a ModelCatalog nor the price catalogue knows",
    "unregistered-use-case": "a rule or a service account names a use case that has no UseCase, though others have",
}
"""Codes that are shown, but do not stop a folder from being used."""

CODES: Mapping[str, str] = {**ERRORS, **WARNINGS}
