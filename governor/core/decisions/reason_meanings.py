"""What each reason code means, in one sentence: for the documentation, and for whoever explains a decision."""

from governor.core.decisions.decision import ReasonCode

MEANINGS: dict[ReasonCode, str] = {
    ReasonCode.BLOCKED: "Somebody stopped the user, service account, key, team, use case or model until a stated time.",
    ReasonCode.MODEL_DENIED: "An allowlist denies the model; a deny is final.",
    ReasonCode.MODEL_NOT_ALLOWED: "Allowlists concern the request, and none of them allows the model.",
    ReasonCode.MODEL_NOT_IN_ONLY: "An `only` list concerns the request and does not have the model.",
    ReasonCode.NO_ALLOWLIST_MATCHES: "No allowlist concerns the request, and the Organization denies what is unlisted.",
    ReasonCode.UNKNOWN_MODEL: "Neither the ModelCatalog nor the price catalogue knows the model.",
    ReasonCode.UNKNOWN_PRICE: "No price is known for the model, so that its cost cannot be held.",
    ReasonCode.UNKNOWN_USER: "The Organization does not list the user, and denies unknown ones.",
    ReasonCode.UNKNOWN_SERVICE_ACCOUNT: "The Organization does not list the service account.",
    ReasonCode.UNKNOWN_ENVIRONMENT: "The environment is not one of the Organization's.",
    ReasonCode.SUBJECT_NOT_ACTIVE: "The person or service account is not valid at this time.",
    ReasonCode.SUBJECT_MISMATCH: "A team, department, project or use case is claimed that is not the subject's.",
    ReasonCode.CLIENT_ASSERTED: "Only the gateway's client says who asks, and the Organization denies that.",
    ReasonCode.UNREGISTERED_USE_CASE: "No UseCase has the name that is given; the Organization says what follows.",
    ReasonCode.RETIRED_USE_CASE: "The UseCase is retired: refused where unregistered use is, else pointed out.",
    ReasonCode.INPUT_TOO_LARGE: "The input exceeds a context limit, or the model's own window.",
    ReasonCode.OUTPUT_TOO_LARGE: "More output is asked for than a context limit, or the model, allows.",
    ReasonCode.CONTEXT_TOO_LARGE: "Input and output together exceed a context limit, or the model's own window.",
    ReasonCode.BATCH_SIZE_UNKNOWN: "A batch must say how many requests and how many tokens it has in all.",
    ReasonCode.MODEL_ROUTED: "A Routing gives another model to such requests, or chose one where `auto` was asked for.",
    ReasonCode.NO_ROUTING: "`auto` was asked for, or a Routing replaces the model, and there is none to choose.",
    ReasonCode.OVERAGE: "A budget is beyond its limit, as its policy permits; only ever a warning.",
    ReasonCode.QUOTA_EXCEEDED: "A budget on the path has no room for what would be held.",
    ReasonCode.SOFT_LIMIT_EXCEEDED: "A soft limit is passed; only ever a warning.",
    ReasonCode.GRANTED: "An approved exception lifts the policy for this request; only ever a warning.",
    ReasonCode.GRANT_EXHAUSTED: "An approved exception would have helped, but has too little left; a warning.",
    ReasonCode.BATCH_DENIED: "Another request of an all-or-nothing batch was refused.",
    ReasonCode.EVALUATION_ERROR: "A rule applies but cannot be evaluated, so it fails closed; the message says why.",
    ReasonCode.LEDGER_UNAVAILABLE: "The ledger did not answer in time; quotas say whether such requests pass.",
}
"""``docs/reference/codes.md`` is this table, and a test keeps them equal."""
