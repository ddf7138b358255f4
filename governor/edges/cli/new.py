"""``governor new``: write a policy by answering questions, or by options."""

import shutil
import sys
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from governor.clients.clock import SystemClock
from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import compile_folder
from governor.core.errors import GovernorError, InvalidRequestError
from governor.edges.cli.load_policies import policy_folder
from governor.edges.cli.mistakes import FindingError, MistakeGroup
from governor.edges.cli.printing import Output, OutputOption, print_json, say
from governor.edges.cli.questions import FORMS, Form, Question, missing

EXAMPLE = 'Example: governor new quota --name mkt-spend --limit "20k USD" --applies-to department=marketing'
SCHEMA_LINE = "# yaml-language-server: $schema=../schemas/policy.schema.json\n"

app = typer.Typer(
    name="new",
    cls=MistakeGroup,
    help="Write a policy by answering questions, or by options; it is validated before it is written.",
    no_args_is_help=True,
    epilog=EXAMPLE,
)


@app.callback()
def new() -> None:
    """Write a policy by answering questions, or by options; it is validated before it is written."""


def _write(
    form: Form,
    answers: dict[str, str],
    *,
    file: str,
    policies: str | None,
    ask: bool | None,
    show: bool,
    output: Output,
) -> None:
    """Put the policy together, try it in a copy of the folder, and add it to its file."""
    folder = policy_folder(policies)
    asking = ask if ask is not None else sys.stdin.isatty() and bool(missing(form, answers))
    if asking:
        _ask(form, answers, beside=output is Output.JSON)
    lacking = ", ".join(f"`{_option(question)}`" for question in missing(form, answers))
    if lacking:
        raise InvalidRequestError(f"{lacking} is needed; or answer questions with `--ask`")
    text = form.document(answers)
    if show:
        _report(f"{form.kind}/{answers['name']}", text, None, [], output)
        return
    if not folder.is_dir():
        raise GovernorError(f"there is no policy folder `{folder}`; make one with `governor init`")
    place = folder / (file or form.file)
    if place.resolve().parent != folder.resolve() or place.suffix != ".yaml" or place.name.endswith(".test.yaml"):
        raise InvalidRequestError(f"`{file}` is no file of the folder; write it like {form.file}")
    whole = _added(place, text)
    warnings = _try(folder, place.name, whole)
    place.write_text(whole, encoding="utf-8")
    _report(f"{form.kind}/{answers['name']}", text, place, warnings, output)


def _report(policy: str, text: str, place: Path | None, warnings: list[str], output: Output) -> None:
    """Say what was written where; None: nowhere."""
    if output is Output.JSON:
        written = place.as_posix() if place is not None else None
        print_json({"policy": policy, "written": written, "text": text, "warnings": warnings})
    elif place is None:
        say(text.rstrip())
    else:
        for line in warnings:
            say(line)
        say(f"added to {place}; write a case for it beside it, and see what it means with `governor plan`")


def _ask(form: Form, answers: dict[str, str], *, beside: bool) -> None:
    """Ask what is not given; ``beside``: on standard error, because a program reads the other."""
    for question in form.questions:
        if answers.get(question.field) or not question.applies(answers):
            continue
        prompt = f"{question.text} (like {question.example})"
        answer = typer.prompt(prompt, default=question.default, show_default=bool(question.default), err=beside)
        while question.required and not answer.strip():
            answer = typer.prompt("this has to be answered", default="", show_default=False, err=beside)
        answers[question.field] = answer.strip()


def _added(place: Path, text: str) -> str:
    """Return the file with one more document; what is in it stays byte for byte."""
    if not place.exists():
        return SCHEMA_LINE + text
    before = place.read_text(encoding="utf-8")
    return f"{before}{'' if before.endswith(chr(10)) else chr(10)}---\n{text}"


def _try(folder: Path, name: str, text: str) -> list[str]:
    """Compile a copy of the folder with the new policy.

    Returns:
        What it warns of.

    Raises:
        FindingError: If it has errors that it had not before; nothing was written.
    """
    with TemporaryDirectory(prefix="governor-") as temporary:
        copy = Path(temporary) / "policies"
        shutil.copytree(folder, copy)
        (copy / name).write_text(text, encoding="utf-8")
        compiled = compile_folder(copy, SystemClock().now(), genai_prices())
    lines = [str(problem) for problem in compiled.problems]
    if compiled.policies is None:
        raise FindingError("with this policy the folder has errors, and nothing was written\n" + "\n".join(lines))
    return lines


def _option(question: Question) -> str:
    return f"--{question.field.replace('_', '-')}"


def _command(form: Form) -> Callable[..., None]:
    """Return a command with an option for each question."""

    def write(**given: Any) -> None:
        answers = {question.field: str(given[f"answer_{question.field}"]).strip() for question in form.questions}
        _write(
            form,
            answers,
            file=given["file"],
            policies=given["policies"],
            ask=given["ask"],
            show=given["print_only"],
            output=given["output"],
        )

    types: dict[str, Any] = {
        f"answer_{question.field}": Annotated[
            str, typer.Option(_option(question), help=f"{question.text} Like: {question.example}", show_default=False)
        ]
        for question in form.questions
    }
    defaults: Mapping[str, Any] = {
        "file": "",
        "policies": None,
        "ask": None,
        "print_only": False,
        "output": Output.TABLE,
    }
    types |= {
        "file": Annotated[str, typer.Option("--file", help=f"By default {form.file}.", show_default=False)],
        "policies": Annotated[
            str | None, typer.Option("--policies", metavar="DIR", help="By default GOVERNOR_POLICIES.")
        ],
        "ask": Annotated[
            bool | None,
            typer.Option("--ask/--no-ask", help="Ask what is not given; by default where somebody can answer."),
        ],
        "print_only": Annotated[bool, typer.Option("--print", help="Print the policy, and write nothing.")],
        "output": OutputOption,
    }
    parameters = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=defaults.get(name, ""), annotation=kind)
        for name, kind in types.items()
    ]
    write.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what Typer makes options from
    write.__annotations__ = types
    return write


for _name, _form in FORMS.items():
    app.command(
        _name,
        help=f"Write a {_form.kind}: what is not given as an option is asked, where somebody can answer.",
        epilog=EXAMPLE if _name == "quota" else f"Example: governor new {_name} --ask",
    )(_command(_form))
