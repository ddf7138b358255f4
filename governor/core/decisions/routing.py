"""Which models serve a request whose model is left open, or replaced."""

from collections.abc import Callable, Sequence

from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.models import ResolvedModel
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import Routing

AUTO = "auto"
"""The model name by which a caller leaves the choice to a Routing."""


_ABOUT_THE_MODEL = frozenset(
    {
        ReasonCode.UNKNOWN_MODEL,
        ReasonCode.MODEL_NOT_ALLOWED,
        ReasonCode.MODEL_DENIED,
        ReasonCode.MODEL_NOT_IN_ONLY,
    }
)


def is_open(asked: str) -> bool:
    """Tell whether a model name leaves the choice open."""
    return asked.strip().lower() == AUTO


def choose_routing(routings: Sequence[Routing], asked: str, *, enforced: bool = True) -> Routing | None:
    """Return the routing that serves a request, or None; with ``enforced=False`` the one that would serve it.

    The one that says most about whom it is for comes first, then the first by name: so a routing for a use case beats
    one for everybody.
    """
    serving = [
        routing
        for routing in routings
        if (routing.header.enforcement is Enforcement.ENFORCE) == enforced and (routing.replace or is_open(asked))
    ]
    return min(serving, key=_rank, default=None)


def models_of(routing: Routing, resolve: Callable[[str, str], ResolvedModel]) -> tuple[str, ...]:
    """Return the models of a routing that are large and able enough, in the order in which they are listed.

    A model whose window or capabilities nobody has stated does not meet a requirement on them.
    """
    return tuple(name for name in routing.among if _is_able(routing, resolve(name, "")))


def would_choose(routings: Sequence[Routing], asked: str) -> tuple[Reason, ...]:
    """Point out what a routing that does not bind would do."""
    tried = choose_routing(routings, asked, enforced=False)
    if tried is None:
        return ()
    header = tried.header
    message = f"{header.name} would choose among {len(tried.among)} models for this request"
    return (Reason(ReasonCode.MODEL_ROUTED, message, header.ref, str(header.source)),)


def no_routing(routing: Routing | None) -> Reason:
    """Say why there is no model to choose: no routing serves the request, or none of its models is able."""
    if routing is None:
        message = "no Routing concerns this request, so there is no model to choose; name one"
        return Reason(ReasonCode.NO_ROUTING, message)
    header = routing.header
    message = f"no model of {header.name} is large and able enough for what it requires"
    return Reason(ReasonCode.NO_ROUTING, message, header.ref, str(header.source))


def without_model(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Leave out what is wrong with a model called ``auto``: there is none, and one reason says so."""
    return tuple(reason for reason in reasons if reason.code not in _ABOUT_THE_MODEL)


def has_no_model(asked: str, reasons: Sequence[Reason]) -> bool:
    """Tell whether the choice was left open and there is nothing to choose: then nothing has a price either."""
    return is_open(asked) and any(reason.code is ReasonCode.NO_ROUTING for reason in reasons)


def _is_able(routing: Routing, resolved: ResolvedModel) -> bool:
    model = resolved.model
    if routing.context_window is not None and (model.context_window or 0) < routing.context_window:
        return False
    return routing.capabilities <= model.capabilities


def _rank(routing: Routing) -> tuple[int, str]:
    return -len(routing.header.applies_to.terms), routing.header.name
