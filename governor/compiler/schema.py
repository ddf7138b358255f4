"""JSON Schema (draft 2020-12) of every kind, made from the shapes."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from governor.compiler.shapes import KINDS, SHAPES
from governor.compiler.shapes.fields import ATTRIBUTES, Selector
from governor.compiler.shapes.quota import LimitForShape

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


@cache
def kind_schema(kind: str) -> Schema:
    """Return the schema of one kind, with its definitions inside.

    Args:
        kind: A key of ``SHAPES``.
    """
    shape = SHAPES[kind]
    (reference,), definitions = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    root = definitions.pop(reference["$ref"].rsplit("/", 1)[-1])
    definitions = {_title(name): value for name, value in definitions.items()}
    schema = {"$schema": DIALECT, **root, "title": kind}
    if definitions:
        schema["$defs"] = definitions
    tidy: Schema = _tidy(schema)
    tidy["properties"]["kind"] = {"const": kind, "description": "What this document is.", "examples": [kind]}
    first = ["apiVersion", "kind", "name"]
    needed = {"kind", *tidy["required"]}
    tidy["required"] = [
        *(name for name in first if name in needed),
        *sorted(needed - {*first}, key=tidy["required"].index),
    ]
    tidy["properties"] = _ordered(tidy["properties"], first, root["properties"])
    return tidy


def _ordered(properties: Schema, first: list[str], original: Mapping[str, Any]) -> Schema:
    names = [*first, *(name for name in original if name not in first)]
    return {name: properties[name] for name in names if name in properties}


def _title(name: str) -> str:
    return name.removesuffix("Shape")


def _tidy(node: Any) -> Any:
    """Make what msgspec says what an editor needs: closed selectors, short names, no duplicate words."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.pop("x-selector-with", None):
        node["items"] = _limit_for()
    if "propertyNames" in node and "patternProperties" in node:
        # A selector: its fields are listed, so that editors can offer them; msgspec knows them as a pattern of keys.
        del node["propertyNames"]
        node["additionalProperties"] = False
    if isinstance(node.get("$ref"), str):
        node["$ref"] = _title(node["$ref"])
    if isinstance(node.get("title"), str):
        node["title"] = _title(node["title"])
    return {key: value if key in {"examples", "default"} else _tidy(value) for key, value in node.items()}


def _limit_for() -> Schema:
    """Return the schema of one of a quota's ``limits``: a selector and a limit side by side."""
    selector = msgspec.json.schema(Selector)
    limit = msgspec.json.schema(LimitForShape)["$defs"]["LimitForShape"]
    merged = {**selector["properties"], **limit["properties"]}
    return {
        "title": "LimitFor",
        "type": "object",
        "description": limit["description"],
        "properties": {name: merged[name] for name in [*ATTRIBUTES, "limit"]},
        "patternProperties": selector["patternProperties"],
        "required": ["limit"],
        "additionalProperties": False,
    }


def policy_schema() -> Schema:
    """Return one schema for any document, told apart by ``kind``; what editors use."""
    definitions: Schema = {}
    branches = []
    for kind in KINDS:
        schema = dict(kind_schema(kind))
        definitions.update(schema.pop("$defs", {}))
        schema.pop("$schema")
        definitions[kind] = schema
        branches.append(
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{kind}"},
            }
        )
    return {
        "$schema": DIALECT,
        "title": "Governor policy",
        "description": "One document of a policy folder.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": "governor/v1", "description": "The version of this language."},
            "kind": {"enum": list(KINDS), "description": "What this document is."},
        },
        "required": ["apiVersion", "kind", "name"],
        "allOf": branches,
        "$defs": definitions,
    }


def schema_files() -> dict[str, str]:
    """Return every file of ``schemas/`` by name, as text."""
    files = {"policy.schema.json": policy_schema()}
    files |= {f"{kind}.schema.json": kind_schema(kind) for kind in SHAPES}
    return {
        name: json.dumps(_for_editors(schema), indent=2, ensure_ascii=False) + "\n" for name, schema in files.items()
    }


def _for_editors(node: Any) -> Any:
    """Offer what has fields of its own as snippets: editors show an example that is an object as `[object Object]`."""
    if isinstance(node, list):
        return [_for_editors(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: value if key in {"examples", "default"} else _for_editors(value) for key, value in node.items()}
    # A property may be called `examples`; what editors offer is a list.
    examples = made["examples"] if isinstance(made.get("examples"), list) else []
    # Of a list the server wants one item, and makes the list itself.
    items = [example[0] if isinstance(example, list) and example else example for example in examples]
    snippets = [item for item in items if isinstance(item, dict)]
    if snippets:
        made["examples"] = [
            example for example, item in zip(examples, items, strict=True) if not isinstance(item, dict)
        ]
        made["defaultSnippets"] = [{"label": _flow(item), "body": item} for item in snippets]
    return made


def _flow(example: Any) -> str:
    """Return an example in a line, without the quotes that YAML does not need."""
    return json.dumps(example, ensure_ascii=False).replace('"', "")
