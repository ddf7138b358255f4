"""Whether a policy concerns a request."""

from collections.abc import Mapping

from governor.core.globs import matches_any
from governor.core.policy.header import Header, Selector

Attributes = Mapping[str, str]
"""The resolved attributes of a request by ``applies_to`` key; a key that the request lacks is absent."""


def selects(selector: Selector, attributes: Attributes, *, if_missing: bool = False) -> bool:
    """Tell whether every term of a selector matches; a missing attribute matches only if ``if_missing``."""
    for key, patterns in selector.terms:
        value = attributes.get(key)
        if value is None:
            if not if_missing:
                return False
        elif not matches_any(patterns, value):
            return False
    return True


def concerns(header: Header, attributes: Attributes) -> bool:
    """Tell whether ``applies_to`` selects the request and ``except`` does not take it out again.

    ``if_missing`` is about whom a rule reaches, so it never makes an ``except`` match.
    """
    if not selects(header.applies_to, attributes, if_missing=header.if_missing_applies):
        return False
    return header.excluded is None or not selects(header.excluded, attributes)
