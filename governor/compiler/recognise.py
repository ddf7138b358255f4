"""Whether a YAML file is a policy: hooks name every one of a repository, and most are none of ours."""

import re

from governor.compiler.problems import Problems
from governor.compiler.source import read_documents

_VERSION = "governor/"
_SAYS_SO = re.compile(r"""^[^#\n]*\bapiVersion["']?\s*:\s*["']?governor/""", re.MULTILINE)
"""How a policy says so that cannot be read."""


def is_policy(data: bytes) -> bool:
    """Tell whether one of a file's documents says that it is a policy, however it is written.

    What cannot be read as YAML is one if it looks like one: its owner wants to hear what is wrong with it.
    """
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if _VERSION not in text:
        return False
    problems = Problems()
    documents = read_documents("", text, problems)
    if problems.fatal:
        return _SAYS_SO.search(text) is not None
    return any(_says_so(document.value) for document in documents)


def _says_so(value: object) -> bool:
    version = value.get("apiVersion") if isinstance(value, dict) else None
    return isinstance(version, str) and version.startswith(_VERSION)
