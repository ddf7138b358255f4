"""ModelAllowlist and ContextLimit documents to core values."""

from msgspec import UnsetType

from governor.compiler.build.header import Models, build_header
from governor.compiler.build.named_models import named_models
from governor.compiler.build.reader import Reader
from governor.compiler.quantities import parse_tokens
from governor.compiler.shapes.limits import ContextLimitShape, ModelAllowlistShape
from governor.core.policy.kinds import ContextLimit, ModelAllowlist, WhenOver


def build_allowlist(shape: ModelAllowlistShape, reader: Reader, models: Models) -> ModelAllowlist:
    """Build an allowlist: groups expanded, ids canonical; absent, ``[]`` and ``["*"]`` stay different."""
    header = build_header("ModelAllowlist", shape, reader, models)
    allow = None if isinstance(shape.allow, UnsetType) else models.expand(shape.allow, reader, ("allow",))
    only = None if isinstance(shape.only, UnsetType) else models.expand(shape.only, reader, ("only",))
    deny = models.expand(shape.deny, reader, ("deny",))
    if allow is None and only is None and not deny:
        reader.add("missing-field", "an allowlist needs `allow`, `deny` or `only`", hint="write allow: [group:economy]")
    return ModelAllowlist(header, allow, deny, only, named_models(shape.fallback, reader, models, ("fallback",)))


def build_context_limit(shape: ContextLimitShape, reader: Reader, models: Models) -> ContextLimit:
    """Build a context limit; at least one of its numbers must be there."""
    limits = {
        name: reader.maybe(parse_tokens, getattr(shape, name), (name,))
        for name in ("max_input", "max_output", "max_total")
    }
    unset = all(isinstance(getattr(shape, name), UnsetType) for name in limits)
    if unset:
        hint = "write max_output: 4k tokens"
        reader.add("missing-field", "a context limit needs `max_input`, `max_output` or `max_total`", hint=hint)
    header = build_header("ContextLimit", shape, reader, models)
    when_over, downgrade_to = WhenOver.DOWNGRADE, tuple[str, ...]()
    if isinstance(shape.when_over, str):
        when_over = WhenOver(shape.when_over)
    else:
        downgrade_to = named_models(shape.when_over.downgrade.to, reader, models, ("when_over", "downgrade", "to"))
    return ContextLimit(
        header,
        limits["max_input"],
        limits["max_output"],
        limits["max_total"],
        when_over=when_over,
        downgrade_to=downgrade_to,
    )
