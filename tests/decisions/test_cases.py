"""Decisions and settlements as tables: each file of ``cases/`` is a story that reads like the documentation.

A case gives policies (beside ``world.yaml``) and steps. A step asks (``decide``), reports (``usage``), gives back
(``release``), prolongs (``extend``) or looks at the balances (``budgets``), and states what it wants of the answer.
``decide_all`` asks for all or nothing, ``decide_without_ledger`` and ``decide_all_without_ledger`` while no budget can
be checked; ``blocks`` says what is stopped from there on, ``outputs`` how long answers have been until then.
Only what is stated is compared; lists are compared element by element. ``world`` changes fields of the world's own
policies, by kind; beside `policies` of a step it changes them from there on.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from governor.core.decisions.decision import ReasonCode
from governor.core.ledger.memory import MemoryLedger
from governor.core.ledger.port import Ledger
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from governor.store.verify import verify
from tests.decisions.story import Story

HERE = Path(__file__).parent
FILES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((HERE / "cases").glob("*.yaml"))}
STORIES = [case for cases in FILES.values() for case in cases]
CASES = [pytest.param(case, id=f"{name}: {case['description']}") for name, cases in FILES.items() for case in cases]


def differences(want: Any, got: Any, where: str = "") -> list[str]:
    """Say where an answer is not as wanted; only what is stated is compared."""
    if isinstance(want, dict) and isinstance(got, dict):
        return [
            line
            for key, value in want.items()
            for line in (differences(value, got[key], f"{where}.{key}") if key in got else [f"{where}.{key} is absent"])
        ]
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return [f"{where} has {len(got)} elements, wanted {len(want)}: {got}"]
        return [
            line
            for index, (one, other) in enumerate(zip(want, got, strict=True))
            for line in differences(one, other, f"{where}[{index}]")
        ]
    return [] if want == got else [f"{where} is {got!r}, wanted {want!r}"]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def ledger_of(request: pytest.FixtureRequest) -> AsyncIterator[Callable[[Callable[[], float]], Ledger]]:
    """Give a maker of ledgers of every kind; afterwards every balance must follow from the records."""
    if request.param == "memory":
        yield MemoryLedger
        return
    database = Database(request.getfixturevalue(f"{request.param}_url"))
    made: list[tuple[SqlLedger, Callable[[], float]]] = []

    def make(clock: Callable[[], float]) -> Ledger:
        made.append((SqlLedger(database, clock), clock))
        return made[-1][0]

    yield make
    [(ledger, clock)] = made
    await ledger.close()
    differences = await database.read(lambda connection: list(verify(connection, clock())))
    await database.close()

    assert [] == differences


@pytest.mark.parametrize("case", CASES)
async def test_case_is_decided_as_told(
    case: dict[str, Any], tmp_path: Path, ledger_of: Callable[[Callable[[], float]], Ledger]
) -> None:
    """A case's every step answers what the case wants, on every ledger."""
    folder = tmp_path / "policies"
    folder.mkdir()
    story = Story(folder, case.get("policies", ""), changes=case.get("world", {}), ledger_of=ledger_of)
    await story.ledger.start()
    found: list[str] = []
    compared = 0
    for index, step in enumerate(case["steps"]):
        answer = await story.step(step)
        if "want" in step:
            compared += 1
            found += [f"step {index + 1}: {line}" for line in differences(step["want"], answer)]
    assert compared, "a case that wants nothing proves nothing"

    assert [] == found


def _codes(wanted: Any) -> set[str]:
    """Return the reason codes that a case wants."""
    if isinstance(wanted, list):
        return {code for one in wanted for code in _codes(one)}
    if not isinstance(wanted, dict):
        return set()
    own = {wanted["code"]} if "code" in wanted else set()
    return own | {code for value in wanted.values() for code in _codes(value)}


def test_every_reason_code_is_shown_by_a_case() -> None:
    """A code that no story can reach is dead, and one that none shows is unproved."""
    shown = {code for case in STORIES for step in case["steps"] for code in _codes(step.get("want"))}

    assert {str(code) for code in ReasonCode} == shown
