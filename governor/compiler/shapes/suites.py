"""The TestSuite as it is written: requests, what is given, and what is expected."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.fields import Amount, Money, Name, Shape, Text, Tokens

Instant = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)$",
        extra_json_schema={"x-form": "an instant like 2026-11-20T09:00:00Z"},
    ),
]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class UsedShape(Shape, kw_only=True):
    """What a budget has used and holds before the request."""

    quota: Annotated[
        str, Meta(description="The quota, with or without `Quota/`.", examples=["marketing-monthly-spend"])
    ]
    used: Annotated[Amount, Meta(description="What is used, in the quota's unit.", examples=["19.99k USD"])]
    held: Annotated[
        Amount | UnsetType, Meta(description="What open holds take beside it; absent: nothing.", examples=["8 USD"])
    ] = UNSET
    scope: Annotated[
        dict[str, str] | UnsetType,
        Meta(
            description="Whose budget, by the quota's `per`; absent: the one that the request draws on.",
            examples=[{"department": "marketing"}],
        ),
    ] = UNSET
    at: Annotated[
        Instant | UnsetType,
        Meta(
            description="An instant of the period that is meant; absent: the present one.",
            examples=["2026-10-20T09:00:00Z"],
        ),
    ] = UNSET


class GrantShape(Shape, kw_only=True):
    """An approved exception that stands before the request; its kind follows from what it lifts."""

    for_: Annotated[
        dict[Literal["user", "team", "project", "use_case"], str],
        Meta(description="Exactly whom it is for.", examples=[{"team": "growth"}]),
    ] = field(name="for")
    lifts: Annotated[
        list[str],
        Meta(
            description="The policies that it lifts: quotas, or allowlists, or context limits.",
            examples=[["Quota/marketing-monthly-spend"]],
            min_length=1,
        ),
    ]
    amount: Annotated[Money, Meta(description="What it may spend in all.", examples=["500 USD"])]
    used: Annotated[
        Money | UnsetType, Meta(description="What it has paid already; absent: nothing.", examples=["480 USD"])
    ] = UNSET
    from_: Annotated[
        Instant | UnsetType,
        Meta(description="First instant at which it acts; absent: long ago.", examples=["2026-11-20T00:00:00Z"]),
    ] = field(default=UNSET, name="from")
    until: Annotated[
        Instant, Meta(description="First instant at which it acts no more.", examples=["2026-11-27T00:00:00Z"])
    ]
    models: Annotated[
        list[str], Meta(description="The models that it gives, where it lifts allowlists.", examples=[["gpt-4o"]])
    ] = field(default_factory=list)
    max_input: Annotated[
        Tokens | UnsetType,
        Meta(description="The input that it gives, where it lifts context limits.", examples=["150k tokens"]),
    ] = UNSET
    max_output: Annotated[
        Tokens | UnsetType, Meta(description="The output that it gives, likewise.", examples=["16k tokens"])
    ] = UNSET
    max_total: Annotated[
        Tokens | UnsetType, Meta(description="Input and output together, likewise.", examples=["160k tokens"])
    ] = UNSET
    amounts: Annotated[
        dict[str, Amount],
        Meta(
            description="How much of each quota that counts no money, in its own unit, beside the money.",
            examples=[{"Quota/marketing-daily-tokens": "1M tokens"}],
        ),
    ] = field(default_factory=dict)


class GivenShape(Shape, kw_only=True):
    """What is so before the request."""

    now: Annotated[
        Instant | UnsetType,
        Meta(
            description="The instant of the request: it fixes periods, prices and effective dates. A suite needs one.",
            examples=["2026-11-20T09:00:00Z"],
        ),
    ] = UNSET
    used: Annotated[
        list[UsedShape],
        Meta(
            description="Balances; budgets that are not listed are empty.",
            examples=[[{"quota": "marketing-monthly-spend", "used": "19.99k USD"}]],
        ),
    ] = field(default_factory=list)
    grants: Annotated[
        list[GrantShape],
        Meta(
            description="Approved exceptions; where several could be drawn on, the one that ends first is.",
            examples=[
                [
                    {
                        "for": {"team": "growth"},
                        "lifts": ["Quota/marketing-monthly-spend"],
                        "amount": "500 USD",
                        "until": "2026-11-27T00:00:00Z",
                    }
                ]
            ],
        ),
    ] = field(default_factory=list)


class RequestShape(Shape, kw_only=True):
    """A request as `POST /decide` takes it; who asks stands beside what is asked."""

    user: Annotated[str, Meta(description="Who asks.", examples=["mia@acme.example"])] = ""
    service_account: Annotated[str, Meta(description="Which machine asks.", examples=["triage-bot"])] = ""
    team: Annotated[str, Meta(description="The team that is claimed.", examples=["growth"])] = ""
    department: Annotated[str, Meta(description="The department that is claimed.", examples=["marketing"])] = ""
    project: Annotated[str, Meta(description="The project.", examples=["spring"])] = ""
    environment: Annotated[str, Meta(description="The environment; absent: the default one.", examples=["dev"])] = ""
    task: Annotated[str, Meta(description="The task or the agent's run.", examples=["run-812"])] = ""
    use_case: Annotated[str, Meta(description="What it is for.", examples=["support-triage"])] = ""
    asserted_by: Annotated[
        Literal["gateway", "client"],
        Meta(description="Who vouches for the claims; budgets ignore those of a client.", examples=["client"]),
    ] = "gateway"
    model: Annotated[str, Meta(description="The model, by any of its names.", examples=["gpt-4o"], min_length=1)]
    provider: Annotated[str, Meta(description="Who serves it.", examples=["bedrock"])] = ""
    operation: Annotated[
        Literal[
            "chat",
            "responses",
            "embeddings",
            "image",
            "speech",
            "transcription",
            "rerank",
            "realtime",
            "batch",
        ],
        Meta(description="The kind of request.", examples=["chat"]),
    ] = "chat"
    input_tokens: Annotated[
        Count | UnsetType, Meta(description="Counted input; absent: estimated.", examples=[900_000])
    ] = UNSET
    input_bytes: Annotated[
        Count | UnsetType, Meta(description="Size of the input, for the estimate.", examples=[3000])
    ] = UNSET
    max_output_tokens: Annotated[Count | UnsetType, Meta(description="Upper bound of one answer.", examples=[4000])] = (
        UNSET
    )
    n: Annotated[int, Meta(description="Number of answers.", examples=[1], ge=1)] = 1
    units: Annotated[
        dict[str, Count],
        Meta(description="Images, audio_seconds, characters, searches, pages.", examples=[{"images": 2}]),
    ] = field(default_factory=dict)
    requests: Annotated[Positive | UnsetType, Meta(description="Requests in a batch.", examples=[100])] = UNSET
    can: Annotated[
        list[Literal["substitute", "clamp"]],
        Meta(description="What the caller can do with an answer.", examples=[["substitute", "clamp"]]),
    ] = field(default_factory=list)
    tags: Annotated[dict[str, str], Meta(description="Free labels.", examples=[{"customer": "c-17"}])] = field(
        default_factory=dict
    )


class ExpectShape(Shape, kw_only=True):
    """What is expected of the answer. Only what is stated is compared, and something must be."""

    verdict: Annotated[Literal["allow", "deny"] | UnsetType, Meta(description="The verdict.", examples=["deny"])] = (
        UNSET
    )
    reason: Annotated[
        str | UnsetType,
        Meta(
            description="The code of one of the reasons or, where it is allowed, warnings.", examples=["quota_exceeded"]
        ),
    ] = UNSET
    policy: Annotated[
        str | UnsetType,
        Meta(
            description="The policy of that reason; without `reason`, a policy that took part.",
            examples=["Quota/marketing-monthly-spend"],
        ),
    ] = UNSET
    resets_at: Annotated[
        Instant | UnsetType,
        Meta(description="When that reason's budget opens again.", examples=["2026-11-30T23:00:00Z"]),
    ] = UNSET
    model: Annotated[
        str | UnsetType, Meta(description="The model that is given, canonical.", examples=["openai/gpt-4o-mini"])
    ] = UNSET
    substituted: Annotated[bool | UnsetType, Meta(description="Whether it is another one.", examples=[True])] = UNSET
    max_output_tokens: Annotated[Count | UnsetType, Meta(description="What may be sent on.", examples=[800])] = UNSET
    clamped: Annotated[bool | UnsetType, Meta(description="Whether the output was lowered.", examples=[True])] = UNSET
    cost_usd: Annotated[
        str | UnsetType, Meta(description="What is held, with nine decimals.", examples=["0.000750000"])
    ] = UNSET
    reasons: Annotated[
        list[str] | UnsetType,
        Meta(description="The codes of all reasons, in order.", examples=[["quota_exceeded"]]),
    ] = UNSET
    warnings: Annotated[
        list[str] | UnsetType,
        Meta(description="The codes of all warnings, in order; `[]` for none.", examples=[["soft_limit_exceeded"]]),
    ] = UNSET
    remedies: Annotated[
        list[str] | UnsetType, Meta(description="The types of all remedies, in order.", examples=[["wait_until"]])
    ] = UNSET
    mode: Annotated[
        Literal["enforced", "audited"] | UnsetType,
        Meta(description="audited: nothing enforced concerned it.", examples=["audited"]),
    ] = UNSET


class CaseShape(Shape, kw_only=True):
    """One request and what is expected of its answer."""

    name: Annotated[
        Text,
        Meta(
            description="What it shows, as a sentence.",
            examples=["an exhausted department is refused and told when it resets"],
        ),
    ]
    given: Annotated[
        GivenShape,
        Meta(description="What is so for this case alone; balances come beside the suite's.", examples=[{"used": []}]),
    ] = field(default_factory=GivenShape)
    request: Annotated[
        RequestShape, Meta(description="The request.", examples=[{"user": "mia@acme.example", "model": "gpt-4o"}])
    ]
    expect: Annotated[
        ExpectShape,
        Meta(description="What is expected.", examples=[{"verdict": "deny", "reason": "quota_exceeded"}]),
    ]


class TestSuiteShape(Shape, kw_only=True, tag_field="kind", tag="TestSuite"):
    """Cases that say what the policies of the folder are meant to do."""

    api_version: Annotated[
        Literal["governor/v1"] | UnsetType,
        Meta(description="The version of this language.", examples=["governor/v1"]),
    ] = field(default=UNSET, name="apiVersion")
    name: Annotated[Name, Meta(description="The suite's name, unique in the folder.", examples=["marketing"])]
    description: Annotated[
        Text | UnsetType, Meta(description="What it is about.", examples=["Marketing's budgets."])
    ] = UNSET
    given: Annotated[
        GivenShape,
        Meta(description="What is so in every case.", examples=[{"now": "2026-11-20T09:00:00Z"}]),
    ] = field(default_factory=GivenShape)
    cases: Annotated[
        list[CaseShape],
        Meta(
            description="The cases; a suite without one fails.",
            examples=[
                [
                    {
                        "name": "an exhausted department is refused",
                        "request": {"user": "mia@acme.example", "model": "gpt-4o"},
                        "expect": {"verdict": "deny"},
                    }
                ]
            ],
        ),
    ]
