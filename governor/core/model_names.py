"""How model names are written by callers: prefixes of providers and regions, dated and routing suffixes.

Text only: nothing here knows which models exist. ``read_name`` says which plainer names a name may stand for, most
literal first, and who serves it.
"""

import re
from dataclasses import dataclass

_PROVIDER_NAMES = {
    "anthropic": "anthropic",
    "azure": "azure azure_ai azure-ai azureai azure-openai azure_openai azure.ai.openai azure.ai.inference "
    "az.ai.openai az.ai.inference microsoft",
    "bedrock": "bedrock bedrock_converse aws aws.bedrock aws-bedrock aws_bedrock amazon amazon-bedrock amazon_bedrock",
    "deepseek": "deepseek deepseek-ai",
    "fireworks": "fireworks fireworks_ai fireworks-ai",
    "google": "google gemini gcp.gemini gcp.gen_ai google_ai_studio google-ai-studio",
    "mistral": "mistral mistralai mistral_ai mistral-ai",
    "moonshotai": "moonshotai moonshot moonshot_ai moonshot-ai",
    "openai": "openai open_ai",
    "together": "together together_ai together-ai togetherai",
    "vertex": "vertex vertex_ai vertexai vertex-ai gcp.vertex_ai google-vertex google_vertex",
    "xai": "xai x-ai x_ai",
    "zai": "zai z-ai z_ai z.ai",
}
_PROVIDERS = {alias: name for name, aliases in _PROVIDER_NAMES.items() for alias in aliases.split()}

# Who serves models of other makers: before a slash these name the provider, never the maker.
_HOSTS = {
    alias: _PROVIDERS.get(alias, alias)
    for alias in (
        # Amazon and Microsoft make models too: before a slash they are makers.
        *(name for name in _PROVIDER_NAMES["azure"].split() if name != "microsoft"),
        *(name for name in _PROVIDER_NAMES["bedrock"].split() if name != "amazon"),
        *_PROVIDER_NAMES["vertex"].split(),
        *_PROVIDER_NAMES["together"].split(),
        *_PROVIDER_NAMES["fireworks"].split(),
        "openrouter",
        "groq",
        "databricks",
        "cerebras",
        "huggingface",
        "gemini",
    )
}
_MAKERS = {
    "x-ai": "xai",
    "x_ai": "xai",
    "mistralai": "mistral",
    "mistral_ai": "mistral",
    "meta-llama": "meta",
    "deepseek-ai": "deepseek",
    "moonshot": "moonshotai",
    "z-ai": "zai",
    "gemini": "google",
}
# Whose model a bare name is, so that `deny: [openai/gpt-4.5-*]` also stops a model that no catalogue lists.
_FAMILIES = (
    (re.compile(r"claude\b"), "anthropic"),
    (re.compile(r"(gpt|chatgpt|o[1-9]|text-embedding|davinci|dall-e|whisper|codex)(-|$)"), "openai"),
    (re.compile(r"(gemini|gemma|imagen|veo)(-|$)"), "google"),
    (re.compile(r"grok\b"), "xai"),
    (re.compile(r"(mistral|mixtral|codestral|magistral|ministral|pixtral|devstral)\b"), "mistral"),
    (re.compile(r"(command|embed-english|embed-multilingual)(-|$)"), "cohere"),
    (re.compile(r"deepseek\b"), "deepseek"),
    (re.compile(r"llama"), "meta"),
    (re.compile(r"kimi\b"), "moonshotai"),
    (re.compile(r"(nova|titan)-"), "amazon"),
)

_BEDROCK_REGION = re.compile(r"(us-gov|us|eu|apac|ap|au|jp|ca|sa|me|global|regional)\.(?=[a-z0-9]+\.)")
_BEDROCK_MAKER = re.compile(
    r"(ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshotai|nvidia|openai|qwen|stability"
    r"|twelvelabs|writer|zai)\.(?=[a-z])"
)
_CLOUD_REGION = re.compile(r"[a-z]{2}(-gov)?-[a-z]+-[0-9]/|(us|eu|global)/|(converse|invoke)/")
_RESOURCE = re.compile(r"arn:aws[a-z-]*:bedrock:[^/]*/|(projects/[^/]+/locations/[^/]+/)?publishers/(?=[^/]+/models/)")

