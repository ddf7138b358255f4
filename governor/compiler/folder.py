"""Reading a policy folder from disk: which files, how large, as text. Everything else is refused with a problem."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from governor.compiler.problems import Problem, Problems

FILE_BYTES_MAX = 5_000_000
FOLDER_BYTES_MAX = 200_000_000
FILES_MAX = 20_000
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Folder:
    """The text of a policy folder.

    Attributes:
        root: Where it was read.
        files: Text of every YAML file by its path relative to the root, with forward slashes, sorted.
        version: SHA-256 over the sorted paths and bytes of all files that were read, in hex.
    """

    root: Path
    files: Mapping[str, str]
    version: str


def read_folder(root: Path, problems: Problems) -> Folder:
    """Read all policy files below a folder.

    ``*.yaml`` files count; hidden files and folders, and test suites (``*.test.yaml``), do not.

    Args:
        root: The folder.
        problems: Takes unreadable, foreign and oversized files.
    """
    texts: dict[str, str] = {}
    digest = hashlib.sha256()
    total = 0
    if not root.is_dir():
        problems.add(Problem("", 1, 1, "unreadable", f"there is no folder `{root.name}`", "name a folder of policies"))
        return Folder(root, {}, digest.hexdigest())
    for name in sorted(_names(root, problems)):
        data = read_file(root, name, problems)
        if data is None:
            continue
        total += len(data)
        if total > FOLDER_BYTES_MAX:
            message = f"the folder has more than {FOLDER_BYTES_MAX // _MEGABYTE} MB of policies"
            problems.add(Problem(name, 1, 1, "too-large", message, "take out what is not a policy"))
            break
        text = as_text(name, data, problems)
        add_to_digest(digest, name, data)
        if text is not None:
            texts[name] = text
    return Folder(root, texts, digest.hexdigest())


def add_to_digest(digest: "hashlib._Hash", name: str, data: bytes) -> None:
    """Add one file to a version; lengths keep a path and its bytes apart."""
    path = name.encode("utf-8", "surrogateescape")
    digest.update(b"%d %d\n" % (len(path), len(data)))
    digest.update(path)
    digest.update(data)


def policy_names(root: Path, problems: Problems) -> Iterator[str]:
    """Yield the paths of a folder's policies, relative to it."""
    return _names(root, problems)


def suite_names(root: Path, problems: Problems) -> Iterator[str]:
    """Yield the paths of a folder's test suites, relative to it."""
    return (name for name in _names(root, problems, suites=True) if name.endswith(".test.yaml"))


def _names(root: Path, problems: Problems, *, suites: bool = False) -> Iterator[str]:
    """Yield the paths of policies or, with ``suites``, of test suites."""
    count = 0

    def unreadable(error: OSError) -> None:
        place = os.path.relpath(error.filename, root) if error.filename else ""
        problems.add(Problem(place, 1, 1, "unreadable", "the folder cannot be read", "check its permissions"))

    for folder, folders, files in os.walk(root, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            place = (Path(folder) / name).relative_to(root).as_posix()
            if name.startswith(".") or name.endswith((".test.yaml", ".test.yml")) != suites:
                continue
            if name.endswith(".yml"):
                hint = "rename it to *.yaml"
                problems.add(Problem(place, 1, 1, "ignored-file", "only *.yaml files are read", hint))
            if not name.endswith(".yaml"):
                continue
            count += 1
            if count > FILES_MAX:
                problems.add(Problem(place, 1, 1, "too-large", f"the folder has more than {FILES_MAX:,} files"))
                return
            yield place


def read_file(root: Path, name: str, problems: Problems) -> bytes | None:
    """Return the bytes of a file of the folder, or None after adding why it is refused.

    Args:
        root: The folder.
        name: Path relative to it.
        problems: Takes the reason.
    """
    path = root / name
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve(strict=True)):
            hint = "keep every file of the policies inside the folder"
            problems.add(Problem(name, 1, 1, "outside-folder", "the file is outside the policy folder", hint))
            return None
        facts = real.stat()
        if not stat.S_ISREG(facts.st_mode):
            problems.add(Problem(name, 1, 1, "unreadable", "this is not a regular file", "remove it"))
            return None
        if facts.st_size > FILE_BYTES_MAX:
            _too_large(name, problems)
            return None
        with real.open("rb") as file:
            # The file may grow between the look at its size and the reading of it.
            data = file.read(FILE_BYTES_MAX + 1)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is a loop of links"
        problems.add(Problem(name, 1, 1, "unreadable", f"the file cannot be read: {str(reason).lower()}"))
        return None
    if len(data) > FILE_BYTES_MAX:
        _too_large(name, problems)
        return None
    return data


def _too_large(name: str, problems: Problems) -> None:
    message = f"the file is larger than {FILE_BYTES_MAX // _MEGABYTE} MB"
    problems.add(Problem(name, 1, 1, "too-large", message, "split it into several files"))


def as_text(name: str, data: bytes, problems: Problems) -> str | None:
    """Decode UTF-8, with or without a byte order mark; None after adding where it is not."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        hint = "save the file as UTF-8"
        problems.add(Problem(name, line, column, "not-utf-8", "the file is not UTF-8 text", hint))
        return None
