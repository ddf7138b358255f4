"""Whether a document has the shape of its kind; if not, every problem at once, each at its own place.

The kind is read first and only its own schema is applied, so that no message ever speaks of other kinds.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from governor.compiler.formats import PARSERS
from governor.compiler.problems import Problem, Problems, did_you_mean
from governor.compiler.quantities import QuantityError
from governor.compiler.schema import kind_schema
from governor.compiler.shapes import KINDS
from governor.compiler.shapes.envelope import Envelope
from governor.compiler.shapes.fields import ATTRIBUTES, Shape
from governor.compiler.shapes.suites import TestSuiteShape
from governor.compiler.source import Document, Path

S = TypeVar("S", bound=Shape)

_LATER = frozenset({"ForecastRule"})
LENGTH = re.compile(r"[0-9]+ days?")
_WORDS: Mapping[str, str] = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def shape_of(document: Document, problems: Problems) -> Envelope | None:
    """Return a document as the typed shape of its kind, or None after adding what is wrong with it."""
    kind = _kind(document, problems)
    return _converted(document, kind, KINDS[kind], problems) if kind is not None else None


def test_shape_of(document: Document, problems: Problems) -> TestSuiteShape | None:
    """Return a document of a test file as a typed suite, or None after adding what is wrong with it."""
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    if kind != "TestSuite":
        message = "a `*.test.yaml` file holds documents of kind: TestSuite"
        problems.add(document.problem("unknown-kind", message, ("kind",), hint="write kind: TestSuite"))
        return None
    return _converted(document, "TestSuite", TestSuiteShape, problems)


def _converted(document: Document, kind: str, shape: type[S], problems: Problems) -> S | None:
    try:
        return msgspec.convert(document.value, shape)
    except msgspec.ValidationError as error:
        before = len(problems.found)
        problems.extend(_problems(document, kind))
        if len(problems.found) == before:
            # The schema and the type are made from one source; should they ever disagree, nothing slips through.
            problems.add(document.problem("wrong-value", str(error).lower()))
        return None


def _kind(document: Document, problems: Problems) -> str | None:
    value = document.value
    if not isinstance(value, dict):
        hint = "start it with apiVersion, kind and name"
        problems.add(document.problem("wrong-type", f"a policy is a mapping, not {_kind_of_value(value)}", hint=hint))
        return None
    kind = value.get("kind")
    if kind is None:
        hint = f"write one of {', '.join(KINDS)}"
        problems.add(document.problem("missing-field", "a policy needs the field `kind`", hint=hint))
        return None
    if isinstance(kind, str) and kind in KINDS:
        return kind
    problems.add(
        document.problem("unknown-kind", f"`{str(kind)[:60]}` is not a kind", ("kind",), hint=_kind_hint(kind))
    )
    return None


def _kind_hint(kind: object) -> str:
    if kind == "TestSuite":
        return "test suites are in files named *.test.yaml"
    if kind in _LATER:
        return f"this version of Governor has {', '.join(KINDS)}"
    return did_you_mean(str(kind), KINDS) or f"write one of {', '.join(KINDS)}"


@cache
def _validator(kind: str) -> Any:
    formats = FormatChecker(formats=())
    for name, parse in PARSERS.items():
        formats.checks(name, raises=QuantityError)(_accepts(parse))
    return _Validator(kind_schema(kind), format_checker=formats)


def _accepts(parse: Any) -> Any:
    def check(value: object) -> bool:
        if isinstance(value, str):
            parse(value)
        return True

    return check


def _problems(document: Document, kind: str) -> Iterator[Problem]:
    for error in _validator(kind).iter_errors(document.value):
        yield from _translate(document, kind, error)


def _meant_branch(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Follow the branch of a choice that the author meant, the one of the value's own type, and only that one."""
    for index, branch in enumerate(branches):
        if _fits(validator, branch, instance):
            yield from validator.descend(instance, branch, schema_path=index)
            return
    yield ValidationError("no branch is of this type", validator="anyOf", instance=instance, schema=schema)


def _fits(validator: Any, branch: Mapping[str, Any], instance: Any) -> bool:
    if "$ref" in branch:
        return isinstance(instance, dict)
    if "enum" in branch or "const" in branch:
        return isinstance(instance, str)
    fits: bool = validator.is_type(instance, branch["type"])
    return fits


_extend: Any = validators.extend
_Validator: Any = _extend(Draft202012Validator, {"anyOf": _meant_branch})