# Taken off the end, one after the other: a routing word or preset, a Bedrock version, a date or "latest".
_ROUTING = re.compile(r"(@[^@]*|:[a-z][a-z0-9-]*)$")
_VERSION = re.compile(r"-v[0-9]+(:[0-9]+)?(:[0-9]+k)?$")
_DATED = re.compile(r"(-20[0-9]{6}|-20[0-9]{2}-[0-9]{2}-[0-9]{2}|-latest)$")
_NAME_MAX = 256
_PREFIXES_MAX = 6
"""Nobody stacks more prefixes in earnest; each costs look-ups, and callers choose the names."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """What a name says by itself.

    Attributes:
        candidates: Names that it may stand for, in lower case, as written first and plainest last.
        provider: Who serves it, in short (``bedrock``), or ``""`` if the name does not say.
        clean: What to call it if nothing knows it: without provider, region and routing suffix.
    """

    candidates: tuple[str, ...]
    provider: str
    clean: str


def provider_name(text: str) -> str:
    """Return the short name of a provider: ``vertex_ai`` is ``vertex``; a name that we do not know is only cleaned."""
    name = text.strip().lower()
    return _PROVIDERS.get(name, name)


def read_name(asked: str) -> ModelName:
    """Take a model name apart; never raises, at worst the name stands only for itself."""
    name = asked.strip().lower()[:_NAME_MAX].strip("/ ")
    names, provider = _without_prefixes(name)
    clean = _with_maker(_without_routing(names[-1]))
    names += [known for known in map(_with_maker, names) if known not in names]
    for plainer in names[:]:
        names += _without_suffixes(plainer)
    return ModelName(tuple(dict.fromkeys(names)), provider, clean)


def bare_name(model_id: str) -> str:
    """Return a model id without its maker: ``claude-sonnet-4`` of ``anthropic/claude-sonnet-4``."""
    return model_id.rpartition("/")[2]


def undated(name: str) -> str:
    """Return a name without version and dated suffix: ``claude-sonnet-4`` of ``claude-sonnet-4-20250514-v1:0``."""
    return _DATED.sub("", _VERSION.sub("", name))


def _without_prefixes(name: str) -> tuple[list[str], str]:
    """Peel what stands before a model's own name; return every stage, and the first provider met."""
    names, provider = [name], ""
    while len(names) <= _PREFIXES_MAX and (peeled := _peel(names[-1])) is not None:
        rest, served_by = peeled
        provider = provider or served_by
        names.append(rest)
    return names, provider


def _peel(name: str) -> tuple[str, str] | None:
    """Take one prefix off; the text after it is never empty."""
    if resource := _RESOURCE.match(name):
        rest = name[resource.end() :]
        if name.startswith("arn:"):
            return (rest, "bedrock") if rest else None
        return rest.replace("/models/", "/", 1), "vertex"
    if region := _BEDROCK_REGION.match(name):
        return name[region.end() :], "bedrock"
    if maker := _BEDROCK_MAKER.match(name):
        return f"{maker[1]}/{name[maker.end() :]}", "bedrock"
    if name.startswith("accounts/fireworks/models/") and len(name) > 26:
        return name[26:], "fireworks"
    head, _, rest = name.partition("/")
    if not rest.strip("/"):
        return None
    if head in {"models", "litellm"}:
        return rest, ""
    if head in _HOSTS:
        return _CLOUD_REGION.sub("", rest, count=1) if _CLOUD_REGION.match(rest) else rest, _HOSTS[head]
    return None


def _with_maker(name: str) -> str:
    """Give a name its maker's usual spelling, and a bare name of a well-known family its maker."""
    head, slash, rest = name.partition("/")
    if slash:
        return f"{_MAKERS.get(head, head)}/{rest}"
    return next((f"{maker}/{name}" for family, maker in _FAMILIES if family.match(name)), name)


def _without_routing(name: str) -> str:
    # A fine-tuned model ("ft:gpt-4o:acme::a1") is another model with another price: it keeps its whole name.
    if name.startswith("ft:") or "/ft:" in name:
        return name
    while plainer := _ROUTING.sub("", name):
        if plainer == name:
            break
        name = plainer
    return name


def _without_suffixes(name: str) -> list[str]:
    """Return the name without its suffixes, one stage after the other."""
    if name.startswith("ft:") or "/ft:" in name:
        return []
    stages = [_without_routing(name)]
    stages.append(_VERSION.sub("", stages[-1]))
    stages.append(_DATED.sub("", stages[-1]))
    return [stage for stage in stages if stage and stage != name]
