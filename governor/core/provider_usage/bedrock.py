"""Amazon Bedrock: Converse and the invocation metrics keep the cache beside the input, in two spellings."""

from dataclasses import replace

from governor.core.provider_usage.anthropic import MESSAGES
from governor.core.provider_usage.draft import Draft, whole_number
from governor.core.provider_usage.openai import CHAT, RESPONSES
from governor.core.provider_usage.report import UnreadableUsageError
from governor.core.provider_usage.shape import Kind, Provider, Shape, beside, facts, whole

_CACHE = (
    beside("cacheReadInputTokens", "cacheReadInputTokenCount", whole_kind=Kind.INPUT, kind=Kind.CACHED),
    beside("cacheWriteInputTokens", "cacheWriteInputTokenCount", whole_kind=Kind.INPUT, kind=Kind.WRITE),
)
_INPUT_RULE = "Input is `inputTokens`, cache reads and cache writes together: none includes another."


def _finish(draft: Draft) -> None:
    """Tell one-hour from five-minute writes by ``cacheDetails``, a part of the writes.

    Raises:
        UnreadableUsageError: If there are more of them than writes.
    """
    hour = 0
    for number, item in enumerate(draft.items("cacheDetails")):
        path = f"cacheDetails[{number}]"
        tokens = whole_number(f"{path}.inputTokens", item.get("inputTokens")) or 0
        if item.get("ttl") == "1h":
            hour += tokens
        elif item.get("ttl") != "5m":
            draft.warnings.append(f"`{path}.ttl` is not one that we know; its writes count as five-minute ones")
        unknown = sorted(key for key in item.keys() - {"ttl", "inputTokens"} if item[key] is not None)
        draft.unknown_parts.extend(f"{path}.{key}" for key in unknown)
    writes = draft.of(Kind.WRITE)
    if hour > writes:
        raise UnreadableUsageError(
            f"`cacheDetails` has {hour} one-hour writes but `cacheWriteInputTokens`, which includes them, is {writes}"
        )
    if hour:
        draft.counts[Kind.WRITE] = writes - hour
        draft.counts[Kind.WRITE_1H] = hour


CONVERSE = Shape(
    name="converse",
    known_by=("inputTokens", "outputTokens"),
    counts=(whole("inputTokens", kind=Kind.INPUT), *_CACHE, whole("outputTokens", kind=Kind.OUTPUT)),
    totals=("totalTokens",),
    finish=_finish,
    rules=(_INPUT_RULE, "`cacheDetails` says which writes live an hour: a part of the writes."),
    sources=(
        "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html",
        "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CacheDetail.html",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html",
    ),
)

INVOCATION_METRICS = Shape(
    name="invocation metrics",
    known_by=("inputTokenCount", "outputTokenCount"),
    counts=(whole("inputTokenCount", kind=Kind.INPUT), *_CACHE, whole("outputTokenCount", kind=Kind.OUTPUT)),
    facts=facts("invocationLatency", "firstByteLatency"),
    rules=(_INPUT_RULE.replace("inputTokens", "inputTokenCount"),),
    sources=(
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html",
    ),
)

LLAMA = Shape(
    name="invoke llama",
    known_by=("prompt_token_count", "generation_token_count"),
    counts=(
        whole("prompt_token_count", kind=Kind.INPUT),
        whole("generation_token_count", kind=Kind.OUTPUT),
    ),
    sources=("https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html",),
)

_RESULT_FACTS = frozenset({"tokenCount", "outputText", "completionReason"})


def _results(draft: Draft) -> None:
    """Count what each result of an invoked Titan text model has written; a stream's last chunk has the total instead.

    Raises:
        UnreadableUsageError: If a result does not say.
    """
    for number, item in enumerate(draft.items("results")):
        path = f"results[{number}]"
        written = whole_number(f"{path}.tokenCount", item.get("tokenCount"))
        if written is None:
            raise UnreadableUsageError(f"`{path}.tokenCount` is missing; send the usage object of the whole answer")
        if "totalOutputTextTokenCount" not in draft.taken:
            draft.add(Kind.OUTPUT, written)
        unknown = sorted(key for key in item.keys() - _RESULT_FACTS if item[key] is not None)
        draft.unknown_parts.extend(f"{path}.{key}" for key in unknown)


TITAN_TEXT = Shape(
    name="invoke titan text",
    known_by=("results", "totalOutputTextTokenCount"),
    counts=(
        whole("inputTextTokenCount", kind=Kind.INPUT),
        whole("totalOutputTextTokenCount", kind=Kind.OUTPUT, required=False),
    ),
    facts=facts("index", "outputText", "completionReason", "amazon-bedrock-invocationMetrics"),
    finish=_results,
    rules=("Output is the `tokenCount` of each of the `results`; the last chunk of a stream has the total.",),
    sources=("https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html",),
)

TITAN_EMBEDDINGS = Shape(
    name="invoke titan embeddings",
    known_by=("inputTextTokenCount",),
    counts=(whole("inputTextTokenCount", kind=Kind.INPUT),),
    sources=("https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html",),
)

# Anthropic's objects have no total, OpenAI's always have.
OPENAI_RESPONSES = replace(RESPONSES, known_by=("input_tokens_details", "total_tokens"))

BEDROCK = Provider(
    "bedrock",
    "Amazon Bedrock",
    (CONVERSE, INVOCATION_METRICS, CHAT, OPENAI_RESPONSES, MESSAGES, LLAMA, TITAN_TEXT, TITAN_EMBEDDINGS),
)
