"""What people type after ``/ai-budget``: words, as Slack sends them."""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from governor.core.decisions.blocks import BlockKind
from governor.core.errors import InvalidRequestError
from governor.core.grants import GRANTEE_KEYS
from governor.core.policy.organization import Person
from governor.core.scopes import Scope

USAGES = (
    ("", "what is left of my budgets, and when they reset"),
    ("request", "ask for an exception: more budget, another model, a larger limit"),
    ("why DECISION", "why a request was allowed or refused"),
    ("break-glass", "lift a budget at once, for those on call; somebody else reviews it"),
    ("stop team:growth for 2h because runaway agent", "stop at once, for those who may; also `user:`, `model:`, ..."),
    ("resume team:growth", "let it go on before that"),
    ("help", "this list"),
)
"""What can be typed, and what it does."""

VERBS = ("left", "request", "why", "break-glass", "stop", "resume", "help")

STOP_FORM = "write it like `stop team:growth for 2h because runaway agent`"

_STOP = re.compile(r"(?P<target>.+?)\s+for\s+(?P<length>\S+(?:\s+\w+)?)(?:\s+because\s+(?P<reason>.+))?", re.DOTALL)
_LENGTH = re.compile(r"(\d{1,6})\s*(m|min|h|d|minutes?|hours?|days?)")
_WORDS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}
_MENTION = re.compile(r"<@(\w+)(?:\|[^>]*)?>")
FindPerson = Callable[[str], Person | None]
"""Who has a Slack id."""

_LINK = re.compile(r"<(?:mailto:|https?://)[^|>]*\|([^>]*)>")


@dataclass(frozen=True, slots=True)
class Typed:
    """A verb and the rest; an unknown verb is ``help`` with a problem."""

    verb: str
    rest: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StopWords:
    """What somebody wants to stop: the kind and the name, how long (``2 hours``), and why."""

    kind: BlockKind
    name: str
    length: str
    reason: str


def typed(text: str) -> Typed:
    """Read what stands after the command."""
    verb, _, rest = plain_text(text).strip().partition(" ")
    verb = verb.lower()
    if not verb:
        return Typed("left")
    if verb in VERBS:
        return Typed(verb, rest.strip())
    near = get_close_matches(verb, VERBS, n=1)
    hint = f"; did you mean `{near[0]}`" if near else ""
    return Typed("help", problem=f"`{verb[:40]}` is none of the words that I know{hint}")


def plain_text(text: str) -> str:
    """Return what was typed: Slack turns addresses into links and escapes three characters."""
    return html.unescape(_LINK.sub(r"\1", text))


def stop_words(rest: str, find: FindPerson) -> StopWords:
    """Read what follows ``stop``.

    Args:
        rest: What was typed.
        find: Tells whom a mention means.

    Raises:
        InvalidRequestError: If it is not of the form.
    """
    match = _STOP.fullmatch(rest.strip())
    if match is None:
        raise InvalidRequestError(f"I do not understand what to stop; {STOP_FORM}")
    kind, name = target_words(match["target"], find)
    return StopWords(kind, name, _length(match["length"]), (match["reason"] or "stopped from Slack").strip())


def target_words(text: str, find: FindPerson) -> tuple[BlockKind, str]:
    """Read what is stopped: ``team:growth``, or a mention of a person.

    Raises:
        InvalidRequestError: If it is neither.
    """
    word, name = _named(text, find)
    if word not in set(BlockKind) or not name:
        kinds = ", ".join(f"{one}:" for one in BlockKind)
        raise InvalidRequestError(f"`{text[:60]}` names nothing that can be stopped; begin with {kinds} or a mention")
    return BlockKind(word), name


def scope_words(text: str, find: FindPerson) -> Scope:
    """Read for whom something is: ``team:growth``, or a mention of a person.

    Raises:
        InvalidRequestError: If it is neither.
    """
    word, name = _named(plain_text(text), find)
    if word not in GRANTEE_KEYS or not name:
        kinds = ", ".join(f"{one}:" for one in GRANTEE_KEYS)
        raise InvalidRequestError(f"`{text[:60]}` is nobody; begin with {kinds} or a mention", field="whom")
    return ((word, name),)


def one_of(text: str, known: Sequence[str], *, kind: str = "", field: str) -> str:
    """Return which of the known names was chosen from a menu, or typed where there are too many for one.

    Args:
        text: ``Quota/department-spend``, ``department-spend``, or as a menu says it, ``department spend``.
        known: The names.
        kind: What they all begin with, like ``Quota/``.
        field: Of the modal.

    Raises:
        InvalidRequestError: At the field, with the nearest one.
    """
    typed_name = plain_text(text).strip()
    name = kind + typed_name.removeprefix(kind)
    for meant in (name, name.replace(" ", "-")):
        if meant in known:
            return meant
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean `{near[0]}`" if near else ""
    raise InvalidRequestError(f"there is no `{typed_name[:60]}` to choose{hint}", field=field)


def _named(text: str, find: FindPerson) -> tuple[str, str]:
    """Return a kind and a name, of which either may be none."""
    mention = _MENTION.fullmatch(text.strip())
    if mention is not None:
        person = find(mention[1])
        if person is None:
            message = "I do not know who this is; name them by their user, like `user:mia@acme.example`"
            raise InvalidRequestError(message, field="whom")
        return "user", person.user
    kind, _, name = text.strip().partition(":")
    return kind.strip().lower().replace("-", "_").replace(" ", "_"), name.strip()


def _length(text: str) -> str:
    match = _LENGTH.fullmatch(text.strip().lower())
    if match is None:
        raise InvalidRequestError(f"`{text[:40]}` is not a length of time; {STOP_FORM}")
    return f"{match[1]} {_WORDS.get(match[2], match[2])}"
