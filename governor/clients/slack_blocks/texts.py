"""Texts as Slack takes them: escaped, cut to its limits, with times in everybody's own zone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from governor.clients.slack_blocks import limits
from governor.core.decisions.messages import instant_words
from governor.core.money import NANO_PER_USD
from governor.core.units import Unit, amount_words

ELLIPSIS = "…"
_CENT = NANO_PER_USD // 100


def escape(text: str) -> str:
    """Make a text that somebody wrote harmless: no mention, no link, no entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, length_max: int, more: str = "") -> str:
    """Cut a text to a limit; what is missing is said, and ``more`` is where the whole text is.

    Args:
        text: Plain or mrkdwn; an entity or a link is not cut in two.
        length_max: Characters that Slack takes.
        more: Ends a text that was cut, like ``<https://...|the whole>``; or ``""``.
    """
    if len(text) <= length_max:
        return text
    ending = f"{ELLIPSIS} {more}" if more and len(more) + 2 < length_max else ELLIPSIS
    kept = text[: length_max - len(ending)]
    for opening, closing in (("<", ">"), ("&", ";")):
        start = kept.rfind(opening)
        if start > kept.rfind(closing):
            kept = kept[:start]
    # An odd number of backticks would turn the rest of the message into code.
    if kept.count("`") % 2:
        kept = kept[: kept.rfind("`")]
    return kept.rstrip() + ending


def plain(text: str, length_max: int) -> dict[str, Any]:
    """Make a text object without markup."""
    return {"type": "plain_text", "text": cut(text, length_max) or ELLIPSIS, "emoji": True}


def mrkdwn(text: str, length_max: int = limits.SECTION, more: str = "") -> dict[str, Any]:
    """Make a text object with Slack's markup; what people wrote in it must be escaped."""
    return {"type": "mrkdwn", "text": cut(text, length_max, more) or ELLIPSIS}


def link(url: str, label: str) -> str:
    """Write a link; without an address it is the label alone."""
    return f"<{url}|{escape(label)}>" if url else escape(label)


def mention(slack_id: str, name: str) -> str:
    """Name a person so that Slack shows them; without an id by name."""
    return f"<@{slack_id}>" if slack_id else f"*{escape(name)}*"


def instant(at: datetime, time_zone: str) -> str:
    """Write an instant that everybody sees in their own zone; programs that cannot see the organisation's."""
    fallback = escape(instant_words(at, time_zone)).replace("|", "/")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def lines(parts: Iterable[str]) -> str:
    """Join the lines that say something."""
    return "\n".join(part for part in parts if part)


def amount(number: int, unit: Unit) -> str:
    """Write an amount of a budget's unit for people: money to the cent, and what is less is not nothing."""
    if unit is not Unit.USD:
        return amount_words(number, unit)
    if 0 < number < _CENT:
        return "less than 0.01 USD"
    return amount_words(number // _CENT * _CENT, unit)
