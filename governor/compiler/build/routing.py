"""Routing documents to core values."""

from governor.compiler.build.header import Models, build_header
from governor.compiler.build.named_models import named_models
from governor.compiler.build.reader import Reader
from governor.compiler.quantities import parse_tokens
from governor.compiler.shapes.routing import RoutingShape
from governor.core.policy.kinds import Prefer, Routing


def build_routing(shape: RoutingShape, reader: Reader, models: Models) -> Routing:
    """Build a routing: groups expanded, ids canonical, in the order in which they are listed."""
    return Routing(
        header=build_header("Routing", shape, reader, models),
        among=named_models(shape.among, reader, models, ("among",)),
        prefer=Prefer(shape.prefer),
        context_window=reader.maybe(parse_tokens, shape.requires.context_window, ("requires", "context_window")),
        capabilities=frozenset(shape.requires.capabilities),
        replace=shape.mode == "replace",
    )
