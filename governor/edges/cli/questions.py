"""What is asked to write a policy: each question with how its answer is written in YAML."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from governor.compiler.problems import Problems
from governor.compiler.source import read_documents
from governor.core.errors import InvalidRequestError


def scalar(text: str) -> str:
    """Write a text so that it is read as that text: plain where that is safe, else quoted."""
    return _written(text.strip(), "x: {}\n", lambda read: read == [{"x": text.strip()}])


def _in_flow(text: str) -> str:
    """The same inside brackets, where commas and brackets end a text."""
    return _written(text, "x: [{}]\n", lambda read: read == [{"x": [text]}])


def _written(text: str, place: str, is_it: Callable[[list[object]], bool]) -> str:
    problems = Problems()
    read = [document.value for document in read_documents("answer", place.format(text), problems)]
    if is_it(read) and not problems.found:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def words(text: str) -> str:
    """Write a list: ``department team`` or ``department, team`` is ``[department, team]``."""
    return "[" + ", ".join(_in_flow(word) for word in text.replace(",", " ").split()) + "]"


def selector(text: str) -> str:
    """Write whom a rule concerns: ``department=marketing,sales environment=prod``.

    Raises:
        InvalidRequestError: If it is not written like that.
    """
    terms = []
    for term in text.split():
        key, equals, values = term.partition("=")
        if not (key and equals and values):
            raise InvalidRequestError(f"`{term[:80]}` is not KEY=VALUE; write it like department=marketing,sales")
        listed = values.split(",")
        terms.append(f"{key}: {_in_flow(listed[0]) if len(listed) == 1 else words(values)}")
    return "{" + ", ".join(terms) + "}"


def action(text: str) -> str:
    """Write what happens at the limit: ``deny``, ``warn``, or ``downgrade MODELS``."""
    first, *models = text.replace(",", " ").split()
    if first == "downgrade" and models:
        return "{downgrade: {to: " + words(" ".join(models)) + "}}"
    return scalar(text)


def _is_counted_in_periods(answers: Mapping[str, str]) -> bool:
    """Tell whether a limit is of what adds up: concurrent requests are what runs now."""
    return "concurrent" not in answers.get("limit", "").split()


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a policy.

    Attributes:
        field: Its name in YAML, and of the option.
        text: What is asked.
        example: Shown beside it.
        required: Whether the policy needs it.
        default: Taken where nothing is answered.
        write: Turns an answer into YAML.
        applies: Whether it has a place beside the other answers; where it has none, it is not asked.
    """

    field: str
    text: str
    example: str
    required: bool = False
    default: str = ""
    write: Callable[[str], str] = scalar
    applies: Callable[[Mapping[str, str]], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Form:
    """The questions of one kind of policy, in the order of its fields.

    Attributes:
        kind: As it is written in YAML.
        file: Where such policies stand, unless somebody says otherwise.
    """

    kind: str
    file: str
    questions: tuple[Question, ...]

    def document(self, answers: Mapping[str, str]) -> str:
        """Return the policy as YAML."""
        lines = ["apiVersion: governor/v1", f"kind: {self.kind}"]
        for question in self.questions:
            answer = answers.get(question.field, "") or (question.default if question.applies(answers) else "")
            if answer:
                lines.append(f"{question.field}: {question.write(answer)}")
        return "\n".join(lines) + "\n"


_ABOUT = (
    Question("description", "What is it, in a sentence?", "Marketing's monthly AI budget."),
    Question("owner", "Who answers for it?", "finops@acme.example"),
    Question("reason", "Why does it exist?", "Board decision 2026-09-14"),
    Question("review_by", "By when is it looked at again?", "2027-03-31"),
    Question("enforcement", "Is it enforced, or does it warn, or only write down (audit)?", "enforce"),
)
_NAME = Question("name", "What is it called?", "marketing-monthly-spend", required=True)
_FOR = Question(
    "applies_to", "Whom does it concern? Empty: everyone", "department=marketing environment=prod", write=selector
)
_EXCEPT = Question("except", "Whom does it not concern?", "user=ceo@acme.example", write=selector)

QUOTA = Form(
    "Quota",
    "quotas.yaml",
    (
        _NAME,
        *_ABOUT,
        _FOR,
        _EXCEPT,
        Question("per", "A budget for each of what? Empty: one for all", "department", write=words),
        Question("limit", "How much?", "20k USD, 1.5M tokens, 2000 requests", required=True),
        Question("period", "In which period?", "month", default="month", applies=_is_counted_in_periods),
        Question("soft_limit", "From when on does it warn?", "80%"),
        Question("when_reached", "And at the limit: deny, warn, or downgrade MODELS?", "deny", write=action),
    ),
)
ALLOWLIST = Form(
    "ModelAllowlist",
    "models.yaml",
    (
        _NAME,
        *_ABOUT,
        _FOR,
        _EXCEPT,
        Question("allow", "Which models may be used?", "group:economy anthropic/claude-sonnet-4", write=words),
        Question("only", "Which are the only ones?", "group:economy", write=words),
        Question("deny", "Which may nobody use?", "*-preview*", write=words),
        Question("fallback", "What is offered instead of a refused one?", "openai/gpt-4o-mini", write=words),
    ),
)
CONTEXT_LIMIT = Form(
    "ContextLimit",
    "context.yaml",
    (
        _NAME,
        *_ABOUT,
        _FOR,
        _EXCEPT,
        Question("max_input", "How much input at most?", "100k tokens"),
        Question("max_output", "How long an answer at most?", "8k tokens"),
        Question("max_total", "How much of both together?", "120k tokens"),
        Question("when_over", "What is larger: deny, or clamp the answer?", "clamp"),
    ),
)
USE_CASE = Form(
    "UseCase",
    "use_cases.yaml",
    (
        _NAME,
        *(question for question in _ABOUT if question.field != "enforcement"),
        Question("stage", "experiment, production or retired?", "experiment", default="experiment"),
        Question("audience", "customer or internal?", "internal", default="internal"),
        Question("outcome", "What is a result?", "a resolved ticket"),
        Question("outcome_worth", "What is one worth?", "4.50 USD"),
        Question("expected_cost", "What should one cost?", "0.35 USD per outcome"),
    ),
)

FORMS: Mapping[str, Form] = {
    "quota": QUOTA,
    "allowlist": ALLOWLIST,
    "context-limit": CONTEXT_LIMIT,
    "use-case": USE_CASE,
}
"""What can be asked for, by the name of the command."""


def missing(form: Form, answers: Mapping[str, str]) -> Sequence[Question]:
    """Return the questions that need an answer and have none."""
    return [question for question in form.questions if question.required and not answers.get(question.field)]
