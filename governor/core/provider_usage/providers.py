"""All providers whose usage objects we know, by name."""

from governor.core.model_names import provider_name
from governor.core.provider_usage.anthropic import ANTHROPIC
from governor.core.provider_usage.azure import AZURE
from governor.core.provider_usage.bedrock import BEDROCK
from governor.core.provider_usage.cohere import COHERE
from governor.core.provider_usage.compatible import COMPATIBLE
from governor.core.provider_usage.deepseek import DEEPSEEK
from governor.core.provider_usage.google import GOOGLE, VERTEX
from governor.core.provider_usage.groq import GROQ
from governor.core.provider_usage.litellm import LITELLM
from governor.core.provider_usage.mistral import MISTRAL
from governor.core.provider_usage.openai import OPENAI
from governor.core.provider_usage.openrouter import OPENROUTER
from governor.core.provider_usage.shape import Provider
from governor.core.provider_usage.xai import XAI

PROVIDERS = (
    OPENAI,
    ANTHROPIC,
    AZURE,
    GOOGLE,
    VERTEX,
    BEDROCK,
    XAI,
    DEEPSEEK,
    MISTRAL,
    COHERE,
    GROQ,
    OPENROUTER,
    LITELLM,
    COMPATIBLE,
)

_BY_NAME = {provider.name: provider for provider in PROVIDERS}


def find_provider(name: str) -> Provider:
    """Return a provider by any usual spelling of its name; one that we do not know is OpenAI-compatible."""
    return _BY_NAME.get(provider_name(name), COMPATIBLE)
