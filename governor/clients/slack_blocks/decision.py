"""Why a request was allowed or refused, and what can be done about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.elements import context, header, section
from governor.clients.slack_blocks.message import Block, Message
from governor.clients.slack_blocks.texts import escape, instant, lines

REASONS_SHOWN = 5


def decision_message(
    answer: Mapping[str, Any], attributes: Mapping[str, str], decided_at: datetime, time_zone: str
) -> Message:
    """Explain a decision.

    Args:
        answer: What ``/decide`` answered, as it is stored.
        attributes: Who asked, as policies saw them.
        decided_at: When.
        time_zone: The organisation's.
    """
    title = _title(answer)
    return Message(title, (header(title), *decision_blocks(answer, attributes, decided_at, time_zone)))


def decision_blocks(
    answer: Mapping[str, Any], attributes: Mapping[str, str], decided_at: datetime, time_zone: str
) -> list[Block]:
    """Return the explanation without its heading; see ``decision_message``."""
    whole = f"the whole: `governor explain {answer['decision_id']}`"
    who = ", ".join(f"{key} {escape(attributes[key])}" for key in ("user", "team", "department") if key in attributes)
    blocks = [context(f"{instant(decided_at, time_zone)} · {who}")]
    reasons = answer["reasons"]
    blocks += [section(_reason(reason), more=whole) for reason in reasons[:REASONS_SHOWN]]
    if len(reasons) > REASONS_SHOWN:
        blocks.append(context(f"and {len(reasons) - REASONS_SHOWN} more reasons · {whole}"))
    warnings = [f"• {escape(warning['message'])}" for warning in answer["warnings"]]
    if warnings:
        blocks.append(section(lines(["*Pointed out*", *warnings]), more=whole))
    ways = [f"• {_way(remedy, time_zone)}" for remedy in answer["remedies"]]
    if ways:
        blocks.append(section(lines(["*What you can do*", *ways]), more=whole))
    blocks.append(context(f"decision `{answer['decision_id']}` · policies `{str(answer['policy_version'])[:12]}`"))
    return blocks[: limits.MESSAGE_BLOCKS - 1]


def _title(answer: Mapping[str, Any]) -> str:
    model = answer["requested_model"]
    if answer["verdict"] != "allow":
        return f"Refused: {model}"
    return f"Allowed: {answer['model']} instead of {model}" if answer["substituted"] else f"Allowed: {model}"


def _reason(reason: Mapping[str, Any]) -> str:
    place = " ".join(part for part in (reason.get("policy"), reason.get("source")) if part)
    return lines([escape(reason["message"]), f"`{escape(place)}`" if place else ""])


def _way(remedy: Mapping[str, Any], time_zone: str) -> str:
    match remedy["type"]:
        case "use_model":
            output = remedy.get("max_output_tokens")
            most = f" for at most {output:,} output tokens" if output is not None else ""
            return f"use the model `{escape(remedy['model'])}`{most}"
        case "wait_until":
            return f"wait until {instant(datetime.fromisoformat(remedy['at']), time_zone)}"
        case "lower_max_output_tokens":
            return f"ask for at most {remedy['max_output_tokens']:,} output tokens"
        case "shorten_input":
            return "send a shorter input"
        case "request_exception":
            return "ask for an exception: `/ai-budget request`"
        case other:
            return escape(str(other).replace("_", " "))
