"""Every message and modal as text, a block a line: ``python -m tests.slack.rendered_text`` prints them."""

import re
import sys
from typing import Any

from tests.slack.rendered import documents

_INSTANT = re.compile(r"<!date\^[^|]*\|([^>]*)>")
"""Slack shows it in each reader's zone; the text behind the bar is for clients that cannot."""


def lines_of(name: str, document: Any) -> list[str]:
    """Return a message or a modal as text: its name and title, then a line for each block."""
    title = document["text"] if "text" in document else document.get("title", {}).get("text", document.get("type"))
    ends = [document[end]["text"] for end in ("submit", "close") if end in document]
    head = f"## {name}: {title}" + (f"  [{'] ['.join(ends)}]" if ends else "")
    return [head, *(f"{block['type']}: {' | '.join(words_of(block))}" for block in document["blocks"])]


def words_of(part: Any) -> list[str]:
    """Return what a part of a block says: texts as they are, what can be clicked or filled in within brackets."""
    if isinstance(part, list):
        return [word for one in part for word in words_of(one)]
    if not isinstance(part, dict):
        return []
    if isinstance(part.get("text"), str):
        return [_INSTANT.sub(r"\1", " / ".join(part["text"].splitlines()))]
    inner = [word for key, one in part.items() if key != "initial_option" for word in words_of(one)]
    element = part.get("type", "")
    if "action_id" in part:
        initial = str(part.get("initial_value", part.get("initial_date", "")))
        return [f"[{element}: {', '.join(word for word in [*inner, initial] if word)}]"]
    return inner


if __name__ == "__main__":
    sys.stdout.write("\n".join("\n".join(lines_of(*one)) for one in documents().items()) + "\n")
