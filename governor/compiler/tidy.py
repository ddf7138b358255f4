"""Policy text in one layout: indentation, spaces and blank lines, while every comment and every value stays as it is.

Nothing is returned unless the tidy text means exactly the same: both are read again by the reader that compiles
policies, and what they say, as well as every comment, is compared. Whoever formats loses nothing.
"""

import io
import re

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from governor.compiler.problems import Problem, Problems
from governor.compiler.source import read_documents

_NO_WRAP = 1_000_000
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_HINT = "write comments outside of `{ }` and `[ ]`"
_BLANK_LINES = re.compile(r"\n{3,}")


def tidy(name: str, text: str, problems: Problems) -> str | None:
    """Return a policy file in the one layout, or None after adding why it is left alone.

    Args:
        name: Path relative to the folder, for problems.
        text: The file.
        problems: Takes what makes the file unreadable: what cannot be read is not formatted. Takes a warning where
            only the ends of lines could be tidied.
    """
    before = Problems()
    values = _values(name, text, before)
    if before.fatal:
        problems.extend(before.found)
        return None
    plain = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n"))
    for opened in (True, False):
        made = _dumped(plain, opened=opened) if values else plain
        made = _BLANK_LINES.sub("\n\n", made).strip("\n") + "\n" if made.strip() else ""
        if _same(name, text, values, made):
            return made
    problems.add(Problem(name, 1, 1, "not-laid-out", "a layout would lose a comment or a space that counts", _HINT))
    shorter = plain.rstrip("\n") + "\n"
    # Spaces at the end of a line mean something inside a block of text.
    return shorter if _same(name, text, values, shorter) else text


def _dumped(text: str, *, opened: bool) -> str:
    """Read and write again with the library that keeps comments, quotes and the order of keys; ``""`` if it cannot.

    Args:
        text: Without spaces at the ends of lines.
        opened: Give each field of a policy that is written in braces as a whole, as JSON is, a line, as others have.
    """
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _NO_WRAP
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    output = io.StringIO()
    try:
        documents = list(yaml.load_all(text))
        for document in documents:
            # What follows the last brace has no place of its own without it.
            if opened and isinstance(document, CommentedMap) and not (document.ca.comment or [None])[0]:
                document.fa.set_block_style()
        yaml.dump_all(documents, output)
    except (YAMLError, ValueError, RecursionError):
        return ""
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
