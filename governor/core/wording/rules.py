"""Allowlists, context limits, routings and use cases in words."""

from collections.abc import Iterator, Sequence

from governor.core.policy.kinds import ContextLimit, ModelAllowlist, Prefer, Routing, WhenOver
from governor.core.policy.use_case import UseCase
from governor.core.units import Unit, amount_words
from governor.core.wording.envelope import about, envelope_statements
from governor.core.wording.phrases import listed, tokens_words
from governor.core.wording.statements import Statement


def allowlist_statements(allowlist: ModelAllowlist, time_zone: str) -> Iterator[Statement]:
    """Yield everything that a ModelAllowlist says."""
    if allowlist.allow is not None:
        yield Statement("allow", "models that may be used", models_words(allowlist.allow))
    if allowlist.only is not None:
        yield Statement("only", "the only models that may be used", models_words(allowlist.only))
    if allowlist.deny:
        yield Statement("deny", "models that nobody may use", models_words(allowlist.deny))
    if allowlist.fallback:
        yield Statement("fallback", "offered instead of a refused model", listed(allowlist.fallback, "or"))
    yield from envelope_statements(allowlist.header, time_zone)


def models_words(patterns: Sequence[str]) -> str:
    """List models: ``"none"``, ``"all"``, or their names."""
    if tuple(patterns) == ("*",):
        return "all"
    return listed(patterns) if patterns else "none"


def context_statements(limit: ContextLimit, time_zone: str) -> Iterator[Statement]:
    """Yield everything that a ContextLimit says."""
    bounds = {
        "max_input": ("most input of a request", limit.max_input),
        "max_output": ("longest answer", limit.max_output),
        "max_total": ("most input and answer together", limit.max_total),
    }
    for key, (subject, tokens) in bounds.items():
        if tokens is not None:
            yield Statement(key, subject, tokens_words(tokens))
    yield Statement("when_over", "what is larger", over_words(limit))
    yield from envelope_statements(limit.header, time_zone)


def over_words(limit: ContextLimit) -> str:
    """Say what happens to what is too large."""
    match limit.when_over:
        case WhenOver.DENY:
            return "is refused"
        case WhenOver.CLAMP:
            return "gets a shorter answer; a larger input is refused"
        case WhenOver.DOWNGRADE:
            return f"is offered {listed(limit.downgrade_to, 'or')}"


def routing_statements(routing: Routing, time_zone: str) -> Iterator[Statement]:
    """Yield everything that a Routing says."""
    which = "the cheapest" if routing.prefer is Prefer.CHEAPEST else "the first that may be used"
    yield Statement("among", "models to choose from", models_words(routing.among))
    yield Statement("prefer", "which of them", which)
    when = "every request" if routing.replace else "requests for the model `auto`"
    yield Statement("mode", "what it chooses for", when)
    if routing.context_window is not None:
        yield Statement("requires.context_window", "least context window", tokens_words(routing.context_window))
    if routing.capabilities:
        yield Statement(
            "requires.capabilities", "what a model must be able to do", listed(sorted(routing.capabilities))
        )
    yield from envelope_statements(routing.header, time_zone)


def use_case_statements(use_case: UseCase) -> Iterator[Statement]:
    """Yield everything that a UseCase says."""
    yield Statement("stage", "stage", str(use_case.stage))
    yield Statement("audience", "audience", str(use_case.audience))
    if use_case.outcome:
        yield Statement("outcome", "outcome", use_case.outcome, decides=False)
    for key, subject, amount in (
        ("outcome_worth", "what one outcome is worth", use_case.outcome_worth_nano_usd),
        ("expected_cost", "what one outcome should cost", use_case.expected_cost_nano_usd),
    ):
        if amount is not None:
            yield Statement(key, subject, amount_words(amount, Unit.USD), decides=False)
    if use_case.cost_centre:
        yield Statement("cost_centre", "cost centre", use_case.cost_centre, decides=False)
    yield from about(use_case.header)
