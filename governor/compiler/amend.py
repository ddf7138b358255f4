"""Changing one document of a policy file, as a person would: comments, order and the other documents stay."""

import re
from collections.abc import Callable, MutableMapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from governor.core.errors import GovernorError

Document = MutableMapping[str, Any]
"""A policy as it is written: fields in their order."""

_BREAK = re.compile(r"^---(?:\s.*)?$")


class AmendError(GovernorError):
    """A document that cannot be changed by a program."""

    code = "cannot_amend"


def amend(text: str, ref: str, change: Callable[[Document], Sequence[Document]]) -> str:
    """Change a document of a file.

    Args:
        text: The file.
        ref: ``Kind/name`` of the document.
        change: Changes it in place, and returns documents to put behind it.

    Raises:
        AmendError: If the file has no such document.
    """
    lines = text.splitlines(keepends=True)
    breaks = [index for index, line in enumerate(lines) if _BREAK.match(line.rstrip("\n"))]
    for start, end in zip([0, *(index + 1 for index in breaks)], [*breaks, len(lines)], strict=True):
        document = _read("".join(lines[start:end]))
        if document is None or f"{document.get('kind')}/{document.get('name')}" != ref:
            continue
        added = [_written(each) for each in change(document)]
        changed = "---\n".join([_written(document), *added])
        return "".join([*lines[:start], changed, *lines[end:]])
    raise AmendError(f"no document of the file is {ref}; it may have been renamed: change it by hand")


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    # A line is never broken that its author has not broken.
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _read(text: str) -> Document | None:
    try:
        document = _yaml().load(text)
    except YAMLError as error:
        raise AmendError("the file is not YAML; `governor validate` says where") from error
    return document if isinstance(document, MutableMapping) else None


def _written(document: Document) -> str:
    written = StringIO()
    _yaml().dump(document, written)
    return written.getvalue()