def _translate(document: Document, kind: str, error: ValidationError) -> Iterator[Problem]:
    path: Path = tuple(error.absolute_path)
    where = _where(path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_fields(document, kind, error, path)
        case "required":
            yield from _missing_fields(document, kind, error, path)
        case "enum" | "const":
            yield _wrong_word(document, error, path, where)
        case "type" | "anyOf":
            yield _wrong_type(document, error, path, where)
        case "format" | "pattern":
            yield from _wrong_text(document, error, path, where)
        case _:
            yield _wrong_size(document, error, path, where)


def _where(path: Path) -> str:
    """Name a place for people: ``limit``, or an item of ``limits``."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "this value"
    return f"`{names[-1]}`" if isinstance(path[-1], str) else f"this item of `{names[-1]}`"


def _wrong_text(document: Document, error: ValidationError, path: Path, where: str) -> Iterator[Problem]:
    schema = _schema_of(error)
    cause = error.cause
    if isinstance(cause, QuantityError):
        yield document.problem(cause.code, f"{where}: {cause.message}", path, hint=cause.hint)
    elif schema.get("format") not in PARSERS:
        # A text with a format is judged by its parser, which says more than a pattern.
        form = schema.get("x-form", "text of the right form")
        key = bool(error.absolute_schema_path) and "propertyNames" in error.absolute_schema_path
        place: Path = (*path, str(error.instance)) if key else path
        message = f"{where}: `{str(error.instance)[:60]}` does not have the right form"
        near = did_you_mean(str(error.instance), ATTRIBUTES) if "an attribute" in form else ""
        yield document.problem("wrong-format", message, place, hint=near or f"write {form}", key=key)


def _wrong_size(document: Document, error: ValidationError, path: Path, where: str) -> Problem:
    hint = _example(_schema_of(error))
    if error.validator in {"minLength", "minItems"}:
        return document.problem("wrong-value", f"{where} must not be empty", path, hint=hint)
    if error.validator == "maxLength":
        message = f"{where} is longer than {error.validator_value} characters"
        return document.problem("wrong-value", message, path, hint="write less")
    schema = _schema_of(error)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return document.problem("wrong-value", f"{where} is not what this field needs", path, hint=hint)
    bounds = f"at least {low}" if high is None else f"at most {high}" if low is None else f"from {low} to {high}"
    message = f"{where} must be {bounds}, not {_shown(error.instance)}"
    return document.problem("wrong-value", message, path, hint=hint)


def _schema_of(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, dict) else {}


def _unknown_fields(document: Document, kind: str, error: ValidationError, path: Path) -> Iterator[Problem]:
    schema = _schema_of(error)
    known = set(schema.get("properties", {}))
    owner = _where(path) if path else kind
    fields: Any = error.instance
    for name in fields:
        if name in known or (name.startswith("tags.") and "patternProperties" in schema):
            continue
        hint = did_you_mean(name, known) or f"its fields are {', '.join(sorted(known))}"
        message = f"`{name[:60]}` is not a field of {owner}"
        yield document.problem("unknown-field", message, (*path, name), hint=hint, key=True)


def _missing_fields(document: Document, kind: str, error: ValidationError, path: Path) -> Iterator[Problem]:
    schema = _schema_of(error)
    missing: Any = error.validator_value
    given: Any = error.instance
    for name in missing:
        # jsonschema reports each missing field as an error of its own; the message names it.
        if name not in given and error.message.startswith(f"{name!r} "):
            owner = _where(path) if path else kind
            hint = _example(schema.get("properties", {}).get(name, {}))
            yield document.problem("missing-field", f"{owner} needs the field `{name}`", path, hint=hint)


def _wrong_word(document: Document, error: ValidationError, path: Path, where: str) -> Problem:
    if path[-1:] == ("currency",):
        message = f"`{_shown(error.instance)}` is not supported: money is USD in this version"
        return document.problem("wrong-currency", message, path, hint="write USD")
    words = [str(word) for word in (_schema_of(error).get("enum") or [error.validator_value])]
    hint = did_you_mean(str(error.instance), words) or f"write {' or '.join(words)}"
    if "month" in words and LENGTH.fullmatch(str(error.instance)):
        hint = f"a length is counted from a date: write {{every: {error.instance}, from: 2026-01-01}}"
    return document.problem(
        "wrong-value", f"{where}: `{_shown(error.instance)}` is not a word of this field", path, hint=hint
    )


def _wrong_type(document: Document, error: ValidationError, path: Path, where: str) -> Problem:
    schema = _schema_of(error)
    given = _kind_of_value(error.instance)
    number = not isinstance(error.instance, bool) and not isinstance(error.instance, (str, dict, list, type(None)))
    if number and schema.get("format") in PARSERS:
        message = f"{where}: the bare number `{_shown(error.instance)}` has no unit"
        return document.problem("missing-unit", message, path, hint=_example(schema))
    wanted = _wanted(schema)
    hint = f'write "{_shown(error.instance)}" in quotes' if number and "a text" in wanted else _example(schema)
    return document.problem("wrong-type", f"{where} must be {wanted}, not {given}", path, hint=hint)


def _wanted(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_wanted(branch) for branch in schema["anyOf"]))
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    return _WORDS.get(str(schema.get("type", "object")), "a value")


def _example(schema: Mapping[str, Any]) -> str:
    examples = schema.get("examples")
    if not examples:
        return ""
    first = examples[0]
    return f"for example {first}" if isinstance(first, str) else f"for example {msgspec.json.encode(first).decode()}"


def _kind_of_value(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if value is None:
        return "nothing"
    for types, word in ((dict, "a mapping"), (list, "a list"), (str, "a text")):
        if isinstance(value, types):
            return word
    return "a number"


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return str(value).lower()[:60] if isinstance(value, bool) else str(value)[:60]
