"""What libyaml says about broken text, said so that the author finds the line and the cause."""

import re

import yaml

from governor.compiler.problems import Problem

_INDENTATION = (
    "mapping values are not allowed",
    "did not find expected key",
    "did not find expected '-' indicator",
    "found incorrect indentation",
    "could not find expected ':'",
    "block sequence entries are not allowed",
    "block mapping keys are not allowed",
    "did not find expected <document start>",
)

_FLOW_HASH = re.compile(r"[\[{,:]\s*#([A-Za-z][\w-]*)")


def syntax_problem(file: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    """Translate a parser's error into a problem on the right line."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    said = error.problem or "the text is not YAML"
    content = _line(text, line)
    if "anchor" in said or "alias" in (error.context or "") or "scanning an alias" in str(error):
        at = content.find("*") + 1
        hint = 'write "*" in quotes'
        return Problem(file, line, at or column, "unquoted-star", "an unquoted `*` starts an alias in YAML", hint)
    if content[: len(content) - len(content.lstrip())].count("\t") or "'\\t'" in said or "tab" in said:
        at = content.find("\t") + 1
        return Problem(file, line, at or column, "tab", "a tab indents this line", "indent with spaces")
    hashed = _hash_in_flow(text, line, error)
    if hashed is not None:
        at_line, at, word = hashed
        message = f"`#{word}` is a comment, and so is what closes the list or mapping after it"
        return Problem(file, at_line, at, "unquoted-hash", message, f'write "#{word}"')
    if any(text in said for text in _INDENTATION):
        return _indentation(file, text, line, column)
    return Problem(file, line, column, "yaml-syntax", f"the text is not YAML: {_plain(said)}", _hint(error))


def _indentation(file: str, text: str, line: int, column: int) -> Problem:
    # libyaml notices at the token after the slip; a line that is not where its neighbours are is shown at its first
    # character.
    content = _line(text, line)
    if content.strip():
        column = min(column, len(content) - len(content.lstrip()) + 1)
    message = "this line does not fit the indentation of the lines above it"
    hint = "fields of one mapping start in one column, and a text with `: ` in it needs quotes"
    return Problem(file, line, column, "indentation", message, hint)


def _hash_in_flow(text: str, line: int, error: yaml.MarkedYAMLError) -> tuple[int, int, str] | None:
    """Find a word with a hash where an item of `[ ]` or `{ }` begins, on a line of what was not closed."""
    if error.context_mark is None or "flow" not in (error.context or ""):
        return None
    # What was begun is known where an item is followed by something else; where none came, only where libyaml looked
    # for it: on the next line that is not empty.
    begun = error.context_mark.line + 1
    for number in range(line, 0, -1):
        found = _FLOW_HASH.search(_line(text, number))
        if found is not None:
            return number, found.start(1), found[1]
        if number <= begun and number < line and _line(text, number).strip():
            break
    return None


def _line(text: str, line: int) -> str:
    lines = text.splitlines()
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _plain(said: str) -> str:
    return re.sub(r"\s+", " ", said.replace("'", "`"))[:200].lower()


def _hint(error: yaml.MarkedYAMLError) -> str:
    if error.context is None or error.context_mark is None:
        return ""
    return f"{_plain(error.context)} that starts in line {error.context_mark.line + 1}"
