"""Compiling in a process of its own, so that a large folder never stops decisions.

The child compiles and writes pickled parts of a few dozen values, each with its length in front; the parent
puts them together between other work of its event loop. The child is our own program started from our own
interpreter, which is why its pickles are trusted.
"""

import asyncio
import gc
import importlib
import os
import pickle
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from governor.compiler.load import Compiled, compile_folder
from governor.compiler.problems import Problem
from governor.core.decisions.snapshot import NO_CATALOGUES, Catalogues, PolicySet
from governor.core.errors import GovernorError
from governor.core.policy.header import Header

PART_VALUES = 50
"""How many values travel together: unpickling them keeps the event loop for one or two milliseconds."""

_LENGTH = struct.Struct(">Q")
_SEQUENCES = ("allowlists", "context_limits", "quotas", "routings", "approval_rules", "forecast_rules")
_PIPE_BYTES = 1 << 20


class CompilerCrashError(GovernorError):
    """The compiling process ended without an answer; the policies in force stay as they are."""

    code = "compiler_crashed"


async def compile_in_process(
    folder: Path, now: datetime, catalogues: Callable[[], Catalogues] | None = None
) -> Compiled:
    """Compile a policy folder in another process; the same answer as ``compile_folder``.

    Args:
        folder: Where the ``*.yaml`` files are.
        now: As for ``compile_folder``.
        catalogues: A function of a module, called in the other process, that makes the price catalogue.

    Raises:
        CompilerCrashError: If the process ends without a whole answer.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "governor.compiler.worker",
        str(folder),
        now.isoformat(),
        factory_name(catalogues),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        limit=_PIPE_BYTES,
    )
    assert process.stdout is not None
    try:
        gathered = _Gathered()
        with _no_collection():
            async for name, value in _parts(process.stdout):
                gathered.take(name, value)
                await asyncio.sleep(0)
        return gathered.compiled()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from walking all values again and again while they arrive.

    They are immutable and hold no cycles: reference counts free them, so afterwards they are set aside for good.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


async def _parts(stream: asyncio.StreamReader) -> AsyncIterator[tuple[str, Any]]:
    try:
        while True:
            (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
            if not length:
                return
            name, value = pickle.loads(await stream.readexactly(length))  # noqa: S301 - our own process wrote it
            yield name, value
    except asyncio.IncompleteReadError as error:
        raise CompilerCrashError("the compiling process ended early; see its messages in the log") from error


@dataclass(slots=True)
class _Gathered:
    """What has arrived of a Compiled."""

    version: str = ""
    policies: PolicySet | None = None
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)
    person_ids: dict[str, str] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)
    lists: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _SEQUENCES})

    def take(self, name: str, value: Any) -> None:
        """Take one part."""
        if name in self.lists:
            self.lists[name].extend(value)
            self.headers.extend(policy.header for policy in value)
        elif name in {"version", "policies"}:
            setattr(self, name, value)
        elif name == "problems":
            self.problems.extend(value)
        else:
            getattr(self, name).update(value)

    def compiled(self) -> Compiled:
        """Put the parts together."""
        policies = self.policies
        if policies is not None:
            organization = replace(policies.organization, people=self.people, person_ids=self.person_ids)
            headers = (*policies.headers, *self.headers)
            rules: dict[str, Any] = {name: tuple(values) for name, values in self.lists.items()}
            policies = replace(policies, organization=organization, headers=headers, **rules)
        return Compiled(policies, tuple(self.problems), self.version, self.files)


def _split(compiled: Compiled) -> Iterator[tuple[str, Any]]:
    """Take a Compiled apart into parts of a bounded size."""
    yield "version", compiled.version
    for file in compiled.files.items():
        yield "files", dict([file])
    for problems in _chunks(compiled.problems):
        yield "problems", problems
    policies = compiled.policies
    if policies is None:
        return
    organization = replace(policies.organization, people={}, person_ids={})
    rules = sum(len(getattr(policies, name)) for name in _SEQUENCES)
    # Headers of rules travel inside their rules.
    plain = tuple(policies.headers[: len(policies.headers) - rules])
    empty: dict[str, Any] = dict.fromkeys(_SEQUENCES, ())
    yield "policies", replace(policies, organization=organization, headers=plain, **empty)
    for name in ("people", "person_ids"):
        for items in _chunks(getattr(policies.organization, name).items()):
            yield name, dict(items)
    for name in _SEQUENCES:
        for items in _chunks(getattr(policies, name)):
            yield name, items


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(values)
    while chunk := list(islice(rest, PART_VALUES)):
        yield chunk


def _write(compiled: Compiled, out: BinaryIO) -> None:
    for part in _split(compiled):
        data = pickle.dumps(part, protocol=pickle.HIGHEST_PROTOCOL)
        out.write(_LENGTH.pack(len(data)))
        out.write(data)
    out.write(_LENGTH.pack(0))
    out.flush()


def factory_name(catalogues: Callable[[], Catalogues] | None) -> str:
    """Return how another process finds a function of a module that makes the price catalogue."""
    return f"{catalogues.__module__}:{catalogues.__qualname__}" if catalogues is not None else ""


def catalogues_of(factory: str) -> Catalogues:
    """Make the price catalogue whose factory another process named."""
    if not factory:
        return NO_CATALOGUES
    module, _, name = factory.partition(":")
    made: Catalogues = getattr(importlib.import_module(module), name)()
    return made


def main() -> None:
    """Compile the folder named in the arguments and write the parts to standard output."""
    folder, now, factory = sys.argv[1:4]
    # Many small values that live to the end: collecting in between only costs time.
    gc.disable()
    compiled = compile_folder(Path(folder), datetime.fromisoformat(now), catalogues_of(factory))
    try:
        _write(compiled, sys.stdout.buffer)
    except BrokenPipeError:
        # The server that asked was killed. Nothing is left to be told, nor to be flushed.
        os._exit(1)


if __name__ == "__main__":
    main()
