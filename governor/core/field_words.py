"""What is wrong with the value of a setting, an option or a parameter, in our own words."""

from collections.abc import Mapping


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
