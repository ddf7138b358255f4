"""The reference of the policy language in Markdown, from the schemas."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from governor.compiler.schema import Schema, kind_schema
from governor.compiler.shapes import KINDS
from governor.compiler.shapes.envelope import Envelope, RuleEnvelope

_INTRODUCTION = """# Policy reference

Every field of every kind, generated from the schemas by `governor schema docs`. A policy folder holds any number of
`*.yaml` files with any number of documents; file names mean nothing. `*.test.yaml` and hidden files are not policies.

Fields that are not listed are errors. Anchors, aliases, merge keys and tags of YAML are errors too: what a policy says
stands where it says it. Dates are days in the Organization's time zone: a first day counts from its midnight, a last
day to its end.
"""


def reference_text() -> str:
    """Return the whole page."""
    envelope = _properties_of(Envelope)
    rules = [name for name in _properties_of(RuleEnvelope) if name not in envelope]
    lines = [_INTRODUCTION]
    lines += ["## Every kind\n", *_fields(kind_schema("Organization"), ["apiVersion", "kind", *envelope[1:]])]
    lines += ["\n## Kinds that are matched against a request\n", "ModelAllowlist, ContextLimit and Quota also have:\n"]
    lines += _fields(kind_schema("Quota"), rules)
    lines += _selector(kind_schema("Quota"))
    shared = {"apiVersion", "kind", *envelope, *rules}
    for kind in KINDS:
        schema = kind_schema(kind)
        lines += [f"\n## {kind}\n", f"{schema['description']}\n"]
        lines += _fields(schema, [name for name in schema["properties"] if name not in shared])
        for title, definition in schema.get("$defs", {}).items():
            lines += [f"\n### {kind}: {title}\n", f"{definition.get('description', '')}\n"]
            lines += _fields(definition, list(definition["properties"]))
    return "\n".join(lines) + "\n"


def _properties_of(shape: type[Envelope]) -> list[str]:
    return list(shape.__struct_encode_fields__)


def _fields(schema: Schema, names: list[str]) -> Iterator[str]:
    """Yield a table of fields."""
    yield "| field | what | value | default | example |"
    yield "|---|---|---|---|---|"
    required = set(schema.get("required", ()))
    for name in names:
        field: Mapping[str, Any] = schema["properties"][name]
        default = "required" if name in required else _code(field["default"]) if field.get("default") else ""
        example = _code(field["examples"][0]) if field.get("examples") else ""
        yield f"| `{name}` | {_cell(field.get('description', ''))} | {_cell(_value(field))} | {default} | {example} |"


def _selector(schema: Schema) -> Iterator[str]:
    yield "\nFields of `applies_to`, `except` and `limits`:\n"
    selector = schema["properties"]["applies_to"]
    yield from _fields(selector, list(selector["properties"]))
    yield "| `tags.NAME` | A tag of the request. | text or list of text |  | `c-17` |"


def _value(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " ".join(f"`{word}`" for word in field["enum"])
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_value(branch) for branch in field["anyOf"]))
    if field.get("type") == "array":
        return f"list of {_value(field.get('items', {}))}"
    if field.get("type") == "object":
        return str(field.get("title", "mapping"))
    return str(field.get("format", "text")).replace("-", " ")


def _code(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{text}`".replace("|", "\\|")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
