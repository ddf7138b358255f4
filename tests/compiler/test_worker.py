"""Compiling in a process of its own gives the same answer, and leaves the event loop alone."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pytest

from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import compile_folder
from governor.compiler.worker import CompilerCrashError, compile_in_process
from governor.core.decisions.snapshot import Catalogues

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "policies"
STALL_S_MAX = 0.25
"""Far above what was measured (some 10 ms), because test machines are shared; one piece would take seconds."""


def crash() -> Catalogues:
    """Stand in for a price catalogue that ends the process."""
    raise SystemExit(3)


async def test_the_answer_is_the_same_as_in_this_process() -> None:
    """Every value and every problem survives the way between processes."""
    here = compile_folder(EXAMPLE, NOW, genai_prices())

    there = await compile_in_process(EXAMPLE, NOW, genai_prices)

    assert here == there


async def test_problems_come_back_too(tmp_path: Path) -> None:
    """An invalid folder gives its problems and no policies."""
    (tmp_path / "a.yaml").write_text("kind: Quota\n", encoding="utf-8")

    there = await compile_in_process(tmp_path, NOW)

    assert compile_folder(tmp_path, NOW) == there
    assert there.policies is None


async def test_a_process_that_dies_is_an_error() -> None:
    """Half an answer is no answer; whoever asked keeps the policies in force."""
    with pytest.raises(CompilerCrashError) as caught:
        await compile_in_process(EXAMPLE, NOW, crash)

    assert "compiler_crashed" == caught.value.code


async def test_thousands_of_policies_do_not_stop_the_event_loop(tmp_path: Path) -> None:
    """While a large folder is compiled and taken over, the loop runs on."""
    (tmp_path / "org.yaml").write_text("apiVersion: governor/v1\nkind: Organization\nname: acme\n", encoding="utf-8")
    head = "---\napiVersion: governor/v1\nkind: Quota\n"
    quota = head + "name: q-{n}\napplies_to: {{tags.n: [c-{n}]}}\nlimit: {n} USD\nperiod: month\n"
    (tmp_path / "many.yaml").write_text("".join(quota.format(n=number) for number in range(4_000)), encoding="utf-8")
    stall_s = 0.0
    task = asyncio.create_task(compile_in_process(tmp_path, NOW))
    while not task.done():
        started = perf_counter()
        await asyncio.sleep(0)
        stall_s = max(stall_s, perf_counter() - started)
    compiled = await task

    assert compiled.policies is not None
    assert 4_000 == len(compiled.policies.quotas)
    assert stall_s < STALL_S_MAX


async def test_cancelling_ends_the_process() -> None:
    """A reload that is no longer wanted leaves nothing running."""
    task = asyncio.create_task(compile_in_process(EXAMPLE, NOW))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert task.cancelled()


def test_a_process_whose_server_was_killed_ends_in_silence() -> None:
    """Nobody reads what it writes any more: no stack trace is left in the log of the server that comes after."""
    asked = [sys.executable, "-m", "governor.compiler.worker", str(EXAMPLE), NOW.isoformat(), ""]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert (b"", 1) == (said, process.returncode)
