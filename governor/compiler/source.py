"""YAML text to plain values, exactly as written, with the place of every key and value.

One pass over libyaml's events, without recursion and without constructing objects: texts, whole numbers as ``int``,
decimals as ``Decimal``, true, false, null. YAML 1.2 core words only. Anchors, aliases, merge keys and tags are refused.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from governor.compiler.problems import Problem, Problems
from governor.compiler.scalars import WORDS_OF_YAML_11, ScalarError, plain_scalar
from governor.compiler.slips import HASH_WORD, joined_thousands, looks_like_rest
from governor.compiler.syntax import syntax_problem

DEPTH_MAX = 40
NODES_MAX = 50_000
DOCUMENTS_MAX = 20_000
PROBLEMS_MAX = 500
"""In one file; the rest of it is not read."""

Path = tuple[str | int, ...]
"""Keys and list indices from the top of a document."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Position:
    """1-based line and column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One YAML document of a file.

    Attributes:
        file: Path relative to the folder.
        text: The whole text of the file.
        start: Index in the text where the document begins; ``end`` where it ends.
        position: Where its first value stands.
        value: The plain value.
    """

    file: str
    text: str = field(repr=False)
    start: int
    end: int
    position: Position
    value: Any

    def problem(self, code: str, message: str, path: Path = (), *, hint: str = "", key: bool = False) -> Problem:
        """Make a problem at a path of this document (at the key itself with ``key``)."""
        place = self.locate(path, key=key)
        return Problem(self.file, place.line, place.column, code, message, hint)

    def locate(self, path: Path, *, key: bool = False) -> Position:
        """Return where a value (or its key) stands; for a path that is not there, where its nearest parent stands.

        Places are found by reading the document again: keeping the place of every node of 100,000 policies would take
        more memory than the policies.
        """
        places = _places(self)
        for length in range(len(path), 0, -1):
            found = places.get(path[:length])
            if found is not None:
                return found[0] if key else found[1]
        return self.position


@dataclass(slots=True)
class _Frame:
    """A mapping or a sequence that is being read."""

    container: dict[Any, Any] | list[Any]
    path: Path
    flow: bool
    key: Any = None
    has_key: bool = False
    doubled: bool = False
    keys: dict[Any, Position] = field(default_factory=dict)


class _StopError(Exception):
    """The rest of the file is not worth reading; the problem is already recorded."""


@dataclass(slots=True)
class _Reading:
    """The state of reading one file."""

    file: str
    text: str
    problems: Problems
    places: dict[Path, tuple[Position, Position]] | None = None
    frames: list[_Frame] = field(default_factory=list)
    nodes: int = 0
    value: Any = None
    first: Position | None = None
    lines: list[str] = field(default_factory=list)

    def line(self, number: int) -> str:
        """Return a line of the text; the text is split once, and only if somebody asks."""
        self.lines = self.lines or re.split(r"\r\n|\r|\n|\u0085|\u2028|\u2029", self.text)
        return self.lines[number - 1] if number <= len(self.lines) else ""

    def add(self, code: str, message: str, mark: Any, hint: str = "") -> None:
        self.record(Problem(self.file, mark.line + 1, mark.column + 1, code, message, hint))

    def record(self, problem: Problem) -> None:
        self.problems.add(problem)
        if len(self.problems.found) > PROBLEMS_MAX:
            message = f"more than {PROBLEMS_MAX} problems; the rest was not read"
            self.problems.add(Problem(self.file, problem.line, problem.column, "too-many-problems", message))
            raise _StopError

    def stop(self, code: str, message: str, mark: Any, hint: str = "") -> None:
        self.problems.add(Problem(self.file, mark.line + 1, mark.column + 1, code, message, hint))
        raise _StopError


