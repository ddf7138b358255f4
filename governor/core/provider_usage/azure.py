"""Azure: OpenAI's forms, and Anthropic's for the Claude models that it serves."""

from governor.core.provider_usage.anthropic import MESSAGES
from governor.core.provider_usage.bedrock import OPENAI_RESPONSES
from governor.core.provider_usage.openai import CHAT, DURATION, EMBEDDINGS
from governor.core.provider_usage.shape import Provider

AZURE = Provider("azure", "Azure", (CHAT, EMBEDDINGS, OPENAI_RESPONSES, MESSAGES, DURATION))
