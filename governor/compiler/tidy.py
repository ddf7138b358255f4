"""Policy text in one layout: indentation, spaces and blank lines, while every comment and every value stays as it is.

Nothing is returned unless the tidy text means exactly the same: both are read again by the reader that compiles
policies, and what they say, as well as every comment, is compared. Whoever formats loses nothing.
"""

import io
import re

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from governor.compiler.problems import Problems
from governor.compiler.source import read_documents

_NO_WRAP = 1_000_000
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")


def tidy(name: str, text: str, problems: Problems) -> str | None:
    """Return a policy file in the one layout, or None after adding why it is left alone.

    Args:
        name: Path relative to the folder, for problems.
        text: The file.
        problems: Takes what makes the file unreadable: what cannot be read is not formatted.
    """
    before = Problems()
    values = _values(name, text, before)
    if before.fatal:
        problems.extend(before.found)
        return None
    plain = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n"))
    try:
        made = _dumped(plain) if values else plain
    except (YAMLError, ValueError, RecursionError):
        made = plain
    made = _BLANK_LINES.sub("\n\n", made).strip("\n") + "\n" if made.strip() else ""
    for candidate in (made, plain.rstrip("\n") + "\n"):
        if _same(name, text, values, candidate):
            return candidate
    # Spaces at the end of a line mean something inside a block of text.
    return text


def _dumped(text: str) -> str:
    """Read and write again with the library that keeps comments, quotes and the order of keys."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _NO_WRAP
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    output = io.StringIO()
    yaml.dump_all(list(yaml.load_all(text)), output)
    return output.getvalue()


def _values(name: str, text: str, problems: Problems) -> list[object]:
    return [document.value for document in read_documents(name, text, problems)]


def _same(name: str, text: str, values: list[object], candidate: str) -> bool:
    """Tell whether a text says what another one says, with the same comments in the same order."""
    after = Problems()
    if repr(_values(name, candidate, after)) != repr(values) or after.fatal:
        return False
    return _comments(text) == _comments(candidate)


def _comments(text: str) -> list[str]:
    return [comment.rstrip() for comment in _COMMENT.findall(text.replace("\r\n", "\n"))]
