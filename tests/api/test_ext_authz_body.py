"""Whatever bytes a client sends as body or as header: they are read, ignored or refused, and nothing breaks."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from governor.core.decisions.request import Operation
from governor.core.errors import GovernorError
from governor.edges.api.ext_authz_body import read_model_request
from governor.edges.api.ext_authz_headers import FIELDS, read_headers
from governor.edges.api.ext_authz_path import read_path

NAMES = ["model", "Model", "max_tokens", "max_output_tokens", "n", "stream", "service_tier", "generationConfig"]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.binary(max_size=100) | VALUES.map(lambda value: json.dumps(value).encode())
OPERATIONS = st.none() | st.sampled_from(Operation)
HEADER_NAMES = st.sampled_from([b"x-governor-" + field.header.encode() for field in FIELDS])


@given(BODIES, OPERATIONS)
def test_any_body_gives_facts_or_nothing_or_a_refusal(body: bytes, operation: Operation | None) -> None:
    """What is read has the types that a question needs."""
    try:
        facts = read_model_request(body, operation)
    except GovernorError as error:
        facts = None
        json.dumps(error.details)
        error.message.encode()
    if facts is not None:
        assert facts.model is None or facts.model.encode()
        assert all(number is None or 0 <= number < 2**63 for number in (facts.max_output_tokens, facts.n))


@given(st.lists(st.tuples(HEADER_NAMES | st.binary(max_size=20), st.binary(max_size=20)), max_size=4))
def test_any_headers_give_a_question_or_a_refusal(headers: list[tuple[bytes, bytes]]) -> None:
    """Bytes that are no text, no number or no header of ours."""
    try:
        question = read_headers(headers)
    except GovernorError as error:
        question = {}
        error.message.encode()
    assert all(value for value in question.values() if isinstance(value, str))


@given(st.text(max_size=60) | st.from_regex(r"(/[a-z.:%-]{0,8}){0,6}", fullmatch=True))
def test_any_path_gives_facts_or_nothing(path: str) -> None:
    """A model is never named without its operation."""
    facts = read_path(path)

    assert facts.operation is not None or facts.model is None
