"""The example organisation with random damage: the compiler always answers, and never half."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from governor.compiler.load import compile_folder
from governor.compiler.problems import CODES, Severity

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "policies"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLE.iterdir()}
SCRAPS = [
    "",
    "\n",
    "  ",
    "\t",
    ": ",
    "- ",
    "{",
    "[",
    "]",
    "*",
    "&a ",
    "!x ",
    "#",
    "'",
    '"',
    "0",
    "-1",
    "null",
    "true",
    "group:",
]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(TEXTS)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(SCRAPS)), min_size=1, max_size=4),
)
def test_damage_ends_in_policies_or_errors(name: str, cuts: list[tuple[float, int, str]]) -> None:
    """Whatever somebody deletes or types, there are either policies, or errors with places inside the files."""
    text = TEXTS[name]
    for share, length, scrap in cuts:
        at = int(share * len(text))
        text = text[:at] + scrap + text[at + length :]
    with tempfile.TemporaryDirectory() as place:
        for other, content in TEXTS.items():
            Path(place, other).write_text(text if other == name else content, encoding="utf-8")
        compiled = compile_folder(Path(place), NOW)

    errors = [problem for problem in compiled.problems if problem.severity is Severity.ERROR]
    outside = [
        problem
        for problem in compiled.problems
        if problem.code not in CODES
        or not problem.message
        or problem.line > compiled.files.get(problem.file, "").count("\n") + 2
    ]

    assert (compiled.policies is None) is bool(errors)
    assert [] == outside
