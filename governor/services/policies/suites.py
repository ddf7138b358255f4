"""The test suites of a folder, run in a process of their own: tests of a candidate never slow decisions."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from governor.compiler.load import compile_folder
from governor.compiler.testcases import read_suites
from governor.compiler.worker import CompilerCrashError, catalogues_of, factory_name
from governor.core.decisions.snapshot import Catalogues, Snapshot
from governor.services.run_suites import run_suites

SHOWN_MAX = 50
"""Failures that are told: who broke everything needs no longer list."""


async def failing_cases(folder: Path, now: datetime, catalogues: Callable[[], Catalogues]) -> tuple[str, ...]:
    """Return what is wrong with the tests of a folder that compiles, a sentence each; empty if all pass.

    Args:
        folder: Policies with their suites (``*.test.yaml``).
        now: For the compiler.
        catalogues: A function of a module, called in the other process, that makes the price catalogue.

    Raises:
        CompilerCrashError: If the process ends without an answer.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "governor.services.policies.suites",
        str(folder),
        now.isoformat(),
        factory_name(catalogues),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise CompilerCrashError("the tests of the policies ended early; see their messages in the log")
    return tuple(json.loads(out))


def failures(folder: Path, now: datetime, catalogues: Catalogues) -> list[str]:
    """Run every suite here and say which cases fail and why."""
    read = read_suites(folder)
    if read.problems:
        return [str(problem) for problem in read.problems[:SHOWN_MAX]]
    compiled = compile_folder(folder, now, catalogues)
    assert compiled.policies is not None, "the folder was compiled before"
    found = [
        f"{result.case.source} {result.suite.name}: {result.case.name}: {difference}"
        for result in run_suites(Snapshot.build(compiled.policies, catalogues), read.suites)
        for difference in result.differences
    ]
    more = [f"and {len(found) - SHOWN_MAX} more"] if len(found) > SHOWN_MAX else []
    return found[:SHOWN_MAX] + more


def main() -> None:
    """Test the folder named in the arguments and write the failures to standard output."""
    folder, now, factory = sys.argv[1:4]
    json.dump(failures(Path(folder), datetime.fromisoformat(now), catalogues_of(factory)), sys.stdout)


if __name__ == "__main__":
    main()
