"""Schemas, shapes, reference and documentation say the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.compiler.formats import PARSERS
from governor.compiler.problems import CODES, ERRORS, WARNINGS, Problems
from governor.compiler.reference import reference_files
from governor.compiler.schema import kind_schema, policy_schema, schema_files
from governor.compiler.shapes import KINDS
from governor.compiler.source import read_documents

ROOT = Path(__file__).parents[2]


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            yield schema
        for value in schema.values():
            yield from _objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _objects(value)


@pytest.mark.parametrize("name", sorted(schema_files()))
def test_schema_files_are_up_to_date(name: str) -> None:
    """The files that editors read are what `governor schema export` writes."""
    assert schema_files()[name] == (ROOT / "schemas" / name).read_text(encoding="utf-8")


def test_no_schema_file_is_left_over() -> None:
    """A kind that was renamed leaves no schema behind."""
    assert set(schema_files()) == {path.name for path in (ROOT / "schemas").iterdir()}


@pytest.mark.parametrize("name", sorted(reference_files()))
def test_the_reference_is_up_to_date(name: str) -> None:
    """The pages that people read are what `governor schema docs` writes."""
    assert reference_files()[name] == (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_description_and_an_example_that_is_valid(kind: str) -> None:
    """Nobody has to guess a field, and no example teaches a mistake."""
    schema = kind_schema(kind)
    undocumented = []
    for shape in _objects(schema):
        for name, field in shape["properties"].items():
            if not field.get("description") or not field.get("examples"):
                undocumented.append(name)
            for example in field.get("examples", ()):
                part = {**field, "$defs": schema.get("$defs", {})}
                jsonschema.Draft202012Validator(part).validate(example)
                if field.get("format") in PARSERS:
                    PARSERS[field["format"]](example)

    assert [] == undocumented


def test_editors_offer_no_object_as_a_word() -> None:
    """The YAML language server makes `[object Object]` of an example with fields; snippets it can show."""
    whens = json.loads(schema_files()["Quota.schema.json"])["properties"]["when_reached"]
    alerts = json.loads(schema_files()["Quota.schema.json"])["properties"]["alerts"]
    offered = [
        example
        for text in schema_files().values()
        for shape in _objects(json.loads(text))
        for field in shape["properties"].values()
        for example in field.get("examples", ())
    ]

    assert ["warn"] == whens["examples"]
    assert {
        "label": "{downgrade: {to: [group:economy], from: 80%}}",
        "body": {"downgrade": {"to": ["group:economy"], "from": "80%"}},
    } == whens["defaultSnippets"][0]
    assert "at" in alerts["defaultSnippets"][0]["body"]
    assert len(offered) > 100
    assert "{" not in json.dumps(offered)


def test_schemas_are_schemas() -> None:
    """Every file is itself valid draft 2020-12."""
    for text in schema_files().values():
        jsonschema.Draft202012Validator.check_schema(json.loads(text))

    assert {"Quota", "Organization"} <= set(policy_schema()["$defs"])


def test_every_object_is_closed() -> None:
    """Unknown fields are errors everywhere, also in nested blocks."""
    open_objects = [
        shape.get("title", "")
        for kind in KINDS
        for shape in _objects(kind_schema(kind))
        if shape.get("additionalProperties") is not False
    ]

    assert [] == open_objects


def _documents() -> list[Any]:
    files = [path for path in sorted((ROOT / "policies").glob("*.yaml")) if not path.name.endswith(".test.yaml")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    return [document.value for name, text in texts.items() for document in read_documents(name, text, Problems())]


def test_the_one_schema_accepts_the_example_organisation() -> None:
    """What editors check with the schema line is what the compiler accepts."""
    validator = jsonschema.Draft202012Validator(policy_schema())
    documents = _documents()
    for document in documents:
        validator.validate(document)

    assert len(documents) > 15


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["month", "5 USD", "deny", "a", "", "*"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["department", "every", "limit", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_types_and_schemas_accept_the_same(kind: str, data: st.DataObject) -> None:
    """The type that is built and the schema that is shown never disagree about structure."""
    schema = kind_schema(kind)
    names = data.draw(st.lists(st.sampled_from([*schema["properties"], "unheard_of"]), max_size=4, unique=True))
    value = {"apiVersion": "governor/v1", "kind": kind, "name": "a", **{name: data.draw(plain) for name in names}}
    try:
        msgspec.convert(value, KINDS[kind])
        typed = True
    except msgspec.ValidationError:
        typed = False
    # Formats are judged by their parsers, not by the patterns that are shown to editors.
    errors = [
        error for error in _structural(schema, value) if error.validator != "pattern" or "format" not in error.schema
    ]

    assert typed is not bool(errors)


def _structural(schema: dict[str, Any], value: Any) -> list[Any]:
    found = []
    for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
        branches: dict[int, list[Any]] = {}
        for inner in error.context or ():
            branches.setdefault(inner.schema_path[0], []).append(inner)
        formats_only = [
            all(inner.validator == "pattern" and "format" in inner.schema for inner in inners)
            for inners in branches.values()
        ]
        if not any(formats_only):
            found.append(error)
    return found


def test_every_code_of_a_problem_is_documented() -> None:
    """Every code has a meaning on the page, and is an error or a warning, never both."""
    page = reference_files()["policy-problems.md"]

    assert [] == [code for code in CODES if f"| `{code}` | {CODES[code]} |" not in page]
    assert not set(ERRORS) & set(WARNINGS)


def test_every_code_that_is_used_is_a_code() -> None:
    """No problem is made with a code that the page does not have, and no code is there for nothing."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "governor" / "compiler").rglob("*.py"))
    used = [code for code in CODES if sources.count(f'"{code}"') > 1]

    assert list(CODES) == used
