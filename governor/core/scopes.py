"""A scope says whose budget it is: the values of the quota's ``per`` attributes, in their order."""

Scope = tuple[tuple[str, str], ...]
"""Pairs of attribute and value, e.g. ``(("department", "marketing"),)``; empty for one shared budget."""

NONE_VALUE = "(none)"
"""The value of a ``per`` attribute that the request lacks: one shared budget, so that omission mints nothing."""

UNKNOWN_USER = "(unknown)"
"""The ``user`` of everybody the Organization does not list: invented names mint no budgets."""


def scope_text(scope: Scope) -> str:
    """Render a scope for people: ``"marketing"``, ``"marketing, dev"``, or ``"everyone"`` for the shared budget."""
    return ", ".join(value for _, value in scope) if scope else "everyone"
