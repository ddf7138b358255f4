"""Every command that needs policies, on folders that are broken in every way: an error at once, no hang (opa#6613)."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Cli = Callable[..., Result]

SECONDS_MAX = 5.0
RECORDING = '{"at": "2026-11-20T09:00:00Z", "user": "ada@acme.example", "model": "acme/fast", "input_tokens": 10}\n'

COMMANDS: dict[str, tuple[str, ...]] = {
    "validate": (),
    "test": (),
    "decide": ("--user", "ada@acme.example", "--model", "acme/fast"),
    "budgets": (),
    "replay": ("recording.jsonl",),
    "block": ("create", "--user", "ada@acme.example", "--for", "1 hour", "--reason", "it runs away"),
    "prices": ("rerate", "--from", "2026-11-01", "--until", "2026-12-01", "--dry-run"),
    "report": ("use-cases",),
    "demo": ("--once",),
}


def empty(folder: Path) -> None:
    """Leave nothing in it."""
    shutil.rmtree(folder)
    folder.mkdir()


def bomb(folder: Path) -> None:
    """Nine aliases of nine aliases, nine times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    (folder / "bomb.yaml").write_text("\n".join(lines))


def deep(folder: Path) -> None:
    """A hundred thousand lists in each other."""
    (folder / "deep.yaml").write_text("a: " + "[" * 100_000)


def large(folder: Path) -> None:
    """More than any policy is long."""
    (folder / "large.yaml").write_bytes(b"# " + b"x" * 50_000_000)


def garbled(folder: Path) -> None:
    """No text at all."""
    (folder / "garbled.yaml").write_bytes(bytes(range(256)) * 64)


def looping(folder: Path) -> None:
    """A file that is a link to itself, and a folder that contains itself."""
    (folder / "loop.yaml").symlink_to(folder / "loop.yaml")
    (folder / "inside").symlink_to(folder)


def half_a_repository(folder: Path) -> None:
    """A checkout that was cut off: git's own files are broken, and a policy holds a merge conflict."""
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_bytes(b"\x00")
    text = (folder / "acme.yaml").read_text()
    (folder / "acme.yaml").write_text(f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> theirs\n")


BROKEN: dict[str, Callable[[Path], None]] = {
    "no-policies": empty,
    "error alias": bomb,
    "too-deep": deep,
    "too-large": large,
    "not-utf-8": garbled,
    "it is a loop of links": looping,
    "error indentation": half_a_repository,
}
"""How a folder is broken, by what is said about it."""


@pytest.mark.parametrize("said", BROKEN)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_broken_folder_is_an_error_at_once(
    cli: Cli, policies: Path, monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    """Within five seconds, with an exit code and words that say so, and no stack trace."""
    monkeypatch.chdir(policies.parent)
    Path("recording.jsonl").write_text(RECORDING)
    BROKEN[said](policies)
    words, rest = ("block", "prices", "report"), COMMANDS[command]
    folder = (policies,) if command in {"validate", "test"} else ("--policies", policies)
    began_s = time.perf_counter()
    result = cli(command, *rest[:1], *folder, *rest[1:]) if command in words else cli(command, *folder, *rest)
    took_s = time.perf_counter() - began_s

    assert result.exit_code in {1, 2}, result.output
    assert took_s < SECONDS_MAX
    assert not isinstance(result.exception, Exception)
    assert "Traceback" not in result.output + result.stderr
    assert said in result.output + result.stderr
