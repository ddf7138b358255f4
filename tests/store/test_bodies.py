"""Stored bodies come back byte for byte, and the dictionary of old rows never changes."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from governor.store.bodies import pack_body, unpack_body
from governor.store.bodies_dictionary import DICTIONARY_1

ANSWER = (
    b'{"decision_id":"01a1fbae-1071-73fb-95f2-a0e9a447f6fd","verdict":"allow","requested_model":"openai/gpt-5",'
    b'"model":"openai/gpt-5","substituted":false,"max_output_tokens":1000,"clamped":false,"basis":"counted",'
    b'"replayed":false,"reasons":[],"warnings":[],"budgets":[{"policy":"Quota/all","scope":{},"unit":"USD",'
    b'"limit":"12000","ceiling":"12000","used":"17.0391","held":"0.0204","free":"11982.9405",'
    b'"period":{"start":"2026-10-31T23:00:00Z","end":"2026-11-30T23:00:00Z"}}],"remedies":[]}'
)


PACKED_BY_THE_FIRST_VERSION = (
    "0128b52ffd60e2001d040074036261652d313037312d373366622d393566322d61306539613434376636666435616c6c3132"
    "31372e3033393131313938322e393430357d1800314407581311402b5b6c26201c16180c10dba4ca196a16882e1700541e90"
    "011004b0723cc684086f67097f802fd45e31611e7083ce029f83052ccd7419e61b8883031828bdf22780"
)
DIGEST = "d440f4a4a5c00efa47e4f8c0017c803d2b263401c28a9cf07a28f8d9609c7e60"


@given(st.binary(max_size=10_000))
def test_what_was_stored_comes_back(body: bytes) -> None:
    """Any bytes, byte for byte."""
    assert unpack_body(pack_body(body)) == body


def test_an_answer_takes_a_third_of_the_room_or_less() -> None:
    """That is what it is for."""
    assert len(pack_body(ANSWER)) * 3 < len(ANSWER)


def test_bodies_of_rows_written_before_they_were_compressed_are_read() -> None:
    """A row of an older version is as it was received."""
    assert unpack_body(ANSWER) == ANSWER
    assert unpack_body(b"") == b""


def test_what_an_older_version_packed_is_still_read() -> None:
    """The form that is in databases already."""
    packed = bytes.fromhex(PACKED_BY_THE_FIRST_VERSION)
    assert unpack_body(packed) == ANSWER


def test_the_dictionary_is_the_one_that_old_rows_need() -> None:
    """Another text would make every stored body unreadable."""
    assert sha256(DICTIONARY_1).hexdigest() == DIGEST
