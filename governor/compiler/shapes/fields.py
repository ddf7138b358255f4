"""Types of fields that several kinds share: texts with a form, amounts with a unit, selectors."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta


def _text(form: str, pattern: str, *examples: str) -> Meta:
    # The format is checked by its parser in `quantities`, which says what is wrong; the pattern is for editors.
    return Meta(extra_json_schema={"format": form, "pattern": pattern}, examples=list(examples))


_NUMBER = r"^\s*[0-9][0-9,_]*(\.[0-9]+)? ?[kKM]? ?"
_UNIT = r"(USD|tokens?|requests?|concurrent requests?)\s*$"

Text = Annotated[str, Meta(min_length=1, max_length=2_000)]
Name = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$",
        extra_json_schema={"x-form": "lower-case letters, digits and -"},
    ),
]
User = Annotated[
    str,
    Meta(
        pattern=r"^[^\s*]{1,200}$",
        extra_json_schema={"x-form": "a user name without spaces, such as an e-mail address"},
    ),
]
Provider = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", extra_json_schema={"x-form": "a provider, such as bedrock or vertex"}),
]
Pattern = Annotated[str, Meta(min_length=1, max_length=256)]
Patterns = Pattern | list[Pattern]
Amount = Annotated[str, _text("amount", _NUMBER + _UNIT)]
Tokens = Annotated[str, _text("tokens", _NUMBER + r"tokens?\s*$")]
Money = Annotated[str, _text("money", _NUMBER + r"USD\s*$")]
Price = Annotated[str, _text("price", _NUMBER + r"USD per ([0-9][0-9,_.]* ?[kKM]? ?)?tokens?\s*$")]
CostPerOutcome = Annotated[str, _text("cost-per-outcome", _NUMBER + r"USD per outcome\s*$")]
Percent = Annotated[str, _text("percent", r"^\s*[0-9]+(\.[0-9]+)? ?(%|percent)\s*$")]
SoftLimit = Annotated[str, _text("soft-limit", _NUMBER + r"(%|percent|USD|tokens?|requests?|concurrent requests?)\s*$")]
Duration = Annotated[str, _text("duration", _NUMBER + r"(second|minute|hour|day|week)s?\s*$")]
WorkingSpan = Annotated[
    str, _text("working-span", _NUMBER + r"((second|week)s?|(working )?(minute|hour|day)s?)\s*$", "4 working hours")
]
Length = Annotated[str, _text("length", _NUMBER + r"(second|minute|hour|day|week)s?\s*$")]
AutomaticCap = Annotated[
    str,
    _text(
        "automatic-cap",
        _NUMBER + r"USD per (day|week|month|quarter|year)( per (department|team|user|project|use[ _]case))?\s*$",
    ),
]
Horizon = Annotated[str, _text("horizon", r"^\s*[0-9]{1,3} days?\s*$")]
Change = Annotated[str, _text("change", r"^\s*[+-]?[0-9]+(\.[0-9]+)? ?(%|percent)\s*$")]
Growth = Annotated[str, _text("growth", r"^\s*[+-]?[0-9]+(\.[0-9]+)? ?(%|percent) per month\s*$")]
Uses = Annotated[str, _text("uses", r"^\s*[0-9]+ per (day|week|month) per person\s*$")]
Characters = Annotated[str, _text("characters", r"^\s*[0-9]+ characters?\s*$")]
ClockTime = Annotated[str, _text("clock-time", "^[0-9]{2}:[0-9]{2}$")]
Weekdays = Annotated[str, _text("weekdays", "^[a-zA-Z]{3}(-[a-zA-Z]{3})?$", "mon-fri")]
Day = Annotated[str, _text("day", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
MonthDay = Annotated[str, _text("month-day", "^[0-9]{2}-[0-9]{2}$")]
TimeZone = Annotated[str, _text("time-zone", r"^[A-Za-z0-9_+/-]+$")]

ATTRIBUTES: dict[str, str] = {
    "department": "The department of the user, from the Organization.",
    "team": "The team of the user, from the Organization.",
    "user": "The canonical user name; everybody whom the Organization does not list is `(unknown)`.",
    "kind": "What the user is: employee, contractor, agent or guest.",
    "project": "The project that the request names.",
    "environment": "The environment; a request that names none is in the Organization's `default_environment`.",
    "use_case": "What the request is for.",
    "stage": "How far the use case has come, from its UseCase: experiment, production or retired.",
    "audience": "Who sees what comes of it, from its UseCase: customer or internal.",
    "task": "The task or the agent's run that the request belongs to.",
    "provider": "Who serves and bills the model: `anthropic`, `bedrock`, `azure`, ...",
    "model": "The model, on its canonical id; `group:NAME` is a group of a ModelCatalog.",
    "operation": "chat, responses, embeddings, image, speech, transcription, rerank, realtime or batch.",
}
"""Attributes of a request that rules can select by, with their descriptions; ``tags.<name>`` comes beside them."""

TAG_PATTERN = r"^tags\.[A-Za-z0-9_.-]{1,64}$"
_ANY_ATTRIBUTE = "^(" + "|".join(ATTRIBUTES) + r"|tags\.[A-Za-z0-9_.-]{1,64})$"
_PATTERNS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": 256},
        {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 256}},
    ]
}
_EXAMPLES = {
    "department": ["marketing", ["marketing", "sales-*"]],
    "team": ["growth"],
    "user": ["mia@acme.example"],
    "kind": ["contractor"],
    "project": ["spring"],
    "environment": ["prod"],
    "use_case": ["support-triage"],
    "stage": ["experiment"],
    "audience": ["customer"],
    "task": ["run-*"],
    "provider": ["bedrock"],
    "model": ["anthropic/claude-opus-*", "group:premium"],
    "operation": ["batch"],
}

Attribute = Annotated[
    str,
    Meta(
        pattern=_ANY_ATTRIBUTE,
        extra_json_schema={"x-form": "an attribute: " + ", ".join(ATTRIBUTES) + " or tags.<name>"},
    ),
]
Selector = Annotated[
    dict[Attribute, Patterns],
    Meta(
        extra_json_schema={
            "properties": {
                name: {"description": text, "examples": _EXAMPLES[name], **_PATTERNS_SCHEMA}
                for name, text in ATTRIBUTES.items()
            },
            "patternProperties": {
                TAG_PATTERN: {"description": "A tag of the request.", "examples": ["c-17"], **_PATTERNS_SCHEMA}
            },
        }
    ),
]


class Shape(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """Root of all shapes: plain data as written, every field known, nothing converted."""
