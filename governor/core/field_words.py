"""What is wrong with the value of a setting, an option, a parameter or a field, in our own words."""

import re
from collections.abc import Mapping

_KINDS = {
    "int": "a whole number",
    "float": "a number with a fraction",
    "str": "text",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "datetime": "a time like 2026-11-20T09:00:00Z",
}
_KIND = re.compile(r"`(int|float|str|bool|object|array|null|datetime)(?: \| (null))?`")
_LENGTH = re.compile(r"\b(text|list|object) of length (<=|>=) (\d+)")
_OF = {"text": "characters", "list": "entries", "object": "entries"}


def in_plain_words(kind: str, message: str, bounds: Mapping[str, object]) -> str:
    """Reword what a validator says, so that every door refuses in the same sentences.

    Args:
        kind: The validator's name for the problem, like ``greater_than_equal``.
        message: Its own sentence, kept where it was ours to begin with.
        bounds: The numbers or words that the value was held against, by the validator's names.

    Returns:
        A predicate without full stop, to stand behind the name of what is wrong.
    """
    match kind:
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return "must be a whole number"
        case "greater_than_equal":
            return f"must be {bounds['ge']} or more"
        case "less_than_equal":
            return f"must be {bounds['le']} or less"
        case "literal_error":
            return "must be " + str(bounds["expected"]).removeprefix("'', ").replace("'", "`")
        case "string_too_long":
            return f"must have at most {bounds['max_length']} characters"
        case "string_too_short" | "too_short":
            return "must not be empty"
        case "missing":
            return "is required"
    sentence = message.removeprefix("Value error, ").rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def decoded_in_plain_words(sentence: str) -> str:
    """Reword what a decoder of JSON says: without the names of Python types, and beginning with a small letter."""

    def kind(match: re.Match[str]) -> str:
        return _KINDS[match[1]] + (" or null" if match[2] else "")

    def length(match: re.Match[str]) -> str:
        what, bound, size = match.groups()
        if bound == ">=":
            return f"{what} that is not empty" if size == "1" else f"{what} of at least {size} {_OF[what]}"
        return f"{what} of at most {size} {_OF[what]}"

    sentence = sentence.replace(
        "`datetime` with a timezone component", "a time with its offset, like 2026-11-20T09:00:00Z"
    )
    text = _LENGTH.sub(length, _KIND.sub(kind, sentence))
    text = text.replace("Object missing required field", "missing the required field")
    text = text.replace("Object contains unknown field", "unknown field")
    text = text.replace("Invalid RFC3339 encoded datetime", "not a time like 2026-11-20T09:00:00Z")
    return text[0].lower() + text[1:]