def read_documents(file: str, text: str, problems: Problems) -> list[Document]:
    """Read all documents of a text; empty ones are left out.

    Args:
        file: Name for problems.
        text: The whole text of the file.
        problems: Takes what is wrong; the values of a file with errors are as good as they can be.

    Returns:
        The documents up to the first syntax error.
    """
    control = _CONTROL.search(text)
    if control is not None:
        line, column = line_and_column(text, control.start())
        name = f"U+{ord(control[0]):04X}"
        problems.add(Problem(file, line, column, "control-character", f"the character {name} is not text", "remove it"))
        return []
    reading = _Reading(file, text, Problems())
    documents: list[Document] = []
    try:
        for document in _documents(reading):
            documents.append(document)
            if len(documents) > DOCUMENTS_MAX:
                problems.add(document.problem("too-large", f"a file has at most {DOCUMENTS_MAX:,} documents"))
                break
    except _StopError:
        pass
    except yaml.MarkedYAMLError as error:
        problems.add(syntax_problem(file, text, error))
    except yaml.YAMLError as error:
        problems.add(Problem(file, 1, 1, "yaml-syntax", f"the text is not YAML: {str(error).lower()[:200]}"))
    problems.extend(reading.problems.found)
    return documents


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Return the 1-based line and column of an index into a text."""
    line = text.count("\n", 0, index) + 1
    return line, index - (text.rfind("\n", 0, index) + 1) + 1


def _documents(reading: _Reading) -> Iterator[Document]:
    loader = yaml.CLoader(reading.text)
    started = 0
    seen = 0
    try:
        while loader.check_event():
            event = loader.get_event()
            if isinstance(event, yaml.DocumentStartEvent):
                started = getattr(event.start_mark, "index", 0)
                seen += 1
                if seen > DOCUMENTS_MAX:
                    reading.stop("too-large", f"a file has at most {DOCUMENTS_MAX:,} documents", event.start_mark)
                reading.nodes, reading.value, reading.first = 0, None, None
            elif isinstance(event, yaml.DocumentEndEvent):
                if reading.value is not None:
                    place = reading.first or Position(1, 1)
                    end = getattr(event.end_mark, "index", len(reading.text))
                    yield Document(reading.file, reading.text, started, end, place, reading.value)
            elif isinstance(event, yaml.NodeEvent):
                _node(reading, event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                _close(reading)
    finally:
        loader.dispose()


def _node(reading: _Reading, event: Any) -> None:
    reading.nodes += 1
    mark = event.start_mark
    if reading.nodes > NODES_MAX:
        hint = "put people into a CSV file and policies into documents of their own"
        reading.stop("too-large", f"a document has at most {NODES_MAX:,} values", mark, hint)
    if reading.first is None:
        reading.first = Position(mark.line + 1, mark.column + 1)
    if event.anchor is not None:
        _refuse_anchor(reading, event)
        if isinstance(event, yaml.AliasEvent):
            _put(reading, "", event)
            return
    if event.tag is not None:
        reading.add("tag", f"the tag `{str(event.tag)[:40]}` is not allowed", mark, "write the plain value")
    if isinstance(event, yaml.ScalarEvent):
        _put(reading, _scalar(reading, event), event)
        return
    if len(reading.frames) >= DEPTH_MAX:
        reading.stop("too-deep", f"nested deeper than {DEPTH_MAX} levels", mark, "a policy needs no more than eight")
    container: dict[Any, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
    path = _put(reading, container, event)
    reading.frames.append(_Frame(container, path, bool(event.flow_style)))


def _refuse_anchor(reading: _Reading, event: Any) -> None:
    alias = isinstance(event, yaml.AliasEvent)
    name = str(event.anchor)[:40]
    hint = f'quote it if you mean a pattern: "*{name}"' if alias else f'quote it if you mean the text: "&{name}"'
    word = "alias" if alias else "anchor"
    reading.add("alias", f"the {word} `{name}` is not allowed: write the value out", event.start_mark, hint)


def _scalar(reading: _Reading, event: Any) -> Any:
    text: str = event.value
    if event.style or not event.implicit[0]:
        return text
    if text == "":
        _look_for_hash(reading, event.start_mark)
        return None
    if text.lower() in WORDS_OF_YAML_11 and not _is_key(reading):
        message = f"`{text}` is a word here, but a boolean for readers of YAML 1.1"
        reading.add("ambiguous-word", message, event.start_mark, f'write "{text}" in quotes, or true or false')
        return text
    try:
        return plain_scalar(text)
    except ScalarError as error:
        reading.add(error.code, error.message, event.start_mark, error.hint)
        return text


def _look_for_hash(reading: _Reading, mark: Any) -> None:
    found = HASH_WORD.match(reading.text, mark.index)
    if found is not None:
        word = found[1]
        reading.add("unquoted-hash", f"`#{word}` is a comment, so the value is empty", mark, f'write "#{word}"')


def _is_key(reading: _Reading) -> bool:
    """Tell whether what comes next is a key: a field's name, which nobody takes for a boolean."""
    frame = reading.frames[-1] if reading.frames else None
    return frame is not None and isinstance(frame.container, dict) and not frame.has_key


