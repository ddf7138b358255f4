"""Whom a rule concerns, in words."""

from collections.abc import Sequence

from governor.core.policy.header import Header, Selector
from governor.core.wording.phrases import capitalised, listed, possessive

NOUNS = {
    "user": "person",
    "use_case": "use case",
}
"""What people call the attributes whose own names are no words."""

_SCOPES = frozenset({"department", "team", "user", "project", "use_case"})
_NAMED_BY_ITSELF = frozenset({"department", "user"})
"""Attributes whose values say what they are: marketing, mia@acme.example."""


def noun(attribute: str) -> str:
    """Return what people call an attribute: ``tags.customer`` is ``"customer"``."""
    return NOUNS.get(attribute, attribute.removeprefix("tags.").replace("_", " "))


def selector_words(selector: Selector) -> str:
    """Say whom a selector takes: ``"everyone"``, ``"department marketing or sales-*, stage production"``."""
    if not selector.terms:
        return "everyone"
    return ", ".join(_term_words(key, patterns) for key, patterns in selector.terms)


def concern_words(header: Header) -> str:
    """Say whom a policy concerns, with those whom it takes out."""
    words = selector_words(header.applies_to)
    if header.excluded is not None:
        words += f", except {selector_words(header.excluded)}"
    if header.if_missing_applies:
        words += ", and whoever does not say"
    return words


def scope_words(per: Sequence[str]) -> str:
    """Say how many budgets a quota has."""
    if not per:
        return "one, shared by all whom it concerns"
    return f"one for each {' and '.join(noun(key) for key in per)}"


def limit_subject(selector: Selector, per: Sequence[str], noun_words: str) -> str:
    """Say whose limit it is: ``"Marketing's monthly limit"``, ``"Monthly limit of each team (department sales)"``.

    Args:
        selector: Whom it concerns.
        per: What makes a budget of its own.
        noun_words: ``monthly limit``.
    """
    terms = [(key, patterns) for key, patterns in selector.terms if tuple(patterns) != ("*",)]
    if not terms:
        return f"{_each(per)} {noun_words}" if per else f"Everybody's shared {noun_words}"
    if len(terms) == 1 and not set(per) - {terms[0][0]}:
        [(key, patterns)] = terms
        if key in _SCOPES and not any("*" in pattern for pattern in patterns):
            who = listed(patterns) if key in _NAMED_BY_ITSELF else f"{noun(key)} {listed(patterns)}"
            return f"{possessive(capitalised(who))} {noun_words}"
    of_each = f" of each {' and '.join(noun(key) for key in per)}" if per else ""
    return f"{capitalised(noun_words)}{of_each} ({selector_words(selector)})"


def _each(per: Sequence[str]) -> str:
    return "Each " + " and ".join(possessive(noun(key)) for key in per)


def _term_words(key: str, patterns: Sequence[str]) -> str:
    if tuple(patterns) == ("*",):
        return f"any {noun(key)}"
    return f"{noun(key)} {listed(patterns, 'or')}"
