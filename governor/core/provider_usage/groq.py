"""Groq: OpenAI's form, with times."""

from dataclasses import replace

from governor.core.provider_usage.openai import CHAT, RESPONSES
from governor.core.provider_usage.shape import Provider, facts

GROQ = Provider(
    "groq",
    "Groq",
    (
        replace(
            CHAT,
            facts=facts("queue_time", "prompt_time", "completion_time", "total_time"),
            sources=(
                "https://console.groq.com/docs/prompt-caching",
                "https://github.com/groq/groq-typescript/blob/main/src/resources/completions.ts",
            ),
        ),
        replace(RESPONSES, sources=("https://console.groq.com/docs/responses-api",)),
    ),
)
