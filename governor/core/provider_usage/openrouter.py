"""OpenRouter: every maker's model in OpenAI's form, with what OpenRouter charged."""

from dataclasses import replace

from governor.core.provider_usage.draft import Draft
from governor.core.provider_usage.openai import CHAT, EMBEDDINGS, RESPONSES
from governor.core.provider_usage.shape import Count, Fact, Provider, facts

_UPSTREAM = "cost_details.upstream_inference_cost"
_RULES = (
    (
        "`cost` is what OpenRouter charged, in credits of a dollar; with a key of one's own (`is_byok`) the maker's "
        "bill, `cost_details.upstream_inference_cost`, comes on top. Both together are given back as "
        "`reported_cost_usd`."
    ),
)
_SOURCES = (
    "https://openrouter.ai/docs/use-cases/usage-accounting",
    "https://openrouter.ai/docs/client-sdks/typescript/models/batchobjectusage",
)
_FACTS = (
    Fact("service_tier", frozenset({"standard", "default", "auto"})),
    *facts("is_byok", "cost_details"),
)
_SEARCHES = Count(("server_tool_use.web_search_requests",), apart=True)


def _finish(draft: Draft) -> None:
    cost = draft.money("cost")
    if cost is not None and draft.raw("is_byok") is True:
        cost += draft.money(_UPSTREAM) or 0
    draft.reported_cost_nano_usd = cost


OPENROUTER = Provider(
    "openrouter",
    "OpenRouter",
    (
        replace(CHAT, counts=(*CHAT.counts, _SEARCHES), facts=_FACTS, finish=_finish, rules=_RULES, sources=_SOURCES),
        replace(
            RESPONSES,
            counts=(*RESPONSES.counts, _SEARCHES),
            facts=_FACTS,
            finish=_finish,
            rules=_RULES,
            sources=_SOURCES,
        ),
        replace(EMBEDDINGS, facts=_FACTS, finish=_finish, rules=_RULES, sources=_SOURCES),
    ),
)
