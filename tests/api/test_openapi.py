"""The OpenAPI document: complete, true, and nothing it allows is answered with a 5xx."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from governor.edges.api.errors import ERRORS
from governor.edges.api.ext_authz_openapi import SHOWN_METHODS
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.openapi import openapi_of
from governor.edges.api.roles import ANY_METHOD, OPEN, RULES, RouteRule
from governor.edges.api.routes import create_framework_app
from tests.api.world import BOOTSTRAP, listening, settings_for, write_policies

DESCRIBED = [
    described
    for rule in RULES
    if not rule.path.startswith(("/docs", "/openapi.json", "/web")) and not rule.proof
    for described in (
        [replace(rule, method=method.upper()) for method in SHOWN_METHODS] if rule.method == ANY_METHOD else [rule]
    )
]
"""Every route but those that show the document itself, and those whose shape is another's: Slack's."""

EXAMPLES = 15
"""Requests that are made up for each route: enough to find a slip, few enough for every test run."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Give the document; it needs no server."""
    app = create_framework_app(None, HttpMetrics(CollectorRegistry()), {})  # type: ignore[arg-type]  # not called
    return openapi_of(app)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a real server on a real port, in a thread."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    settings_here = settings_for(f"sqlite:///{folder}/governor.db", write_policies(folder / "policies"))
    with listening(settings_here) as address:
        yield address


def test_the_document_describes_what_programs_call(document: dict[str, Any]) -> None:
    """Pages for people and the document itself are not in it; everything else that needs no proof is."""
    hidden = {rule.path for rule in RULES if rule.path.startswith(("/docs", "/openapi.json", "/web", "/slack"))}
    assert {rule.path for rule in RULES} - hidden == set(document["paths"])


NOT_CHECKED = [
    # Made-up bearer keys are tried by the tests of roles; this one works on every route.
    ignored_auth,
    # JSON Schema cannot say that somebody must be named, or that cached tokens are a part of the input.
    positive_data_acceptance,
    # Nor that what contradicts its schema may be refused in the slot of an event or of a batch's request.
    negative_data_rejection,
]


@pytest.mark.parametrize("rule", DESCRIBED, ids=lambda rule: f"{rule.method} {rule.path}")
def test_nothing_that_the_document_allows_or_forbids_breaks_the_server(
    rule: RouteRule, document: dict[str, Any], address: str
) -> None:
    """Made-up requests of every route get documented statuses and shapes, and never a 5xx."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=address)
    operation = schema[rule.path][rule.method]
    called = 0

    @seed(20261121)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)))
    def call(case: Any) -> None:
        nonlocal called
        called += 1
        case.call_and_validate(headers={"authorization": f"Bearer {BOOTSTRAP}"}, excluded_checks=NOT_CHECKED)

    call()

    assert called > 0


def test_every_route_is_described_with_its_errors_and_examples(document: dict[str, Any]) -> None:
    """Each operation of the table has a summary, examples of what it takes, and every error that needs no defect."""
    for rule in DESCRIBED:
        operation = document["paths"][rule.path][rule.method.lower()]
        wanted = {"401", "403"} if rule.roles != OPEN else set()

        assert operation["summary"]
        assert wanted <= set(operation["responses"])
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["examples"]


def test_every_error_is_shown_somewhere(document: dict[str, Any]) -> None:
    """No error of the table is missing from the document, but the two that belong to no route."""
    shown = {
        code
        for operations in document["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        for code in response.get("content", {}).get("application/json", {}).get("examples", {})
    }

    assert {"internal", "method_not_allowed"} == set(ERRORS) - shown


def test_every_example_is_valid_by_its_own_schema(document: dict[str, Any]) -> None:
    """An example that the document itself refuses would teach people mistakes."""
    checked = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            parts = [operation.get("requestBody", {}), *operation["responses"].values()]
            for part in parts:
                for content in part.get("content", {}).values():
                    for example in content.get("examples", {}).values():
                        whole = {**content["schema"], "components": document["components"]}
                        jsonschema.Draft202012Validator(whole).validate(example["value"])
                        checked += 1

    assert checked > 40


def test_the_errors_are_documented() -> None:
    """``docs/reference/errors.md`` is the table of errors."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "errors.md").read_text()

    assert set() == {
        code for code, kind in ERRORS.items() if f"| `{code}` | {kind.status} | {kind.meaning} |" not in page
    }
