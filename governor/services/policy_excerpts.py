"""The text of a policy in the version that decided: the whole document, as its author wrote it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_BREAK = re.compile(r"^---(?:\s.*)?$")
_FIELD = re.compile(r"^(kind|name)\s*:\s*[\"']?([^\"'#\s]+)")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One policy document.

    Attributes:
        policy: ``Quota/department-monthly-spend``.
        file: Path in the policy folder, or ``""`` if the text was not found.
        line: 1-based first line, or 0.
        text: The document.
    """

    policy: str
    file: str
    line: int
    text: str


def find_excerpts(files: Mapping[str, str], policies: Iterable[str]) -> list[Excerpt]:
    """Return the document of each policy named, in the order of the names.

    Args:
        files: Text by path in the policy folder.
        policies: Names as answers give them (``Quota/x``).
    """
    wanted = dict.fromkeys(policies)
    found: dict[str, Excerpt] = {}
    for file, text in sorted(files.items()):
        if file.endswith((".yaml", ".yml")) and any(name.partition("/")[2] in text for name in wanted):
            for excerpt in _documents(file, text):
                if excerpt.policy in wanted:
                    found.setdefault(excerpt.policy, excerpt)
    return [found.get(name, Excerpt(name, "", 0, "")) for name in wanted]


def _documents(file: str, text: str) -> Iterable[Excerpt]:
    lines = text.splitlines()
    breaks = [index for index, line in enumerate(lines) if _BREAK.match(line)]
    for start, end in zip([-1, *breaks], [*breaks, len(lines)], strict=True):
        body = lines[start + 1 : end]
        fields = {match[1]: match[2] for match in map(_FIELD.match, body) if match}
        if "kind" in fields and "name" in fields:
            first = next(index for index, line in enumerate(body) if line.strip())
            text_of = "\n".join(body).strip("\n") + "\n"
            yield Excerpt(f"{fields['kind']}/{fields['name']}", file, start + 2 + first, text_of)