def _put(reading: _Reading, value: Any, event: Any) -> Path:
    """Store a value where it belongs and return its path; the first of a pair in a mapping is its key."""
    if not reading.frames:
        reading.value = value
        return ()
    frame = reading.frames[-1]
    mark = event.start_mark
    here = Position(mark.line + 1, mark.column + 1)
    container = frame.container
    if isinstance(container, list):
        if frame.flow and container and looks_like_rest(container[-1], value):
            container[-1] = _join(reading, container[-1], value, here)
            return (*frame.path, len(container) - 1)
        container.append(value)
        path = (*frame.path, len(container) - 1)
        if reading.places is not None:
            reading.places[path] = (here, here)
        return path
    if not frame.has_key:
        frame.key, frame.has_key = _key(reading, frame, value, here, mark), True
        return frame.path
    frame.has_key = False
    path = (*frame.path, frame.key)
    if frame.doubled:
        return path
    if frame.flow and value is None and container and looks_like_rest(last := list(container.values())[-1], frame.key):
        previous = list(container)[-1]
        container[previous] = _join(reading, last, frame.key, frame.keys[frame.key])
        return path
    container[frame.key] = value
    if reading.places is not None:
        reading.places[path] = (frame.keys[frame.key], here)
    return path


def _join(reading: _Reading, first: Any, rest: Any, at: Position) -> str:
    """Put a number together that a comma split, and say so where it begins if that is in the same line."""
    text, better = joined_thousands(first, rest)
    before = reading.line(at.line)[: at.column - 1].rstrip(" ,")
    column = len(before) - len(str(first)) + 1 if before.endswith(str(first)) else at.column
    message = f"inside braces and brackets a comma splits `{text}`"
    problem = Problem(reading.file, at.line, column, "thousands-comma", message, f"write {better} here")
    reading.record(problem)
    return text


def _key(reading: _Reading, frame: _Frame, value: Any, here: Position, mark: Any) -> Any:
    if not isinstance(value, str):
        if isinstance(value, (dict, list)):
            reading.add("wrong-type", "a field name must be a text, not a list or a mapping", mark, "quote it")
        value = str(value) if not isinstance(value, int) else f"{value:03d}" if value == 0 else str(value)
    if value == "<<":
        reading.add("merge-key", "the merge key `<<` is not allowed: write the fields out", mark)
    frame.doubled = value in frame.keys
    if frame.doubled:
        first = frame.keys[value]
        message = f"`{value[:60]}` is written twice: here and in line {first.line}"
        reading.add("duplicate-key", message, mark, "keep one of them")
        return value
    frame.keys[value] = here
    return value


def _close(reading: _Reading) -> None:
    reading.frames.pop()


@lru_cache(maxsize=1)
def _places(document: Document) -> dict[Path, tuple[Position, Position]]:
    """Return the places of a document's keys and values; problems come in runs of one document, so one is kept."""
    places: dict[Path, tuple[Position, Position]] = {}
    line, column = line_and_column(document.text, document.start)
    reading = _Reading(document.file, document.text[document.start : document.end], Problems(), places)
    # What could be read before a syntax error has its place; the rest falls back to its parent's.
    with suppress(_StopError, yaml.YAMLError):
        next(_documents(reading), None)
    return {path: (_moved(key, line, column), _moved(value, line, column)) for path, (key, value) in places.items()}


def _moved(position: Position, line: int, column: int) -> Position:
    on_first = position.line == 1
    return Position(position.line + line - 1, position.column + (column - 1 if on_first else 0))
