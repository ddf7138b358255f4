"""Text in Markdown: what a policy says is shown as it is, and never becomes a table, markup or a mention."""

import re
from collections.abc import Iterator, Sequence

_SPECIAL = str.maketrans({"|": r"\|", "<": "&lt;", ">": "&gt;", "*": r"\*", "_": r"\_", "`": r"\`", "\n": " "})
_MENTION = re.compile(r"(?<![\w.])@")


def plain(text: str) -> str:
    """Return a text that Markdown shows letter for letter."""
    return _MENTION.sub("@<!-- -->", text.translate(_SPECIAL))


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; all columns but the first hold numbers."""
    return _table(columns, rows, " ---: ")


def words_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table of words."""
    return _table(columns, rows, " --- ")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], rule: str) -> Iterator[str]:
    yield f"| {' | '.join(plain(column) or ' ' for column in columns)} |"
    yield f"|{'|'.join([' --- ', *(rule for _ in columns[1:])])}|"
    for row in rows:
        yield f"| {' | '.join(plain(cell) for cell in row)} |"
