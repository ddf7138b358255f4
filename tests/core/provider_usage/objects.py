"""Made-up usage objects: the fields that providers use, with anything in them."""

from hypothesis import strategies as st

from governor.core.provider_usage.providers import PROVIDERS

PROVIDER_NAMES = [*(provider.name for provider in PROVIDERS), "somebody"]

_SHAPES = [shape for provider in PROVIDERS for shape in provider.shapes]
_PATHS = {
    *(name for shape in _SHAPES for count in shape.counts for name in count.names),
    *(fact.name for shape in _SHAPES for fact in shape.facts),
    *(name for shape in _SHAPES for name in shape.totals),
}
_IN_LISTS = {"iterations", "type", "model", "cacheDetails", "ttl", "promptTokensDetails", "modality", "tokenCount"}
_COSTS = {"cost", "cost_in_usd_ticks"}
_WORDS = ["message", "advisor_message", "fallback_message", "compaction", "AUDIO", "1h", "claude-opus-4"]

_KEYS = st.sampled_from(sorted({step for path in _PATHS for step in path.split(".")} | _IN_LISTS | _COSTS))
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 200)
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(_WORDS)
    | st.text(max_size=5)
)

ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)
OBJECTS = st.dictionaries(_KEYS | st.text(max_size=5), ANYTHING, max_size=8)
